"""A piece beside the band that its style was learnt from: what it copies, how it behaves, in words and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from bandroid.bundle.manifest import TrainingSong
from bandroid.bundle.store import Bundle
from bandroid.critique.copies import Copies, CopyHabit, Match, Verdict, copies, load_habit
from bandroid.critique.fingerprints import DRUMS, Index, load_index
from bandroid.critique.habits import Habits, measure
from bandroid.errors import StyleError
from bandroid.representations.sheet import Sheet, part_names

_HABIT_WORDS = {
    "silent_share": "share of cells (one part in one bar) that rest",
    "longest_rest_bars": "bars in which everybody rests",
    "longest_loop_bars": "bars in which all go round in a loop",
    "longest_part_loop_bars": "bars in which one part goes round in a loop",
    "longest_pitch_run": "notes of one pitch in a row",
    "notes_per_bar": "notes a bar",
    "new_share": "share of cells with something new",
}
"""each of critique.habits.Habits in words"""
_MOST_NAMED = 3  # copies that a new piece's few lines name
_MOST_PLACES = 4  # more than this many places of one and the same copy are counted, not named


@dataclass(frozen=True, slots=True)
class Band:
    """What a style knows of the songs that it was learnt from."""

    style: str
    index: Index
    copy_habit: CopyHabit
    habits: tuple[Habits, ...]
    """one for each song, or for some if they are many"""
    songs: tuple[TrainingSong, ...]
    """as numbered in the index"""

    @classmethod
    def if_known(cls, bundle: Bundle) -> Band | None:
        """Return the band behind a style, or None where the style does not carry its fingerprints."""
        return None if load_index(bundle) is None or load_habit(bundle) is None else cls.of(bundle)

    @classmethod
    def of(cls, bundle: Bundle) -> Band:
        """Return the band behind a style; raises StyleError where the style does not carry its fingerprints."""
        index, copy_habit = load_index(bundle), load_habit(bundle)
        if index is None or copy_habit is None:
            raise StyleError(
                f"style {bundle.name}: it was made by a bandroid that kept no fingerprints of the songs, "
                "so nothing can be compared with them; learn it again"
            )
        try:
            habits = tuple(Habits.from_json(table["habits"]) for table in bundle.manifest.defaults["line_ups"])
        except (KeyError, TypeError, ValueError) as error:
            raise StyleError(f"style {bundle.name}: its content does not fit together ({error})") from None
        songs = tuple(song for song in bundle.manifest.training.songs if song.split == "train")
        return cls(bundle.name, index, copy_habit, habits, songs)

    def title(self, song: int) -> str:
        """Return what a song is called, by its number."""
        return self.songs[song].title if song < len(self.songs) else f"song {song + 1}"

    def part_name(self, match: Match) -> str:
        """Return the name of the part of a training song that was copied."""
        programs = self.index.part_program[self.index.part_song == match.song].tolist()
        return part_names([(program % DRUMS, program == DRUMS) for program in programs])[match.song_part]

    def as_json(self) -> dict[str, Any]:
        """Return plain data: the habit of copying, and of each other habit (median, lowest, highest)."""
        rows = {field.name: [float(getattr(one, field.name)) for one in self.habits] for field in fields(Habits)}
        spans = {
            name: {"median": round(statistics.median(row), 4), "lowest": min(row), "highest": max(row)}
            for name, row in rows.items()
            if row
        }
        return {"copies": self.copy_habit.as_json(), "habits": spans}


@dataclass(frozen=True, slots=True)
class Report:
    """One piece beside its band."""

    name: str
    """the file, or whatever the piece is known by"""
    verdict: Verdict
    copies: Copies
    habits: Habits
    parts: tuple[str, ...]
    """names of the piece's parts"""
    band: Band
    is_learnt: bool = False
    """whether it is one of the songs that the style was learnt from, so that all of it is there"""

    def as_json(self) -> dict[str, Any]:
        """Return plain data; bars count from 1."""
        found = self.copies
        return {
            "piece": self.name,
            "verdict": self.verdict,
            "is_training_song": self.is_learnt,
            "copied_share": round(found.share, 4),
            "windows": found.n_windows,
            "windows_copied": found.n_copied,
            "longest_run_bars": found.longest_run_bars,
            "repeat_share": round(found.repeat_share, 4),
            "habits": self.habits.as_json(),
            "unusual": self.unusual(),
            "matches": matches_json(found.matches, self.parts, self.band),
        }

    def unusual(self) -> list[str]:
        """Return the habits that lie outside what the band's songs do, by name."""
        return [
            name
            for name, span in self.band.as_json()["habits"].items()
            # To the digits that a style keeps.
            if not span["lowest"] <= round(float(getattr(self.habits, name)), 4) <= span["highest"]
        ]

    def as_text(self) -> str:
        """Return some lines: the verdict, both shares side by side, what was copied, what is unusual."""
        found, band = self.copies, self.band.copy_habit
        lines = [
            f"{self.name}: {self.verdict}{', for the style was learnt from this very song' if self.is_learnt else ''}",
            f"  copies   {found.share:.1%} of its {found.n_windows:,} pairs of bars; the band's songs copy "
            f"{band.share_median:.1%} from one another (three in four at most {band.share_p75:.1%}, "
            f"nearly all {band.share_p95:.1%})",
            f"  longest  {_bars(found.longest_run_bars)} in a row; the band's songs share {band.run_most_bars} at most",
            f"  repeats  itself in {found.repeat_share:.0%} of its pairs of bars; the band's songs "
            f"in {band.repeat_share_median:.0%}",
        ]
        spans = self.band.as_json()["habits"]
        unusual = self.unusual()
        if spans and not unusual:
            silent, notes = spans["silent_share"], spans["notes_per_bar"]
            lines.append(
                f"  habits   the band's: {self.habits.notes_per_bar:.0f} notes a bar (its songs {notes['lowest']:.0f} "
                f"to {notes['highest']:.0f}), {self.habits.silent_share:.0%} of the cells rest "
                f"({silent['lowest']:.0%} to {silent['highest']:.0%})"
            )
        lines += [
            f"  unusual  {_HABIT_WORDS[name]}: {getattr(self.habits, name):.4g} "
            f"(the band's songs {spans[name]['lowest']:.4g} to {spans[name]['highest']:.4g})"
            for name in unusual
        ]
        return "\n".join(
            [*lines, *(f"  match    {line}" for line in match_lines(found.matches, self.parts, self.band))]
        )


