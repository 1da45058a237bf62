"""A folder of files -> songs ready to learn from, and for every other file the reason why not.

    find files -> read -> guess the metre -> one keyboard, if wished -> roles -> refuse short or double -> split by song

One damaged file never takes the others down, and nothing is dropped without a line in the report.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandroid.corpus.duplicates import SAME_SHARE, Fingerprint, Sameness, fingerprint, sameness, similar_pairs
from bandroid.corpus.files import ROLES_FILE_NAME, FoundFile, all_meant, find_files
from bandroid.corpus.keyboard import keyboard_song
from bandroid.corpus.lines import SongLines, song_lines
from bandroid.corpus.role_rules import RoleRule, corrected_roles, read_roles
from bandroid.corpus.roles import PartRole, guess_roles
from bandroid.corpus.split import HELD_OUT, TRAIN, split_songs
from bandroid.corpus.voices import SongVoices, song_voices
from bandroid.errors import BandroidError, CorpusError, MusicFileError, WishError
from bandroid.generation.line_facts import LINE_KINDS
from bandroid.music.choir import four_voices
from bandroid.music.clock import bar_grid
from bandroid.music.metre import with_guessed_metre
from bandroid.music.quantize import is_played
from bandroid.music.read import read_songs
from bandroid.music.song import Song
from bandroid.music.table import note_table
from bandroid.presets import LearntParts
from bandroid.representations.chorale_song import frames_of_song, once_through
from bandroid.representations.sheet import MAX_BARS
from bandroid.representations.window import WINDOW_KINDS

FEWEST_BARS = 2
FEWEST_NOTES = 8
"""shorter files are jingles and tests, and teach nothing of a band"""
EXCLUDED = "left out by --exclude"
"""the reason of what the user left out"""

Progress = Callable[[int, int, str], None]
"""called after each file: files done, files in all, the file's name"""


@dataclass(frozen=True, slots=True)
class UsedSong:
    """A song to learn from, or held out."""

    path: Path
    name: str
    """path from the folder; "tunes.abc#3" is the third tune of a file"""
    sha256: str
    """of the file's bytes"""
    song: Song
    """its metre guessed where the file states none or a wrong one; one keyboard part, where that is learnt"""
    roles: tuple[PartRole, ...]
    """one per part"""
    n_bars: int
    split: str
    """"train" or "held_out" """
    folder: Path
    """the folder that was asked for and holds it; of a file that was named itself, the one that it lies in"""
    lines: SongLines | None = None
    """what it offers to a preset of one voice"""
    voices: SongVoices | None = None
    """what it offers to a latent space"""
    frames: NDArray[np.int64] | None = None
    """its four voices, int64[T, C] (representations/chorale.py), for a preset of those"""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was repaired, guessed or left out."""
        return self.song.remarks


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file, or one tune of it, that is not used."""

    path: Path
    name: str
    reason: str
    """a plain sentence without the name"""


