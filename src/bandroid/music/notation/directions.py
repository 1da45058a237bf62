"""What stands over and under the notes: key, tempo, sections, chord symbols, dynamics, syllables.

Positions are (bar, written ticks from the start of the bar).
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bandroid.music.notation.paper import Paper, WrittenNotes
from bandroid.music.notation.spelling import key_alters, signature_of
from bandroid.music.song import Song, TextEvent
from bandroid.music.theory import estimate_key
from bandroid.music.written import DYNAMICS

_MARKS = ("pp", "p", "mp", "mf", "f", "ff")
_CLEARLY_LOUDER = 13
"""velocities; two neighbouring marks lie 16 apart, so this is most of a step"""
_PHRASE_BARS = 4
_TEMPO_SHARE = 0.04
"""a tempo that changes by less is rubato, which is played but not printed"""


class TempoMark(NamedTuple):
    """A tempo; one that is not shown is only for playing."""

    position: int
    tempo_qpm: float
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Heading:
    """What one bar says to all parts."""

    fifths: int
    is_minor: bool
    tempos: tuple[TempoMark, ...]
    markers: tuple[tuple[int, str], ...]
    chords: tuple[tuple[int, str], ...]


class Syllable(NamedTuple):
    """Words under a note; `syllabic` as in MusicXML: single, begin, middle, end."""

    syllabic: str
    text: str


def plan_headings(song: Song, paper: Paper) -> list[Heading]:
    """Return what each bar says to all parts."""
    keys = plan_keys(song, paper)
    tempos: list[list[TempoMark]] = [[] for _ in paper.bars]
    shown_qpm, shown_at = 0.0, -(10**9)
    for change, (bar, position) in zip(song.tempos, _places([t.onset_tick for t in song.tempos], paper), strict=True):
        at = paper.bars[bar].onset + position
        is_shown = abs(change.tempo_qpm - shown_qpm) > _TEMPO_SHARE * shown_qpm and at - shown_at >= 96
        if is_shown:
            shown_qpm, shown_at = change.tempo_qpm, at
        tempos[bar].append(TempoMark(position, change.tempo_qpm, is_shown))
    markers, chords = _by_bar(song.markers, paper), _by_bar(song.chords, paper)
    return [Heading(*keys[i], tuple(tempos[i]), tuple(markers[i]), tuple(chords[i])) for i in range(len(paper.bars))]


def plan_keys(song: Song, paper: Paper) -> list[tuple[int, bool]]:
    """Return (fifths, is_minor) per bar. Where a file states none, or a C major that the notes deny, the notes say it.

    Sequencers write C major into every file; it is believed unless it would put a sharp or flat before every fourth
    note, and twice as many as the key of the notes.
    """
    stated = [(0, song.keys[0].fifths, song.keys[0].is_minor)] if song.keys else []
    for change, (bar, position) in zip(song.keys, _places([k.onset_tick for k in song.keys], paper), strict=True):
        bar = min(bar + (position > 0), len(paper.bars) - 1)
        stated.append((bar, change.fifths, change.is_minor))
    if all(key[1:] == (0, False) for key in stated):
        fifths, is_minor = _readable_key(song)
        foreign, other = _foreign_share(song, 0), _foreign_share(song, fifths)
        if not stated or (foreign > 0.25 and other < foreign / 2):
            stated = [(0, fifths, is_minor)]
    keys: list[tuple[int, bool]] = []
    current = (0, False)
    changes = {bar: (fifths, is_minor) for bar, fifths, is_minor in stated}
    for index in range(len(paper.bars)):
        current = changes.get(index, current)
        keys.append(current)
    return keys


def plan_dynamics(notes: WrittenNotes, paper: Paper) -> dict[tuple[int, int], str]:
    """Return marks by (bar, position): one where a part begins, and where its level changes clearly for a phrase."""
    if not notes.onset.size:
        return {}
    bar = paper.bar_at(notes.onset)
    n_bars = len(paper.bars)
    count = np.bincount(bar, minlength=n_bars)
    loudness = np.bincount(bar, weights=notes.velocity, minlength=n_bars)
    marks: dict[tuple[int, int], str] = {}
    level, last_bar = -1000.0, -_PHRASE_BARS
    for index in np.flatnonzero(count).tolist():
        if index - last_bar < _PHRASE_BARS:
            continue
        phrase = slice(index, index + _PHRASE_BARS)
        mean = loudness[phrase].sum() / count[phrase].sum()
        here = loudness[index] / count[index]
        if min(abs(mean - level), abs(here - level)) > _CLEARLY_LOUDER and (mean > level) == (here > level):
            mark = min(_MARKS, key=lambda name: abs(DYNAMICS[name] - mean))
            if DYNAMICS[mark] != level:
                first = int(notes.onset[np.searchsorted(bar, index)]) - paper.bars[index].onset
                marks[index, first] = mark
                level, last_bar = DYNAMICS[mark], index
    return marks


def plan_fermatas(song: Song, paper: Paper) -> list[int]:
    """Return the written ticks at which all wait, ascending: just before the end of each note that bears a fermata.

    Whatever a part plays there bears its sign: where a tenor moves on under a held soprano, its last note.
    """
    waiting = []
    for at_tick in song.fermatas:
        ends = [
            int(part.notes.end_tick[part.notes.onset_tick == at_tick].max())
            for part in song.parts
            if (part.notes.onset_tick == at_tick).any()
        ]
        if ends:
            waiting.append(round(float(paper.position(np.array([ends[0]]))[0])) - 1)
    return waiting


def plan_lyrics(lyrics: Sequence[TextEvent], onsets: Sequence[int], paper: Paper) -> dict[int, list[Syllable]]:
    """Return syllables by the written onset of the note that they stand under: the nearest one.

    `onsets` are those of the notes that can carry words, ascending. Two syllables on one note stay two.
    """
    if not lyrics or not onsets:
        return {}
    exact = paper.position(np.array([event.onset_tick for event in lyrics], dtype=np.int64)).tolist()
    placed: dict[int, list[Syllable]] = {}
    in_word = False
    for event, at in zip(lyrics, exact, strict=True):
        text = event.text.strip()
        goes_on = text.endswith("-")
        text = text.rstrip("-").strip()
        if not text:
            continue
        after = bisect.bisect_left(onsets, at)
        near = min(onsets[max(after - 1, 0) : after + 1], key=lambda onset: abs(onset - at))
        syllabic = ("middle" if goes_on else "end") if in_word else ("begin" if goes_on else "single")
        placed.setdefault(near, []).append(Syllable(syllabic, text))
        in_word = goes_on
    return placed


def _by_bar(events: Sequence[TextEvent], paper: Paper) -> list[list[tuple[int, str]]]:
    placed: list[list[tuple[int, str]]] = [[] for _ in paper.bars]
    for event, (bar, position) in zip(events, _places([e.onset_tick for e in events], paper), strict=True):
        if event.text.strip():
            placed[bar].append((position, event.text.strip()))
    return placed


def _places(ticks: Sequence[int], paper: Paper) -> list[tuple[int, int]]:
    """Return (bar, position) of each tick, rounded to a 32nd triplet and kept inside the song."""
    if not ticks:
        return []
    written = np.floor(paper.position(np.array(ticks, dtype=np.int64)) / 2 + 0.5).astype(np.int64) * 2
    written = np.minimum(written, paper.end - 1)
    bars = paper.bar_at(written)
    return [(bar, at - paper.bars[bar].onset) for bar, at in zip(bars.tolist(), written.tolist(), strict=True)]


def _readable_key(song: Song) -> tuple[int, bool]:
    """Return the signature that needs fewest accidentals; the key that the notes seem to be in has an advantage.

    Chromatic music has no clear key, and its players are glad of every accidental that is not there.
    """
    estimate = estimate_key(song)
    if estimate is None:
        return 0, False
    own = signature_of(estimate.tonic, estimate.is_minor)
    shares = {fifths: _foreign_share(song, fifths) + 0.004 * abs(fifths) for fifths in range(-6, 6)}
    shares[own] -= 0.05 + 0.1 * estimate.confidence
    best = min(shares, key=lambda fifths: (shares[fifths], abs(fifths), fifths))
    return best, estimate.is_minor if best == own else False


def _foreign_share(song: Song, fifths: int) -> float:
    """Return the share of pitched notes that a key signature would not cover."""
    alters = key_alters(fifths)
    naturals = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    covered = [(naturals[step] + alters[step]) % 12 for step in naturals]
    pitches = [part.notes.pitch for part in song.parts if not part.is_drum]
    if not sum(p.size for p in pitches):
        return 0.0
    return float(1.0 - np.isin(np.concatenate(pitches) % 12, covered).mean())
