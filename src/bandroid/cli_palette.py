"""The command line of latent spaces: reconstruct, vary, interpolate, chain. What they need is imported inside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bandroid.commands.options import (
    Audio,
    Bits,
    Force,
    Gain,
    Json,
    Loop,
    Mono,
    NoScore,
    Out,
    Reverb,
    Seed,
    SoundFont,
    Spectrogram,
    Stems,
    Temperature,
    Variations,
    complete_style,
    render_wish,
)

_Song = Annotated[Path, typer.Argument(metavar="SONG", help="A MIDI, MusicXML or ABC file that holds one song.")]
_Style = Annotated[
    str | None,
    typer.Option(
        "--style",
        metavar="NAME",
        help="A latent space; the one that hears most of the song if left out.",
        autocompletion=complete_style,
    ),
]
_At = Annotated[
    str | None,
    typer.Option("--at", metavar="BARS", help="Which bars: 9-24, or 9.  [default: the first that play]"),
]


def reconstruct(
    song: _Song,
    style: _Style = None,
    at: _At = None,
    audio: Audio = None,
    bits: Bits = 16,
    mono: Mono = False,
    gain: Gain = 0.0,
    stems: Stems = False,
    loop: Loop = False,
    reverb: Reverb = 0.25,
    soundfont: SoundFont = None,
    no_score: NoScore = False,
    spectrogram: Spectrogram = False,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write down what a latent space hears in a song: how much of it the space can say.

    \b
    bandroid reconstruct song.mid --style trio-16bar
    bandroid reconstruct song.mid --style band-16bar --at 17-32
    bandroid reconstruct song.mid --style melody-2bar --at 9-24
    """
    from bandroid.commands import palette

    wish = render_wish(audio, bits, mono, gain, stems, loop, reverb, soundfont, no_score, spectrogram)
    palette.reconstruct(song, style=style, at=at, place=palette.Place(wish, out, force, as_json))


def vary(
    song: _Song,
    style: _Style = None,
    amount: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="How far away: 0 the same, 1 anything.  [default: 0.3; 0 where a slider is moved]"
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=X",
            help="Move a slider by so many of its usual deviations: density, height, range, syncopation, velocity.",
        ),
    ] = None,
    more_like: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Towards the music of a folder: a slider of your own.")
    ] = None,
    less_like: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Away from the music of a folder.")] = None,
    strength: Annotated[float, typer.Option(metavar="X", help="How far along your own slider.")] = 1.0,
    at: _At = None,
    variations: Variations = 1,
    seed: Seed = None,
    temperature: Temperature = 0.5,
    audio: Audio = None,
    bits: Bits = 16,
    mono: Mono = False,
    gain: Gain = 0.0,
    stems: Stems = False,
    loop: Loop = False,
    reverb: Reverb = 0.25,
    soundfont: SoundFont = None,
    no_score: NoScore = False,
    spectrogram: Spectrogram = False,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write neighbours of a song, or move its sliders: denser, higher, wider, more syncopated, louder.

    \b
    bandroid vary song.mid --style trio-16bar --amount 0.2 --variations 4
    bandroid vary beat.mid --style drums-2bar --set density=+1.5
    bandroid vary tune.mid --style melody-2bar --more-like waltzes --less-like marches
    """
    from bandroid.commands import palette

    wish = render_wish(audio, bits, mono, gain, stems, loop, reverb, soundfont, no_score, spectrogram)
    palette.vary(
        song,
        style=style,
        at=at,
        amount=amount,
        settings=settings or [],
        more_like=more_like,
        less_like=less_like,
        strength=strength,
        variations=variations,
        seed=seed,
        temperature=temperature,
        place=palette.Place(wish, out, force, as_json),
    )


def interpolate(
    songs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[SONG...]", help="Two songs; four with --corners, none with --random."),
    ] = None,
    style: _Style = None,
    steps: Annotated[int, typer.Option(metavar="N", help="How many windows the path has, both ends among them.")] = 9,
    corners: Annotated[bool, typer.Option("--corners", help="A grid between four songs, A B above C D.")] = False,
    size: Annotated[int, typer.Option(metavar="N", help="Rows and columns of the grid.")] = 5,
    random: Annotated[
        int | None, typer.Option(metavar="N", help="A path between N points that are drawn; no songs.")
    ] = None,
    keep_ends: Annotated[
        bool, typer.Option("--keep-ends", help="The songs themselves at both ends, not what the space hears in them.")
    ] = False,
    at: _At = None,
    seed: Seed = None,
    audio: Audio = None,
    bits: Bits = 16,
    mono: Mono = False,
    gain: Gain = 0.0,
    stems: Stems = False,
    loop: Loop = False,
    reverb: Reverb = 0.25,
    soundfont: SoundFont = None,
    no_score: NoScore = False,
    spectrogram: Spectrogram = False,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Blend songs: a path from one to another through a latent space, or a grid between four of them.

    \b
    bandroid interpolate a.mid b.mid --style melody-2bar --steps 9
    bandroid interpolate a.mid b.mid c.mid d.mid --corners --size 11 --style drums-2bar
    bandroid interpolate --random 2 --style trio-16bar --seed 7
    """
    from bandroid.commands import palette

    wish = render_wish(audio, bits, mono, gain, stems, loop, reverb, soundfont, no_score, spectrogram)
    palette.interpolate(
        songs or [],
        style=style,
        at=at,
        steps=steps,
        corners=corners,
        size=size,
        random=random,
        keep_ends=keep_ends,
        seed=seed,
        place=palette.Place(wish, out, force, as_json),
    )


def chain(
    songs: Annotated[list[Path], typer.Argument(metavar="SONG...", help="Two songs or more, in order.")],
    style: _Style = None,
    between: Annotated[int, typer.Option(metavar="N", help="How many windows each transition has.")] = 1,
    at: _At = None,
    audio: Audio = None,
    bits: Bits = 16,
    mono: Mono = False,
    gain: Gain = 0.0,
    stems: Stems = False,
    loop: Loop = False,
    reverb: Reverb = 0.25,
    soundfont: SoundFont = None,
    no_score: NoScore = False,
    spectrogram: Spectrogram = False,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Join fragments into one track, by transitions that a latent space proposes.

    \b
    bandroid chain verse.mid chorus.mid bridge.mid --style drums-2bar
    bandroid chain a.mid b.mid --style melody-2bar --between 3
    """
    from bandroid.commands import palette

    wish = render_wish(audio, bits, mono, gain, stems, loop, reverb, soundfont, no_score, spectrogram)
    palette.chain(songs, style=style, at=at, between=between, place=palette.Place(wish, out, force, as_json))
