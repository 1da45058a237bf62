"""What there is to say about one file, or about a folder: `bandroid inspect`.

This is the slow, thorough look. Learning itself needs only `collect`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bandroid.corpus.collect import Corpus
from bandroid.corpus.files import ROLES_FILE_NAME
from bandroid.corpus.report import corpus_json, counted, report_text
from bandroid.corpus.role_rules import corrected_roles, read_roles
from bandroid.corpus.roles import PartRole, guess_roles
from bandroid.music.clock import bar_grid, duration_second
from bandroid.music.general_midi import drum_name, program_name
from bandroid.music.metre import with_guessed_metre
from bandroid.music.part_bars import NO_REPEATS, PartRepeats, part_repeats
from bandroid.music.read import read_songs
from bandroid.music.song import Part, Song
from bandroid.music.theory import chord_symbols, estimate_key, pitch_name, pitched_notes, polyphony, signature_name

Snapping = Mapping[str, str | int | float]
"""what a song loses on the score's grid: words -> a count or a share"""

_CHORDS_SHOWN = 16


@dataclass(frozen=True, slots=True)
class PartDescription:
    """One part in numbers and words."""

    number: int
    """from 1, as roles files and --parts count"""
    name: str
    program: int
    instrument: str
    is_drum: bool
    role: str
    why: str
    n_notes: int
    lowest: str
    """the lowest pitch, C4 ... ; on a drum part its commonest drum"""
    highest: str
    """the highest pitch; on a drum part its second commonest drum"""
    most_at_once: int
    mean_at_once: float
    bars_played: int
    repeat_share: float
    """share of its played bars that repeat an earlier one exactly"""
    n_lyrics: int


@dataclass(frozen=True, slots=True)
class SongDescription:
    """One song in numbers and words."""

    path: str
    number: int
    """of the tune in its file, from 1"""
    title: str
    n_byte: int
    ticks_per_quarter: int
    n_bars: int
    duration_second: float
    n_notes: int
    metres: tuple[str, ...]
    """with the bar where each begins: "4/4", "7/8 from bar 9" """
    tempos_qpm: tuple[float, ...]
    """slowest and fastest; one where there is one; empty where none is stated (read as 120)"""
    n_tempo_changes: int
    stated_key: str
    """the first key signature; empty where there is none"""
    estimated_key: str
    """from the notes; empty where nothing has a pitch"""
    key_confidence: float
    chords: tuple[str, ...]
    """each with its bar: "Am 1" """
    are_chords_stated: bool
    """True: the file has chord symbols; False: worked out from the notes"""
    sections: tuple[str, ...]
    most_at_once: int
    mean_at_once: float
    repeats: PartRepeats
    parts: tuple[PartDescription, ...]
    snapping: dict[str, str | int | float]
    """what the score's grid loses; empty where that was not asked for"""
    remarks: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        data = asdict(self)
        data["repeats"] = _repeats_json(self.repeats)
        return data


def describe_file(
    path: Path, loss_of: Callable[[Song], Snapping | None] = lambda song: None
) -> tuple[SongDescription, ...]:
    """Describe every song of a file; a roles file beside it counts. Raises MusicFileError.

    `loss_of` says what the score's grid loses of a song.
    """
    path = Path(path)
    descriptions = []
    rules_path = path.parent / ROLES_FILE_NAME
    rules = read_roles(rules_path) if rules_path.is_file() else ()
    for index, song in enumerate(read_songs(path)):
        song = with_guessed_metre(song)
        roles, remarks = corrected_roles(song, guess_roles(song), [rule for rule in rules if rule.fits(path.name)])
        song = song.with_remarks(*remarks)
        descriptions.append(describe_song(song, roles, path, index + 1, loss_of(song)))
    return tuple(descriptions)


