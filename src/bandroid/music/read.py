"""Read any music file: MIDI, MusicXML or ABC, told apart by what is inside, then by its name."""

from __future__ import annotations

import stat
from pathlib import Path

from bandroid.errors import MusicFileError
from bandroid.music.song import Song

MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".rmi", ".smf")
MUSICXML_SUFFIXES = (".mxl", ".musicxml", ".xml")
ABC_SUFFIXES = (".abc",)
SUFFIXES = MIDI_SUFFIXES + MUSICXML_SUFFIXES + ABC_SUFFIXES
"""names of files that may be music, in lower case"""

_HEAD_BYTE = 4096
"""enough to see what a file is"""


def read_songs(path: Path) -> tuple[Song, ...]:
    """Read a file's songs: one of a MIDI or MusicXML file, every tune of an ABC file.

    Raises MusicFileError with a plain reason.
    """
    path = Path(path)
    match _kind(path):
        case "midi":
            from bandroid.music.midi_reader import read_midi

            return (read_midi(path),)
        case "musicxml":
            from bandroid.music.musicxml_reader import read_musicxml

            return (read_musicxml(path),)
        case _:
            from bandroid.music.abc import read_abc

            return read_abc(path)


def _kind(path: Path) -> str:
    """Tell what a file is: its first bytes decide where they are plain, its name otherwise."""
    suffix = path.suffix.lower()
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise MusicFileError(path, "is a folder, not a file")
        if not stat.S_ISREG(mode):
            raise MusicFileError(path, "is a device, not a file")
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTE)
    except FileNotFoundError as error:
        raise MusicFileError(path, "does not exist") from error
    except OSError as error:
        raise MusicFileError(path, f"cannot be read ({error.strerror or error})") from error
    if head[:4] == b"MThd" or (head[:4] == b"RIFF" and head[8:12] == b"RMID"):
        return "midi"
    if b"<score-partwise" in head or b"<score-timewise" in head:
        return "musicxml"
    if suffix in MIDI_SUFFIXES:
        return "midi"
    if suffix in MUSICXML_SUFFIXES:
        return "musicxml"
    if suffix in ABC_SUFFIXES or head.startswith(b"X:"):
        return "abc"
    if b"MThd" in head:
        return "midi"
    known = ", ".join(SUFFIXES)
    raise MusicFileError(path, f"is no music file that bandroid reads (it reads {known})")
