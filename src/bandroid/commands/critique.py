"""`bandroid critique`: what music files copy from the songs of a style, beside how much its band quotes itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bandroid import terminal
from bandroid.errors import CorpusError, MusicFileError

if TYPE_CHECKING:
    from bandroid.critique.report import Band, Report
    from bandroid.presets import LearntParts

_NOT_PIECES = frozenset({"stems", "score"})
"""folders that compose fills with the parts and the notation of its pieces"""


def critique(paths: Sequence[Path], *, style: str, as_json: bool) -> None:
    """Read pieces, and say of each what it copies and how it behaves. A bad file among others is named and passed."""
    from bandroid.bundle import store
    from bandroid.critique.report import Band, summary

    bundle = store.find_style(style)
    band, parts = Band.of(bundle), bundle.manifest.learnt_parts
    files = _pieces(paths)
    reports: list[Report] = []
    refused: list[MusicFileError] = []
    with terminal.progress("comparing", quiet=as_json) as report:
        for done, file in enumerate(files, 1):
            try:
                reports += _reports(file, band, parts)
            except MusicFileError as error:
                if len(files) == 1:
                    raise
                refused.append(error)
            report(done, len(files))
    if as_json:
        terminal.print_json(
            {
                "style": bundle.name,
                "style_hash": bundle.style_hash,
                "band": band.as_json(),
                "pieces": [one.as_json() for one in reports],
                "refused": [{"file": refusal.path, "reason": refusal.reason} for refusal in refused],
            }
        )
        return
    for one in reports:
        terminal.say(one.as_text())
    for refusal in refused:
        terminal.say(f"{refusal.path}: not compared: {refusal.reason}")
    if len(reports) > 1:
        terminal.say(summary(reports, band))


def _pieces(paths: Sequence[Path]) -> list[Path]:
    """Find the music files; in a folder, what compose wrote beside its pieces is left out. Raises CorpusError."""
    from bandroid.corpus.files import find_files

    found = find_files(paths)
    files = [
        file.path
        for file in found.files
        if not _NOT_PIECES.intersection(part.lower() for part in file.path.relative_to(file.folder).parts[:-1])
    ]
    if not files:
        raise CorpusError(f"{', '.join(map(str, paths))}: there is no music file here to compare")
    return files


def _reports(file: Path, band: Band, parts: LearntParts) -> Iterator[Report]:
    """Compare the songs of one file, as far as the style has learnt their parts; raises MusicFileError."""
    from bandroid.corpus.keyboard import keyboard_song
    from bandroid.corpus.lines import song_lines
    from bandroid.corpus.voices import song_voices
    from bandroid.critique.report import critique
    from bandroid.generation.lesson import lesson
    from bandroid.generation.line_facts import LINE_KINDS
    from bandroid.music.metre import with_guessed_metre
    from bandroid.music.read import read_songs
    from bandroid.representations.window import WINDOW_KINDS

    songs = read_songs(file)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    if not any(song.n_notes for song in songs):
        raise MusicFileError(file, "has no notes")
    for number, song in enumerate(songs, 1):
        if not song.n_notes:
            continue
        try:
            song = with_guessed_metre(song)
            if parts == "keyboard":
                song = keyboard_song(song)
            elif parts in LINE_KINDS:
                song = song_lines(song, LINE_KINDS[parts]).song
            elif parts in WINDOW_KINDS:
                song = song_voices(song, WINDOW_KINDS[parts]).song
            sheet = lesson(song).sheet
        except (CorpusError, ValueError) as error:
            raise MusicFileError(file, str(error)) from None
        yield critique(f"{file}#{number}" if len(songs) > 1 else str(file), sheet, band, sha256)
