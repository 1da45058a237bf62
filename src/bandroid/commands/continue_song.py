"""`bandroid continue`: a song and a style -> the song with new bars behind it, on the disk."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandroid import terminal
from bandroid.commands.compose import copies_row, copies_said
from bandroid.commands.options import within
from bandroid.commands.wishes import drawn_seed, sampling
from bandroid.errors import MusicFileError

if TYPE_CHECKING:
    from bandroid.critique.report import Band
    from bandroid.generation.compose import Piece
    from bandroid.music.song import Song
    from bandroid.render.song_files import Written
    from bandroid.render.wish import RenderWish


def continue_song(
    file: Path,
    *,
    style: str | None,
    bars: int,
    variations: int,
    seed: int | None,
    temperature: float,
    top_p: float | None,
    min_p: float | None,
    copy_guard: bool,
    wish: RenderWish,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Read, continue, write, and say what was written; each variation is whole before the next begins."""
    from bandroid.bundle import store
    from bandroid.critique.report import Band
    from bandroid.generation.compose import Wish
    from bandroid.generation.continuation import continue_song
    from bandroid.generation.styles import load_score_style
    from bandroid.render import output
    from bandroid.render.song_files import SongWriter

    within("--variations", variations, 1, 1000)
    seed = drawn_seed(seed)
    within("--seed", seed, 0, 2**63 - 1)
    music = Wish(n_bars=bars, sampling=sampling(temperature, top_p, min_p), copy_guard=copy_guard)
    song = read_one_song(file)
    bundle = store.find_style(style or store.DEFAULT_STYLE)
    loaded = load_score_style(bundle, "continue")
    band = Band.if_known(bundle)
    name = f"{output.file_word(file.stem) or 'song'}-continued"
    places = output.style_pieces(name, seed, variations, out)
    for place in places:
        if place.midi.exists() and place.midi.samefile(file):
            raise MusicFileError(file, "would be written over by what comes of it; choose another folder with -o")
    writer = SongWriter(replace(wish, stems="midi") if wish.stems == "none" else wish)
    output.prepare(places, force=force)
    if not as_json:
        terminal.say(f"{file.name}, on in {bundle.name}, seed {seed}")
    rows = []
    with terminal.progress(f"continuing {file.name}", quiet=as_json) as report:
        for number, place in enumerate(places, 1):
            piece = continue_song(loaded, song, music, seed, number, partial(_report, report, number, variations))
            for remark in piece.song.remarks[len(song.remarks) :]:
                terminal.remark(f"{file.name}: {remark}")
            written = writer.write(piece.song, place, comment=piece.comment)
            rows.append(_row(piece, band, song, written, number))
            if not as_json:
                terminal.say(_sentence(piece, band, song, bars, written))
    if as_json:
        facts = {"file": file, "style": bundle.name, "style_hash": bundle.style_hash, "seed": seed}
        terminal.print_json({**facts, "folder": places[0].folder, "pieces": rows})


def read_one_song(file: Path) -> Song:
    """Read the one song of a file, its metre guessed where the file states none or a wrong one.

    What the reader has to say goes to stderr. Raises MusicFileError where there is none to go on, or more than one.
    """
    from bandroid.music.metre import with_guessed_metre
    from bandroid.music.read import ABC_SUFFIXES, MUSICXML_SUFFIXES, read_songs

    if file.is_dir():
        raise MusicFileError(file, "is a folder: name one file in it")
    songs = read_songs(file)
    if len(songs) > 1:
        raise MusicFileError(
            file, f"holds {len(songs)} songs, and one can go on at a time: put it into a file of its own"
        )
    if not songs or not songs[0].n_notes:
        raise MusicFileError(file, "holds no notes")
    # Whoever writes notes down knows the metre; sequencers state 4/4 whatever is played.
    is_notation = file.suffix.lower() in (*MUSICXML_SUFFIXES, *ABC_SUFFIXES) and bool(songs[0].metres)
    song = songs[0] if is_notation else with_guessed_metre(songs[0])
    for remark in dict.fromkeys(song.remarks):
        terminal.remark(f"{file.name}: {remark}")
    return song


def _report(report: terminal.Report, number: int, variations: int, done: int, total: int) -> None:
    """Turn the bars done of one piece into bars done of all."""
    report((number - 1) * total + done, variations * total)


def _sentence(piece: Piece, band: Band | None, song: Song, n_bars: int, written: Written) -> str:
    first = piece.first_new_bar
    key = f" in {piece.key}" if any(len(part.notes) and not part.is_drum for part in song.parts) else ""
    bars = f"bars {first} to {first + n_bars - 1} are" if n_bars > 1 else f"bar {first} is"
    facts = f"{bars} new: {piece.song.n_notes - song.n_notes} notes{key}"
    return "\n".join([f"  {facts}", *copies_said(piece, band), *written.lines()])


def _row(piece: Piece, band: Band | None, song: Song, written: Written, number: int) -> dict[str, Any]:
    return {
        "variation": number,
        "key": piece.key,
        "first_new_bar": piece.first_new_bar,
        "notes": piece.song.n_notes,
        "new_notes": piece.song.n_notes - song.n_notes,
        "parts": [part.name for part in piece.song.parts],
        "steered": piece.steered,
        "copies": copies_row(piece, band),
        **written.as_json(),
    }
