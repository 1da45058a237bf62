"""How somebody wants a song to sound and look: one value, filled by the command line, read by rendering."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

AUDIO_FORMATS = ("wav", "mp3", "flac", "ogg")


@dataclass(frozen=True, slots=True)
class RenderWish:
    """What to make of a song."""

    audio: tuple[str, ...] = ("wav",)
    """of AUDIO_FORMATS; empty for silence"""
    bits: int = 16
    """per sample of wav and flac: 16, 24 or 32"""
    is_mono: bool = False
    gain_db: float = 0.0
    stems: Literal["none", "midi", "midi and audio"] = "none"
    """also one file per part, to be edited, or to be mixed too"""
    is_loop: bool = False
    """end exactly with the last bar, its tail wrapped to the start"""
    reverb: float = 0.25
    """how much of the room is heard: 0 (dry) to 1"""
    soundfont: Path | None = None
    """None: the one inside the pretty_midi package"""
    with_spectrogram: bool = False
    with_score: bool = True
    """MusicXML, engraved pages and a piano roll"""
    n_staves: int = 2
    """of four voices: two, as in a hymn book, or four"""

    @property
    def sound_options(self) -> dict[str, Any]:
        """What `synthesize` and `synthesize_stems` want to know."""
        return {"gain_db": self.gain_db, "reverb": self.reverb, "loop": self.is_loop}
