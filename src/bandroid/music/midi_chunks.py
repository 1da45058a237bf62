"""The outer shell of a MIDI file: where its header and its tracks lie, also where the file says so wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bandroid.errors import MidiError
from bandroid.music.midi_text import counted, numbered

MAX_TRACKS = 1024
"""more tracks than any arrangement has; the rest is left out, with a remark"""
_HEADER_WITHIN = 4096
"""how far into a file a header may lie: behind MacBinary's 128 bytes or in a RIFF wrapper"""
_END_OF_TRACK = b"\xff\x2f\x00"

_NOT_MIDI = (
    (b"\x1f\x8b", "is packed with gzip: unpack it first (gunzip)"),
    (b"PK\x03\x04", "is a zip archive, not a MIDI file: unpack it first"),
    (b"MUS\x1a", "is a Doom MUS file, not a MIDI file: convert it first"),
    (b"XMI", "is an XMI file, not a MIDI file: convert it first"),
    (b"OggS", "is sound (Ogg), not a MIDI file"),
    (b"ID3", "is sound (MP3), not a MIDI file"),
    (b"fLaC", "is sound (FLAC), not a MIDI file"),
    (b"<", "is a text or web page, not a MIDI file"),
)


@dataclass(frozen=True, slots=True)
class Chunks:
    """What the shell says, and where the tracks are."""

    kind: int
    """0 one track, 1 tracks side by side, 2 patterns one after another"""
    division: int
    """the header's time division as it stands, 16 bits"""
    spans: tuple[tuple[int, int], ...]
    """first byte and end (exclusive) of each track's events"""
    is_truncated: bool
    """whether the file ends before its last track does"""
    remarks: tuple[str, ...]


def find_chunks(content: bytes, path: Path) -> Chunks:
    """Find header and tracks; raises MidiError where the bytes are no MIDI file."""
    if not content:
        raise MidiError(path, "is empty")
    at = content.find(b"MThd", 0, _HEADER_WITHIN)
    if at < 0:
        raise MidiError(path, _what_it_is(content))
    if len(content) < at + 14:
        raise MidiError(path, "ends in the middle of its header")
    remarks: list[str] = []
    if at and content[:4] != b"RIFF":
        remarks.append(f"{counted(at, 'byte')} before the MIDI header were skipped")
    length = int.from_bytes(content[at + 4 : at + 8])
    kind = int.from_bytes(content[at + 8 : at + 10])
    n_declared = int.from_bytes(content[at + 10 : at + 12])
    division = int.from_bytes(content[at + 12 : at + 14])
    if kind > 2:
        remarks.append(f"the header says type {kind}, which does not exist; read as type 1")
        kind = 1
    begin = at + 8 + length
    if not _is_chunk_at(content, begin):
        begin = content.find(b"MTrk", at + 8)
        if begin < 0:
            raise MidiError(path, "has a header but no tracks")
    spans, is_truncated = _tracks(content, begin, remarks)
    if not spans:
        raise MidiError(path, "has a header but no tracks")
    if len(spans) == MAX_TRACKS:
        remarks.append(f"no more than {MAX_TRACKS} tracks are read")
    elif len(spans) != n_declared and not is_truncated:
        remarks.append(f"the header says {counted(n_declared, 'track')}, but there are {len(spans)}")
    return Chunks(kind, division, tuple(spans), is_truncated, tuple(remarks))


def _tracks(content: bytes, at: int, remarks: list[str]) -> tuple[list[tuple[int, int]], bool]:
    """Walk the chunks from `at` on; a length that leads nowhere is replaced by the next track's start."""
    size = len(content)
    spans: list[tuple[int, int]] = []
    wrong: list[int] = []
    is_truncated = False
    while at + 8 <= size and len(spans) < MAX_TRACKS:
        name = content[at : at + 4]
        first = at + 8
        end = first + int.from_bytes(content[at + 4 : first])
        is_track = name == b"MTrk"
        following = -1
        if end != size and not _is_chunk_at(content, end):
            following = content.find(b"MTrk", first)
            is_closed = content[end - 3 : end] == _END_OF_TRACK
            if end > size or 0 <= following < end or not is_closed:
                # Too long or too short: the track ends where the next one begins, or with the file.
                is_truncated = is_track and following < 0 and end > size
                if is_track and not is_truncated:
                    wrong.append(len(spans) + 1)
                end = following if following >= 0 else size
            elif following >= 0:
                remarks.append(f"{counted(following - end, 'byte')} between two tracks were skipped")
            else:
                following = size  # the rest is no track
        if is_track:
            spans.append((first, end))
        at = max(end, following)
    if wrong:
        remarks.append(f"{numbered('track', wrong)}: the stated length is wrong; put right")
    return spans, is_truncated


def _is_chunk_at(content: bytes, at: int) -> bool:
    """Say whether a chunk may begin here: four printable letters and a length that fits into the file."""
    name = content[at : at + 4]
    if name == b"MTrk":
        return True
    is_name = len(name) == 4 and all(32 <= letter < 127 for letter in name)
    return is_name and at + 8 + int.from_bytes(content[at + 4 : at + 8]) <= len(content)


def _what_it_is(content: bytes) -> str:
    for begin, words in _NOT_MIDI:
        if content.lstrip()[: len(begin)] == begin:
            return words
    if len(content) < 14:
        return "is too short for a MIDI file"
    return "is not a MIDI file: it has no MIDI header"