def matches_json(
    matches: Sequence[Match], parts: Sequence[str], band: Band, first_bar: int = 1
) -> list[dict[str, Any]]:
    """Return plain data of each match; `first_bar` is the number of the piece's bar 0."""
    rows = []
    for match in matches:
        song = band.songs[match.song] if match.song < len(band.songs) else None
        n_more = match.last_bar - match.first_bar
        rows.append(
            {
                "part": parts[match.part],
                "bars": [match.first_bar + first_bar, match.last_bar + first_bar],
                "song": band.title(match.song),
                "file": song.file if song else None,
                "song_part": band.part_name(match),
                "song_bars": [match.song_first_bar + 1, match.song_first_bar + n_more + 1],
                "transposition_semitone": match.transposition_semitone,
            }
        )
    return rows


def match_lines(matches: Sequence[Match], parts: Sequence[str], band: Band, first_bar: int = 1) -> list[str]:
    """Say what was copied from where; what comes several times is said once. `first_bar` as in `matches_json`."""
    places: dict[tuple[str, str], list[str]] = {}
    for match in matches:
        n_more = match.last_bar - match.first_bar
        shift = match.transposition_semitone
        moved = f", {abs(shift)} semitones {'higher' if shift > 0 else 'lower'}" if shift else ""
        bars = _span(match.song_first_bar + 1, match.song_first_bar + 1 + n_more)
        source = f"{band.title(match.song)!r}, {band.part_name(match)}, {bars}{moved}"
        span = _span(match.first_bar + first_bar, match.last_bar + first_bar)
        places.setdefault((parts[match.part], source), []).append(span)
    lines = []
    for (part, source), spans in places.items():
        more = f" and {len(spans) - _MOST_PLACES} more times" if len(spans) > _MOST_PLACES else ""
        lines.append(f"{part}, {', '.join(spans[:_MOST_PLACES])}{more}: {source}")
    return lines


def copies_lines(found: Copies, band: Band, first_bar: int = 1) -> list[str]:
    """Say in a few lines what a new piece copies, beside the band's own habit: nothing, or how much and what first."""
    if not found.n_copied:
        return ["copies nothing of the songs"]
    share = (
        f"copies {found.share:.1%} of its pairs of bars, {_bars(found.longest_run_bars)} in a row at most "
        f"(the band's songs {band.copy_habit.share_median:.1%} from one another): {band.copy_habit.verdict(found)}"
    )
    matches = match_lines(found.matches, found.parts, band, first_bar)
    n_more = len(matches) - _MOST_NAMED
    lines = [share, *(f"  {line}" for line in matches[:_MOST_NAMED])]
    return [*lines, f"  and {n_more} more: bandroid critique names them all"] if n_more > 0 else lines


def copies_json(found: Copies, band: Band, first_bar: int = 1) -> dict[str, Any]:
    """Return plain data of what a new piece copies, every match of it."""
    return {
        "verdict": band.copy_habit.verdict(found),
        "copied_share": round(found.share, 4),
        "band_share": round(band.copy_habit.share_median, 4),
        "windows": found.n_windows,
        "windows_copied": found.n_copied,
        "longest_run_bars": found.longest_run_bars,
        "matches": matches_json(found.matches, found.parts, band, first_bar),
    }


def critique(name: str, sheet: Sheet, band: Band, sha256: str = "") -> Report:
    """Hold a piece, moved to C as training songs are, against a band; `sha256` is that of its file, if it has one."""
    found = copies(sheet, band.index)
    names = part_names([(part.program, part.is_drum) for part in sheet.parts])
    is_learnt = sha256 in {song.sha256 for song in band.songs}
    return Report(name, band.copy_habit.verdict(found), found, measure(sheet), tuple(names), band, is_learnt)


def summary(reports: Sequence[Report], band: Band) -> str:
    """Return one line about several pieces."""
    verdicts = [report.verdict for report in reports]
    counts = ", ".join(f"{verdicts.count(colour)} {colour}" for colour in ("green", "amber", "red"))
    share = statistics.median(report.copies.share for report in reports)
    habit = band.copy_habit
    return f"{len(reports)} pieces: {counts}; copied {share:.1%} (median), by the band's songs {habit.share_median:.1%}"


def _bars(count: int) -> str:
    return f"{count} bar{'' if count == 1 else 's'}"


def _span(first: int, last: int) -> str:
    """Name bars: (5, 8) -> "bars 5-8"."""
    return f"bars {first}-{last}" if last > first else f"bar {first}"
