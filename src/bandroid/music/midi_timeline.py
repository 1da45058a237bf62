"""Meta events -> tempo, metre, key, section markers, chord symbols, lyrics and names."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from bandroid.music.midi_events import SYSEX, Message
from bandroid.music.midi_text import decode_text
from bandroid.music.song import KeyChange, MetreChange, TempoChange, TextEvent

CHORD_PREFIX = "chord: "
"""a text event that begins so is a chord symbol (our own habit: MIDI has none)"""
FERMATA_TEXT = "fermata"
"""a text event that says so stands where a note with a fermata begins (our own habit)"""
COMMENT_PREFIX = "bandroid: "
"""a text event at tick 0 that begins so says how bandroid made the file"""
MICROSECOND_PER_MINUTE = 60_000_000

Change = TypeVar("Change", TempoChange, MetreChange, KeyChange)

_KARAOKE_HEAD = "@"
_SILENT = frozenset((0x00, 0x02, 0x08, 0x09, 0x20, 0x54))
"""meta events without music (number, copyright, program and device name, channel prefix, start time)"""


@dataclass(slots=True)
class Timeline:
    """What the meta events of a file say. Ticks are the file's own."""

    tempos: list[TempoChange] = field(default_factory=list)
    metres: list[MetreChange] = field(default_factory=list)
    keys: list[KeyChange] = field(default_factory=list)
    markers: list[TextEvent] = field(default_factory=list)
    chords: list[TextEvent] = field(default_factory=list)
    fermatas: set[int] = field(default_factory=set)
    lyrics: dict[int, list[TextEvent]] = field(default_factory=dict)
    """by track"""
    names: dict[int, str] = field(default_factory=dict)
    """by track: its name, or else its instrument's"""
    instruments: dict[int, str] = field(default_factory=dict)
    """by track"""
    ports: dict[int, int] = field(default_factory=dict)
    """by track"""
    title: str = ""
    """of a karaoke file; other files have it as the first track's name"""
    comment: str | None = None
    left_out: Counter[str] = field(default_factory=Counter)
    """impossible events, by name"""
    unused: Counter[str] = field(default_factory=Counter)
    """events that a Song has no place for, by name"""


def read_timeline(messages: list[Message]) -> Timeline:
    """Sort meta events into a timeline; what makes no sense is left out, with a remark."""
    line = Timeline()
    texts: list[Message] = []
    for message in sorted(messages, key=lambda message: message.tick):  # stable: the file's order within a tick
        _read_one(message, line, texts)
    _read_texts(texts, line)
    for track, name in line.instruments.items():
        line.names[track] = line.names.get(track) or name
    line.tempos = list(_last_per_tick(line.tempos))
    line.metres = list(_last_per_tick(line.metres))
    line.keys = list(_last_per_tick(line.keys))
    line.tempos = [a for n, a in enumerate(line.tempos) if n == 0 or a.tempo_qpm != line.tempos[n - 1].tempo_qpm]
    line.keys = [
        a
        for n, a in enumerate(line.keys)
        if n == 0 or (a.fifths, a.is_minor) != (line.keys[n - 1].fifths, line.keys[n - 1].is_minor)
    ]
    return line


def _read_one(message: Message, line: Timeline, texts: list[Message]) -> None:
    track, tick, kind, content = message
    match kind:
        case 0x51:
            tempo = _tempo(tick, content)
            if tempo:
                line.tempos.append(tempo)
            else:
                line.left_out["impossible tempo change"] += 1
        case 0x58:
            metre = _metre(tick, content)
            if metre:
                line.metres.append(metre)
            else:
                line.left_out["impossible metre"] += 1
        case 0x59:
            key = _key(tick, content)
            if key:
                line.keys.append(key)
            else:
                line.left_out["impossible key signature"] += 1
        case 0x03:
            line.names.setdefault(track, decode_text(content).strip())
        case 0x04:
            line.instruments.setdefault(track, decode_text(content).strip())
        case 0x05:
            _append_text(line.lyrics.setdefault(track, []), tick, decode_text(content))
        case 0x06:
            _append_text(line.markers, tick, decode_text(content).strip())
        case 0x07:
            line.unused["cue point"] += 1
        case 0x01:
            texts.append(message)
        case 0x21:
            if content:
                line.ports.setdefault(track, content[0] & 0x7F)
        case 0x7F:
            line.unused["sequencer event"] += 1
        case _ if kind == SYSEX:
            line.unused["system message"] += 1
        case _ if kind not in _SILENT:
            line.unused["unknown meta event"] += 1