def describe_song(
    song: Song, roles: Sequence[PartRole], path: Path, number: int = 1, snapping: Snapping | None = None
) -> SongDescription:
    """Describe one song whose metre and roles are settled."""
    grid = bar_grid(song)
    repeats = part_repeats(song, grid)
    at_once = polyphony(pitched_notes(song))
    key = estimate_key(song)
    chords = song.chords or chord_symbols(song)
    bar_of_chord = grid.bar_of([chord.onset_tick for chord in chords]).tolist()
    return SongDescription(
        path=str(path),
        number=number,
        title=song.title,
        n_byte=path.stat().st_size if path.is_file() else 0,
        ticks_per_quarter=song.ticks_per_quarter,
        n_bars=grid.n_bars,
        duration_second=round(duration_second(song), 3),
        n_notes=song.n_notes,
        metres=_metres(song),
        tempos_qpm=_tempo_range(song),
        n_tempo_changes=max(len(song.tempos) - 1, 0),
        stated_key=signature_name(song.keys[0].fifths, song.keys[0].is_minor) if song.keys else "",
        estimated_key=key.name if key else "",
        key_confidence=round(key.confidence, 3) if key else 0.0,
        chords=tuple(f"{chord.text} {bar + 1}" for chord, bar in zip(chords, bar_of_chord, strict=True)),
        are_chords_stated=bool(song.chords),
        sections=tuple(marker.text for marker in song.markers),
        most_at_once=at_once.most,
        mean_at_once=round(at_once.mean, 2),
        repeats=sum(repeats, NO_REPEATS),
        parts=tuple(
            _describe_part(index + 1, part, role, repeat)
            for index, (part, role, repeat) in enumerate(zip(song.parts, roles, repeats, strict=True))
        ),
        snapping=dict(snapping or {}),
        remarks=song.remarks,
    )


def _describe_part(number: int, part: Part, role: PartRole, repeats: PartRepeats) -> PartDescription:
    lowest = highest = ""
    if part.is_drum:
        drums, counts = np.unique(part.notes.pitch, return_counts=True)
        commonest = [drum_name(int(drums[index])) for index in np.argsort(-counts, kind="stable")]
        lowest, highest = [*commonest, "", ""][:2]
    elif len(part.notes):
        lowest, highest = pitch_name(int(part.notes.pitch.min())), pitch_name(int(part.notes.pitch.max()))
    at_once = polyphony(part.notes)
    return PartDescription(
        number=number,
        name=part.name.strip(),
        program=part.program,
        instrument=program_name(part.program, part.is_drum),
        is_drum=part.is_drum,
        role=role.role,
        why=role.why,
        n_notes=len(part.notes),
        lowest=lowest,
        highest=highest,
        most_at_once=at_once.most,
        mean_at_once=round(at_once.mean, 2),
        bars_played=repeats.n_bars,
        repeat_share=round(repeats.bar_share, 3),
        n_lyrics=len(part.lyrics),
    )


def song_text(description: SongDescription) -> str:
    """Write a description as plain text."""
    d = description
    name = Path(d.path).name + (f" #{d.number}" if d.number > 1 else "")
    minutes, seconds = divmod(round(d.duration_second), 60)
    key = f"{d.estimated_key} ({d.key_confidence:.0%} sure)" if d.estimated_key else "none: nothing has a pitch"
    key += f"; the file says {d.stated_key}" if d.stated_key else ""
    shown = " ".join(chord.rsplit(" ", 1)[0] for chord in d.chords[:_CHORDS_SHOWN])
    more = f" ... ({len(d.chords)} in all)" if len(d.chords) > _CHORDS_SHOWN else ""
    lines = [
        f"{name}{f': {d.title}' if d.title else ''}",
        f"  length    {counted(d.n_bars, 'bar')}, {minutes}:{seconds:02}, {counted(d.n_notes, 'note')} "
        f"in {counted(len(d.parts), 'part')}",
        f"  metre     {', '.join(d.metres)}",
        f"  tempo     {_tempo_words(d)}",
        f"  key       {key}",
        f"  chords    {shown}{more}{'' if d.are_chords_stated or not shown else '  (worked out from the notes)'}",
        f"  at once   {counted(d.most_at_once, 'note')} at most, {d.mean_at_once:.1f} on average",
        f"  repeats   {_repeat_words(d.repeats)}",
        f"  file      {d.n_byte:,} bytes, {d.ticks_per_quarter} ticks per quarter",
    ]
    if d.sections:
        lines.append(f"  sections  {', '.join(d.sections)}")
    if d.snapping:
        lines.append("  on the score's grid: " + ", ".join(f"{_number(v)} {k}" for k, v in d.snapping.items()))
    lines += ["", *_part_lines(d.parts)]
    if d.remarks:
        lines += ["", *(f"  note: {remark}" for remark in d.remarks)]
    return "\n".join(lines)


