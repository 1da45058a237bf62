"""Options that several verbs share, so that a flag means and says the same everywhere. Nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from bandroid import near
from bandroid.errors import WishError
from bandroid.presets import PRESET_NAMES
from bandroid.render.wish import AUDIO_FORMATS, RenderWish


def complete_style(incomplete: str) -> list[str]:
    """Offer the styles that begin so, to the shell."""
    from bandroid.bundle.store import style_names

    return [name for name in style_names() if name.startswith(incomplete)]


def complete_preset(incomplete: str) -> list[str]:
    """Offer the presets that begin so, to the shell."""
    return [name for name in PRESET_NAMES if name.startswith(incomplete)]


def complete_run(incomplete: str) -> list[str]:
    """Offer the training runs that begin so, to the shell."""
    from bandroid.training.run_folder import run_names

    return [name for name in run_names() if name.startswith(incomplete)]


def _complete_audio(incomplete: str) -> list[str]:
    return [name for name in (*AUDIO_FORMATS, "none") if name.startswith(incomplete)]


Bars = Annotated[int, typer.Option(metavar="N", help="How many bars.")]
Variations = Annotated[int, typer.Option(metavar="N", help="How many pieces.")]
Seed = Annotated[
    int | None,
    typer.Option(metavar="N", help="The same seed, style and options give the same bytes; drawn if left out."),
]
Temperature = Annotated[float, typer.Option(metavar="X", help="How daring: 0 plays safe, 1 is the style's own habit.")]
TopP = Annotated[
    float | None,
    typer.Option(
        "--top-p", metavar="X", help="Only the likeliest notes that together reach this share.  [default: 0.95]"
    ),
]
MinP = Annotated[
    float | None,
    typer.Option("--min-p", metavar="X", help="No notes less likely than this share of the likeliest.  [default: 0]"),
]
NoCopyGuard = Annotated[
    bool, typer.Option("--no-copy-guard", help="Let it copy from the songs of the style as it likes.")
]
Audio = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FORMAT",
        help="wav, mp3, flac, ogg or none; several with commas.  [default: wav]",
        autocompletion=_complete_audio,
    ),
]
Bits = Annotated[
    int,
    typer.Option(
        metavar="N", help="Bits per sample of wav and flac: 16, 24 or 32.", autocompletion=lambda: ["16", "24", "32"]
    ),
]
Mono = Annotated[bool, typer.Option("--mono", help="One channel instead of two.")]
Gain = Annotated[float, typer.Option(metavar="DB", help="Louder or softer, in decibels.")]
Stems = Annotated[bool, typer.Option("--stems", help="Also each part alone, as MIDI and sound, in stems/.")]
Loop = Annotated[bool, typer.Option("--loop", help="A seamless loop: exactly its bars, the tail wrapped to the start.")]
Reverb = Annotated[float, typer.Option(metavar="X", help="How much of the room is heard: 0 (dry) to 1.")]
SoundFont = Annotated[Path | None, typer.Option(metavar="FILE", help="Another SoundFont (.sf2) than the one inside.")]
Spectrogram = Annotated[bool, typer.Option("--spectrogram", help="Also a picture of the sound, in pictures/.")]
NoScore = Annotated[bool, typer.Option("--no-score", help="No MusicXML, engraved pages or piano roll.")]
Staves = Annotated[
    int,
    typer.Option(metavar="N", help="Staves of four voices: 2 or 4.", autocompletion=lambda: ["2", "4"]),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="DIR", help="The folder that files go to.  [default: a new one in bandroid-out/]"
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there already.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout; progress and remarks go to stderr.")]


def render_wish(
    audio: Iterable[str] | None,
    bits: int,
    mono: bool,
    gain: float,
    stems: bool,
    loop: bool,
    reverb: float,
    soundfont: Path | None,
    no_score: bool,
    spectrogram: bool,
) -> RenderWish:
    """Gather the flags of sound and score; raises WishError, offering near names."""
    within("--gain", gain, -60, 40)
    within("--reverb", reverb, 0, 1)
    formats = audio_formats(audio)
    if spectrogram and not formats:
        raise WishError("--spectrogram is a picture of the sound: it needs one, not --audio none")
    if bits == 32 and "flac" in formats:
        raise WishError("--bits 32: flac holds 16 or 24; choose one of them, or wav")
    return RenderWish(
        audio=formats,
        bits=one_of("--bits", bits, (16, 24, 32)),
        is_mono=mono,
        gain_db=gain,
        stems="midi and audio" if stems else "none",
        is_loop=loop,
        reverb=reverb,
        soundfont=soundfont,
        with_score=not no_score,
        with_spectrogram=spectrogram,
    )


def audio_formats(wishes: Iterable[str] | None) -> tuple[str, ...]:
    """Read --audio: (["mp3,flac", "wav"]) -> ("mp3", "flac", "wav"); none -> (); nothing said -> ("wav",)."""
    if not wishes:
        return ("wav",)
    words = [word.strip().lower().lstrip(".") for wish in wishes for word in wish.split(",") if word.strip()]
    formats = tuple(dict.fromkeys(words))
    if formats == ("none",):
        return ()
    for word in formats:
        if word == "none":
            raise WishError("--audio none and another format contradict each other")
        if word not in AUDIO_FORMATS:
            raise WishError(f"--audio: {near.unknown('audio format', word, (*AUDIO_FORMATS, 'none'))}")
    return formats


def within(flag: str, value: float, least: float, most: float) -> None:
    """Raise WishError where a number is out of its range (or none)."""
    if not least <= value <= most:
        raise WishError(f"{flag} {value:g} is out of range: {least:g} to {most:g}")


def one_of(flag: str, value: int, allowed: tuple[int, ...]) -> int:
    """Return a number that is one of a few; raises WishError with all of them."""
    if value not in allowed:
        raise WishError(f"{flag} {value}: choose {near.listed(map(str, allowed), 'or')}")
    return value