def _read_texts(texts: list[Message], line: Timeline) -> None:
    """Sort text events: chord symbols, our own comment, words of a karaoke file, anything else."""
    decoded = [(message, decode_text(message.content)) for message in texts]
    is_karaoke = any(text.startswith(("@K", "@T", "@L")) for _, text in decoded)
    for message, text in decoded:
        if text.startswith(CHORD_PREFIX):
            _append_text(line.chords, message.tick, text.removeprefix(CHORD_PREFIX).strip())
        elif text == FERMATA_TEXT:
            line.fermatas.add(message.tick)
        elif message.tick == 0 and text.startswith(COMMENT_PREFIX):
            # a comment may be longer than a name
            line.comment = message.content.decode("utf-8", "replace").removeprefix(COMMENT_PREFIX)
        elif is_karaoke and text.startswith(_KARAOKE_HEAD):
            if text.startswith("@T") and not line.title:
                line.title = text[2:].strip()
        elif is_karaoke:
            # A stroke begins a new line or verse on the screen.
            _append_text(line.lyrics.setdefault(message.track, []), message.tick, text.lstrip("/\\"))
        else:
            line.unused["text"] += 1


def _append_text(texts: list[TextEvent], tick: int, text: str) -> None:
    if text.strip():
        texts.append(TextEvent(tick, text))


def _tempo(tick: int, content: bytes) -> TempoChange | None:
    microsecond = int.from_bytes(content[:3]) if len(content) >= 3 else 0
    if not microsecond or not 1.0 <= MICROSECOND_PER_MINUTE / microsecond <= 10_000.0:
        return None
    return TempoChange(tick, tempo_of(microsecond))


@lru_cache(maxsize=1024)
def tempo_of(microsecond_per_quarter: int) -> float:
    """Return the roundest tempo in quarters a minute that a file writes so: 582524 -> 103.0.

    MIDI stores whole microseconds per quarter, so 103 becomes 103.00005: the fewest decimals that lead back
    to the same microseconds are what the musician meant.
    """
    exact = MICROSECOND_PER_MINUTE / microsecond_per_quarter
    for digits in range(7):
        tempo_qpm = round(exact, digits)
        if tempo_qpm > 0 and microsecond_of(tempo_qpm) == microsecond_per_quarter:
            return tempo_qpm
    return exact


def microsecond_of(tempo_qpm: float) -> int:
    """Return the microseconds per quarter that a file states for a tempo, within 24 bits: 120.0 -> 500000."""
    return min(max(round(MICROSECOND_PER_MINUTE / tempo_qpm), 1), 0xFFFFFF)


def _metre(tick: int, content: bytes) -> MetreChange | None:
    if len(content) < 2 or content[0] == 0 or content[1] > 6:
        return None
    return MetreChange(tick, content[0], 1 << content[1])


def _key(tick: int, content: bytes) -> KeyChange | None:
    if len(content) < 2:
        return None
    fifths = content[0] - 256 if content[0] > 127 else content[0]
    return KeyChange(tick, fifths, content[1] == 1) if abs(fifths) <= 7 and content[1] <= 1 else None


def _last_per_tick(changes: list[Change]) -> Iterable[Change]:
    return {change.onset_tick: change for change in changes}.values()


def drop_on_bar_lines(metres: list[MetreChange], ticks_per_quarter: int) -> tuple[MetreChange, ...]:
    """Drop a metre that repeats the one before it on one of its bar lines; elsewhere it begins a new bar and stays."""
    kept: list[MetreChange] = []
    for metre in metres:
        if kept:
            last = kept[-1]
            bar_tick = ticks_per_quarter * 4 * metre.numerator // metre.denominator
            is_same = (last.numerator, last.denominator) == (metre.numerator, metre.denominator)
            if is_same and (metre.onset_tick - last.onset_tick) % bar_tick == 0:
                continue
        kept.append(metre)
    return tuple(kept)


def whole_tick_factor(metres: list[MetreChange], ticks_per_quarter: int) -> int:
    """Return by how much ticks must be multiplied so that every bar has a whole number of them."""
    factor = 1
    for metre in metres:
        length = ticks_per_quarter * 4 * metre.numerator * factor
        factor *= metre.denominator // math.gcd(length, metre.denominator)
    return factor
