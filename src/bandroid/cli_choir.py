"""The command line of four voices: harmonise, infill, quiz. What they need is imported inside them."""

from __future__ import annotations

from dataclasses import replace
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
    Staves,
    Stems,
    Variations,
    complete_style,
    one_of,
    render_wish,
)

_Style = Annotated[
    str | None,
    typer.Option(
        "--style", metavar="NAME", help="A style of four voices.  [default: chorale]", autocompletion=complete_style
    ),
]
_Temperature = Annotated[float, typer.Option(metavar="X", help="How daring: 0 plays safe, 1 is the style's own habit.")]
_Instruments = Annotated[
    str | None, typer.Option(metavar="NAME", help="What all four sound like: organ, strings ...  [default: choir]")
]


def harmonise(
    melody: Annotated[
        Path, typer.Argument(metavar="MELODY", help="A MIDI, MusicXML or ABC file: a tune, a song, some voices.")
    ],
    given: Annotated[
        str | None,
        typer.Option(
            metavar="VOICES", help="Which voices are given: soprano, or alto,bass ...  [default: those named so]"
        ),
    ] = None,
    parts: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Which parts of the file they are, in that order, by name or number."),
    ] = None,
    style: _Style = None,
    variations: Variations = 1,
    strict: Annotated[
        bool, typer.Option("--strict", help="Write 64 and keep the one with the fewest faults; say what still fails.")
    ] = False,
    key: Annotated[
        str | None, typer.Option(metavar="KEY", help="The key it is in, where the file is silent or wrong: G minor.")
    ] = None,
    tempo: Annotated[float | None, typer.Option(metavar="QPM", help="Quarter notes a minute.")] = None,
    instruments: _Instruments = None,
    seed: Seed = None,
    temperature: _Temperature = 0.8,
    staves: Staves = 2,
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
    """Write good voices to a melody, or to any voices that you give; those come back note for note.

    \b
    bandroid harmonise tune.abc
    bandroid harmonise tune.mid --variations 4 --strict
    bandroid harmonise song.mid --parts "Lead Guitar" --key "G minor"
    bandroid harmonise duet.musicxml --given alto,bass
    """
    from bandroid.commands import choir
    from bandroid.commands.palette import Place

    wish = render_wish(audio, bits, mono, gain, stems, loop, reverb, soundfont, no_score, spectrogram)
    wish = replace(wish, n_staves=one_of("--staves", staves, (2, 4)))
    choir.harmonise(
        melody,
        style=style,
        given=given,
        parts=parts,
        key_text=key,
        tempo_qpm=tempo,
        how=choir.How(seed, variations, temperature, strict, instruments),
        place=Place(wish, out, force, as_json),
    )


def infill(
    song: Annotated[Path, typer.Argument(metavar="SONG", help="A MIDI or MusicXML file in four voices.")],
    at: Annotated[str, typer.Option("--at", metavar="BARS", help="Which bars: 5-8, or 5.")],
    parts: Annotated[
        str | None, typer.Option(metavar="VOICES", help="Which voices: tenor,bass ...  [default: all four]")
    ] = None,
    style: _Style = None,
    variations: Variations = 1,
    seed: Seed = None,
    temperature: _Temperature = 0.8,
    staves: Staves = 2,
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
    """Write some bars of some voices anew, so that they fit what stands before, behind and beside them.

    \b
    bandroid infill hymn.mid --at 5-8 --parts tenor,bass
    bandroid infill hymn.musicxml --at 9 --variations 4
    """
    from bandroid.commands import choir
    from bandroid.commands.palette import Place

    wish = render_wish(audio, bits, mono, gain, stems, loop, reverb, soundfont, no_score, spectrogram)
    wish = replace(wish, n_staves=one_of("--staves", staves, (2, 4)))
    how = choir.How(seed, variations, temperature)
    choir.infill(song, style=style, at=at, parts=parts, how=how, place=Place(wish, out, force, as_json))


def quiz(
    style: Annotated[
        str, typer.Option("--style", metavar="NAME", help="The style to be told.", autocompletion=complete_style)
    ] = "chorale",
    songs: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="The band's own songs; four voices bring some that their style has not learnt."
        ),
    ] = None,
    pairs: Annotated[int, typer.Option(metavar="N", help="How many questions.")] = 12,
    bars: Annotated[int, typer.Option(metavar="N", help="How many bars each piece has.")] = 8,
    seed: Seed = None,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Can you tell? A page of blind pairs, the band's own music or the machine's, that counts your answers.

    \b
    bandroid quiz --style chorale -o quiz
    bandroid quiz --style mine --songs my-band --pairs 20
    """
    from bandroid.commands.quiz import quiz as make_quiz

    make_quiz(style, songs=songs, n_pairs=pairs, n_bars=bars, seed=seed, out=out, force=force, as_json=as_json)