@dataclass(frozen=True)
class Corpus:
    """What a folder holds: every music file is either used or refused."""

    used: tuple[UsedSong, ...]
    """in the order of their names"""
    refused: tuple[Refusal, ...]
    n_ignored: int
    """files that are no music by their suffix"""
    remarks: tuple[str, ...]
    """about the folder as a whole"""

    @cached_property
    def train(self) -> tuple[UsedSong, ...]:
        """The songs to learn from."""
        return tuple(song for song in self.used if song.split == TRAIN)

    @cached_property
    def held_out(self) -> tuple[UsedSong, ...]:
        """The songs to judge by."""
        return tuple(song for song in self.used if song.split == HELD_OUT)

    def require_songs(self) -> None:
        """Raise CorpusError where there is nothing to learn from."""
        if self.train:
            return
        reasons = "; ".join(f"{refusal.name}: {refusal.reason}" for refusal in self.refused[:2])
        more = f"; and {len(self.refused) - 2} more" if len(self.refused) > 2 else ""
        raise CorpusError(f"none of {len(self.refused)} music files can be used ({reasons}{more})")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A song that was read, before it is compared with the others."""

    file: FoundFile
    name: str
    sha256: str
    song: Song
    roles: tuple[PartRole, ...]
    n_bars: int
    print: Fingerprint
    whole: Song
    """with all its parts, whichever of them are learnt: what it is compared with others by"""
    lines: SongLines | None
    voices: SongVoices | None
    frames: NDArray[np.int64] | None


def collect(
    places: Sequence[Path],
    *,
    hold_out: Sequence[str] = (),
    held_out_share: float | None = None,
    exclude: Sequence[str] = (),
    seed: int = 0,
    on_progress: Progress | None = None,
    parts: LearntParts = "all",
) -> Corpus:
    """Read all music below some folders (or single files) and divide it by song.

    `parts` says what of each song is learnt (presets.LearntParts).
    `hold_out` and `exclude` name songs by file name, with or without suffix, by folder or pattern. Raises CorpusError
    where a place is missing, holds no music file, or its roles file is wrong; WishError where a name means no song.
    """
    found = find_files(places)
    if not found.files:
        others = f" ({found.n_ignored} files of other kinds)" if found.n_ignored else ""
        raise CorpusError(f"{', '.join(str(place) for place in places)}: no music files here{others}")
    rules = _rules(found.folders)
    excluded = all_meant(exclude, [file.name for file in found.files], "--exclude") if exclude else set()
    candidates: list[_Candidate] = []
    refused: list[Refusal] = []
    for index, file in enumerate(found.files):
        if index in excluded:
            refused.append(Refusal(file.path, file.name, EXCLUDED))
        else:
            taken, not_taken = _take(file, rules, parts)
            candidates += taken
            refused += not_taken
        if on_progress is not None:
            on_progress(index + 1, len(found.files), file.name)
    named = _named(hold_out, candidates, refused)
    doubles = _doubles(candidates, named)
    refused += [Refusal(c.file.path, c.name, doubles[i]) for i, c in enumerate(candidates) if i in doubles]
    kept = [index for index in range(len(candidates)) if index not in doubles]
    splits = split_songs(
        [f"{candidates[index].sha256}{candidates[index].name.partition('#')[2]}" for index in kept],
        [position for position, index in enumerate(kept) if index in named],
        held_out_share,
        seed,
    )
    used = tuple(
        UsedSong(
            c.file.path, c.name, c.sha256, c.song, c.roles, c.n_bars, split, c.file.folder, c.lines, c.voices, c.frames
        )
        for c, split in zip((candidates[index] for index in kept), splits, strict=True)
    )
    remarks = _unused_rules(rules, candidates, refused)
    return Corpus(used, tuple(sorted(refused, key=lambda refusal: refusal.name)), found.n_ignored, remarks)


def _take(
    file: FoundFile, rules: dict[Path, tuple[RoleRule, ...]], parts: LearntParts
) -> tuple[list[_Candidate], list[Refusal]]:
    """Read one file; whatever is wrong with it becomes a refusal."""
    try:
        songs = read_songs(file.path)  # first: it refuses devices and files of gigabytes without reading them
        sha256 = hashlib.sha256(file.path.read_bytes()).hexdigest()
    except MusicFileError as error:
        return [], [Refusal(file.path, file.name, error.reason)]
    except OSError as error:
        return [], [Refusal(file.path, file.name, f"cannot be read ({error.strerror or error})")]
    except BandroidError as error:
        return [], [Refusal(file.path, file.name, str(error))]
    except Exception as error:  # one file must not take the others down, whatever our readers do wrong
        return [], [Refusal(file.path, file.name, f"bandroid failed on it ({type(error).__name__}: {error})")]
    taken: list[_Candidate] = []
    refused: list[Refusal] = []
    for number, song in enumerate(songs, start=1):
        name = f"{file.name}#{number}" if len(songs) > 1 else file.name
        try:
            candidate = _candidate(file, name, sha256, song, rules.get(file.folder, ()), parts)
        except Exception as error:
            failure = f"bandroid failed on it ({type(error).__name__}: {error})"
            refused.append(Refusal(file.path, name, str(error) if isinstance(error, CorpusError) else failure))
            continue
        n_notes = candidate.song.n_notes
        if n_notes < FEWEST_NOTES:
            plural = "s" if n_notes != 1 else ""
            reason = f"has only {n_notes} note{plural}" if n_notes else "has no notes"
            refused.append(Refusal(file.path, name, reason))
        elif candidate.n_bars < FEWEST_BARS and candidate.lines is None:
            refused.append(Refusal(file.path, name, "is only one bar long"))
        elif candidate.n_bars > MAX_BARS:
            refused.append(Refusal(file.path, name, f"has {candidate.n_bars:,} bars, and {MAX_BARS:,} is the most"))
        else:
            taken.append(candidate)
    if not songs:
        refused.append(Refusal(file.path, file.name, "holds no music"))
    return taken, refused


def _candidate(
    file: FoundFile, name: str, sha256: str, song: Song, rules: tuple[RoleRule, ...], parts: LearntParts
) -> _Candidate:
    table = note_table(song)
    whole = song = with_guessed_metre(song, table)
    found = fingerprint(song, table)
    lines: SongLines | None = None
    voices: SongVoices | None = None
    frames: NDArray[np.int64] | None = None
    if parts == "keyboard" and song.n_notes:
        song, rules = keyboard_song(song), ()  # rules speak of parts that are one now
        table = note_table(song)
    if parts not in LINE_KINDS and parts not in WINDOW_KINDS and is_played(song):
        song = song.with_remarks("played by hand: learnt on the beat, without the hand's own timing")
    roles = guess_roles(song, table)
    if rules:
        roles, remarks = corrected_roles(song, roles, [rule for rule in rules if rule.fits(name)])
        song = song.with_remarks(*remarks) if remarks else song
    if parts in LINE_KINDS and song.n_notes:
        lines = song_lines(song, LINE_KINDS[parts], roles)
        song = song.with_remarks(*lines.remarks)
    if parts in WINDOW_KINDS and song.n_notes:
        voices = song_voices(song, WINDOW_KINDS[parts], roles)
        song = song.with_remarks(*voices.remarks)
    if parts == "chorale" and song.n_notes:
        sung = four_voices(song)
        if sung is None:
            raise CorpusError("is not in four voices: soprano, alto, tenor and bass, each a part of its own")
        frames = once_through(frames_of_song(song, sung))
    return _Candidate(file, name, sha256, song, roles, bar_grid(song).n_bars, found, whole, lines, voices, frames)


def _rules(folders: Sequence[Path]) -> dict[Path, tuple[RoleRule, ...]]:
    """Read the roles files that lie in the folders."""
    return {folder: read_roles(folder / ROLES_FILE_NAME) for folder in folders if (folder / ROLES_FILE_NAME).is_file()}


def _unused_rules(
    rules: dict[Path, tuple[RoleRule, ...]], candidates: Sequence[_Candidate], refused: Sequence[Refusal]
) -> tuple[str, ...]:
    """Say which lines of a roles file mean no file at all: mostly a name spelt wrong."""
    names = [candidate.name for candidate in candidates] + [refusal.name for refusal in refused]
    return tuple(
        f"{folder / ROLES_FILE_NAME}, line {rule.line}: no song is called {rule.song!r}"
        for folder, its_rules in rules.items()
        for rule in its_rules
        if not any(rule.fits(name) for name in names)
    )


def _named(hold_out: Sequence[str], candidates: Sequence[_Candidate], refused: Sequence[Refusal]) -> set[int]:
    """Return the candidates that the user wants held out; raises WishError where a name means none that can be used."""
    names = [candidate.name for candidate in candidates] + [refusal.name for refusal in refused]
    named: set[int] = set()
    for wish in hold_out:
        meant = all_meant([wish], names, "--hold-out")
        usable = {index for index in meant if index < len(candidates)}
        if not usable:
            refusal = refused[min(meant) - len(candidates)]
            raise WishError(f"--hold-out {wish}: {refusal.name} cannot be used: {refusal.reason}")
        named |= usable
    return named


def _doubles(candidates: Sequence[_Candidate], named: set[int]) -> dict[int, str]:
    """Return which candidates are music that another one has too, and the reason in words.

    The one that stays is the one held out by name, else the one with more notes, else the first.
    """
    order = sorted(range(len(candidates)), key=lambda i: (i not in named, -candidates[i].song.n_notes, i))
    rank = {index: position for position, index in enumerate(order)}
    partners: dict[int, list[int]] = {}
    for i, j in similar_pairs([candidate.print for candidate in candidates]):
        earlier, later = sorted((i, j), key=rank.__getitem__)
        partners.setdefault(later, []).append(earlier)
    doubles: dict[int, str] = {}
    for index in order:
        for other in sorted(partners.get(index, ()), key=rank.__getitem__):
            if other in doubles:
                continue
            same = sameness(candidates[index].whole, candidates[other].whole)
            if same.share >= SAME_SHARE:
                doubles[index] = _same_words(candidates[index], candidates[other], same)
                break
    return doubles


def _same_words(double: _Candidate, kept: _Candidate, same: Sameness) -> str:
    if same.share > 0.995 and double.print.n_notes == kept.print.n_notes:
        what = f"the same music as {kept.name}"
    elif double.print.n_notes <= kept.print.n_notes:
        what = f"{same.share:.0%} of its notes are those of {kept.name}"
    else:
        what = f"it holds {same.share:.0%} of the notes of {kept.name}"
    interval = same.interval_semitone
    if interval:
        what += f", {abs(interval)} semitone{'s' if abs(interval) > 1 else ''} {'higher' if interval > 0 else 'lower'}"
    return what