def _part_lines(parts: Sequence[PartDescription]) -> list[str]:
    head = ("", "part", "role", "instrument", "notes", "range", "at once", "bars", "repeat", "because")
    rows = [
        (
            str(part.number),
            part.name[:24],
            part.role,
            part.instrument,
            f"{part.n_notes:,}",
            (", " if part.is_drum else " - ").join(filter(None, (part.lowest, part.highest))),
            str(part.most_at_once),
            f"{part.bars_played:,}",
            f"{part.repeat_share:.0%}" if part.bars_played else "",
            part.why,
        )
        for part in parts
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    is_number = [True, False, False, False, True, False, True, True, True, False]
    return [
        "  "
        + "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, is_number, strict=True)
        ).rstrip()
        for row in (head, *rows)
    ]


@dataclass(frozen=True)
class FolderDescription:
    """A folder: the report per file, and how much its songs repeat."""

    corpus: Corpus
    repeats: tuple[PartRepeats, ...]
    """one per used song, in the corpus's order"""
    snapping: dict[str, dict[str, str | int | float]]
    """per song name, what the score's grid loses; empty where that was not asked for"""

    @property
    def total(self) -> PartRepeats:
        """The repeats of all used songs together."""
        return sum(self.repeats, NO_REPEATS)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        data = corpus_json(self.corpus)
        data["repeats"] = _repeats_json(self.total)
        for song, repeats in zip(data["used"], self.repeats, strict=True):
            song["repeats"] = _repeats_json(repeats)
            if song["name"] in self.snapping:
                song["snapping"] = self.snapping[song["name"]]
        return data


def describe_folder(corpus: Corpus, snapping: Mapping[str, Snapping] | None = None) -> FolderDescription:
    """Describe what was collected of a folder; `snapping` says per song name what the score's grid loses."""
    repeats = tuple(sum(part_repeats(used.song), NO_REPEATS) for used in corpus.used)
    return FolderDescription(corpus, repeats, {name: dict(loss) for name, loss in (snapping or {}).items()})


def folder_text(description: FolderDescription, *, with_parts: bool = True) -> str:
    """Write a folder's description as plain text, the totals last."""
    lines = [report_text(description.corpus, with_parts=with_parts)]
    if description.total.n_bars:
        lines.append(f"repeats: {_repeat_words(description.total)}")
    for name, loss in description.snapping.items():
        lines.append(f"on the score's grid, {name}: " + ", ".join(f"{_number(v)} {k}" for k, v in loss.items()))
    return "\n".join(lines)


def _repeats_json(repeats: PartRepeats) -> dict[str, float | int]:
    return {
        "part_bars": repeats.n_bars,
        "part_bar_share": round(repeats.bar_share, 4),
        "part_bar_share_transposed": round(repeats.bar_share_transposed, 4),
        "notes": repeats.n_notes,
        "note_share": round(repeats.note_share, 4),
        "note_share_transposed": round(repeats.note_share_transposed, 4),
    }


def _repeat_words(repeats: PartRepeats) -> str:
    return (
        f"{repeats.bar_share:.0%} of the bars that its parts play repeat an earlier one "
        f"({repeats.bar_share_transposed:.0%} with transposed ones); {repeats.note_share:.0%} of the notes stand in "
        f"such bars ({repeats.note_share_transposed:.0%})"
    )


def _metres(song: Song) -> tuple[str, ...]:
    if not song.metres:
        return ("4/4",)
    grid = bar_grid(song)
    words = []
    before = ""
    for metre in song.metres:
        name = f"{metre.numerator}/{metre.denominator}"
        if name != before:
            bar = int(grid.bar_of(metre.onset_tick)) + 1
            words.append(name if bar == 1 else f"{name} from bar {bar}")
        before = name
    return tuple(words)


def _tempo_range(song: Song) -> tuple[float, ...]:
    tempos = [round(tempo.tempo_qpm, 2) for tempo in song.tempos]
    return tuple(sorted({min(tempos), max(tempos)})) if tempos else ()


def _tempo_words(description: SongDescription) -> str:
    tempos = description.tempos_qpm
    if not tempos:
        return "none stated: 120 quarters a minute"
    if len(tempos) == 1:
        return f"{tempos[0]:g} quarters a minute"
    return f"{tempos[0]:g} to {tempos[1]:g} quarters a minute, {description.n_tempo_changes:,} changes"


def _number(value: str | int | float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
