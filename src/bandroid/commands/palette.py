"""`bandroid reconstruct`, `vary`, `interpolate`, `chain`: songs and a latent space -> pieces on the disk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandroid import terminal
from bandroid.commands.compose import copies_row, copies_said
from bandroid.commands.continue_song import read_one_song
from bandroid.commands.options import within
from bandroid.commands.wishes import drawn_seed, sampling
from bandroid.errors import CorpusError, MusicFileError, WishError
from bandroid.render.wish import RenderWish

if TYPE_CHECKING:
    from bandroid.critique.report import Band
    from bandroid.generation.compose import Piece
    from bandroid.generation.space_style import SpaceStyle
    from bandroid.music.song import Song
    from bandroid.palette.fragment import Fragment
    from bandroid.render.output import PieceFiles
    from bandroid.representations.window import Window

USUAL_AMOUNT = 0.3
_MOST_WINDOWS_OF_A_FOLDER = 2000
_BAND = 3
"""parts with a pitch: from so many on a song is a whole band's"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where results go, and how they are told."""

    wish: RenderWish
    out: Path | None
    force: bool
    as_json: bool


def reconstruct(file: Path, *, style: str | None, at: str | None, place: Place) -> None:
    """Write down what a space hears in a song."""
    from bandroid.palette.ways import reconstruct as reconstruct_it

    song = read_one_song(file)
    loaded, band = space_for([song], style)
    heard = hear(loaded, song, file, at, only_one=False)
    name = f"{word_of(file)}-reconstructed"
    to = files_for(name, 1, place, [file])
    piece = reconstruct_it(loaded, heard, name)
    _finish([piece], to, loaded, band, place, f"{file.name} as {loaded.name} hears it", {"file": file})


def vary(
    file: Path,
    *,
    style: str | None,
    at: str | None,
    amount: float | None,
    settings: Sequence[str],
    more_like: Path | None,
    less_like: Path | None,
    strength: float,
    variations: int,
    seed: int | None,
    temperature: float,
    place: Place,
) -> None:
    """Write neighbours of a song, or what its sliders make of it."""
    from bandroid.palette.ways import Turn
    from bandroid.palette.ways import more_like as direction_of
    from bandroid.palette.ways import vary as vary_it

    within("--variations", variations, 1, 1000)
    seed = drawn_seed(seed)
    attributes = attributes_wished(settings)
    if amount is None:
        # Whoever moves a slider wants to hear the slider.
        amount = 0.0 if attributes or more_like or less_like else USUAL_AMOUNT
    how = sampling(temperature, None, None)
    song = read_one_song(file)
    loaded, band = space_for([song], style)
    unknown = [name for name in attributes if name not in loaded.attributes]
    if unknown:
        raise WishError(f"--set {unknown[0]}: style {loaded.name} has {', '.join(loaded.attributes)}")
    heard = hear(loaded, song, file, at, only_one=False)
    direction = None
    if more_like or less_like:
        more, less = (windows_of(loaded, folder) if folder else [] for folder in (more_like, less_like))
        direction = direction_of(loaded, more, less)
    turn = Turn(amount, attributes, direction, strength)
    name = f"{word_of(file)}-varied-{seed}"
    to = files_for(name, variations, place, [file])
    pieces = [vary_it(loaded, heard, turn, f"{name}-{n}", how, seed, n) for n in range(1, variations + 1)]
    _finish(pieces, to, loaded, band, place, f"{file.name} varied in {loaded.name}, seed {seed}", {"file": file})


def interpolate(
    files: Sequence[Path],
    *,
    style: str | None,
    at: str | None,
    steps: int,
    corners: bool,
    size: int,
    random: int | None,
    keep_ends: bool,
    seed: int | None,
    place: Place,
) -> None:
    """Write a path between two songs or drawn points, or a grid between four songs."""
    from bandroid.palette.ways import corners as corners_of
    from bandroid.palette.ways import interpolate as interpolate_it
    from bandroid.palette.ways import usual_band, wander

    wanted = 0 if random is not None else 4 if corners else 2
    if len(files) != wanted:
        what = {0: "--random draws its points: name no song", 4: "--corners: name four songs", 2: "name two songs"}
        raise WishError(f"{what[wanted]}, not {len(files)}" if wanted else what[0])
    if random is not None:
        if style is None:
            raise WishError("--random: name a latent space with --style")
        loaded, band = load_space(style)
        seed = drawn_seed(seed)
        name = f"{loaded.name}-path-{seed}"
        path, each = wander(loaded, random, steps, usual_band(loaded, seed), name, seed)
        _finish_path(path, each, name, loaded, band, place, f"a path through {loaded.name}, seed {seed}")
        return
    songs = [read_one_song(file) for file in files]
    loaded, band = space_for(songs, style)
    heard = [hear(loaded, song, file, at, only_one=True) for song, file in zip(songs, files, strict=True)]
    name = "-".join([*(word_of(file)[:20] for file in files), "grid" if corners else "path"])
    if corners:
        rows = corners_of(loaded, heard, size, name)
        _finish_grid(rows, name, loaded, place, files)
        return
    path, each = interpolate_it(loaded, heard[0], heard[1], steps, name, keep_ends=keep_ends)
    _finish_path(path, each, name, loaded, band, place, f"{files[0].name} to {files[1].name} in {loaded.name}")


def chain(files: Sequence[Path], *, style: str | None, at: str | None, between: int, place: Place) -> None:
    """Join songs into one track by transitions that a space proposes."""
    from bandroid.palette.ways import MOST_BETWEEN
    from bandroid.palette.ways import chain as chain_them

    if len(files) < 2:
        raise WishError("name two songs at least")
    within("--between", between, 0, MOST_BETWEEN)
    songs = [read_one_song(file) for file in files]
    loaded, band = space_for(songs, style)
    heard = [hear(loaded, song, file, at, only_one=False) for song, file in zip(songs, files, strict=True)]
    name = f"{word_of(files[0])}-chain"
    to = files_for(name, 1, place, files)
    piece = chain_them(loaded, heard, between, name)
    _finish([piece], to, loaded, band, place, f"{len(files)} songs joined in {loaded.name}", {"files": list(files)})


# --- spaces and fragments ---


def load_space(name: str) -> tuple[SpaceStyle, Band | None]:
    """Load a latent space by name; raises StyleError, which names those that there are, for a style of another kind."""
    from bandroid.bundle import store
    from bandroid.critique.report import Band
    from bandroid.generation.styles import load_space_style_for

    bundle = store.find_style(name)
    return load_space_style_for(bundle), Band.if_known(bundle)


def space_for(songs: Sequence[Song], name: str | None) -> tuple[SpaceStyle, Band | None]:
    """Load the named space, or the one that hears most of the songs."""
    if name is not None:
        return load_space(name)
    from bandroid.bundle import store

    has_drums = all(any(part.is_drum and len(part.notes) for part in song.parts) for song in songs)
    has_pitch = all(any(not part.is_drum and len(part.notes) for part in song.parts) for song in songs)
    n_pitched = min(sum(not part.is_drum and len(part.notes) > 0 for part in song.parts) for song in songs)
    if not has_pitch:
        wanted = "drums-2bar"
    elif n_pitched >= _BAND:
        wanted = "band-16bar"
    else:
        wanted = "trio-16bar" if has_drums else "melody-2bar"
    if wanted not in store.style_names():
        raise WishError(f"name a latent space with --style: {wanted} is not here (bandroid styles list)")
    terminal.remark(f"in {wanted}; --style chooses another space")
    return load_space(wanted)


def hear(style: SpaceStyle, song: Song, file: Path, at: str | None, *, only_one: bool) -> Fragment:
    """Hear a song, and say what had to be done to it."""
    from bandroid.palette.fragment import fragment

    heard = fragment(style, song, None if at is None else bars_wished(at), file.name, only_one=only_one)
    for remark in heard.remarks:
        terminal.remark(f"{file.name}: {remark}")
    return heard


def bars_wished(text: str) -> tuple[int, int]:
    """Read bars: "9-24" -> (9, 24), "9" -> (9, 9); raises WishError."""
    found = re.fullmatch(r"\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*", text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last:
        raise WishError(f"--at {text!r}: write bars as 9-24, or 9 for one; the first bar is 1")
    return first, last


def attributes_wished(settings: Sequence[str]) -> dict[str, float]:
    """Read sliders: "density=+1.5" -> {"density": 1.5}; raises WishError."""
    found: dict[str, float] = {}
    for wish in settings:
        match = re.fullmatch(r"\s*([a-z]+)\s*=\s*([+-]?\d+(?:\.\d+)?)\s*", wish)
        if not match:
            raise WishError(f"--set {wish}: write it as density=+1.5, so many of its usual deviations up or down")
        found[match[1]] = float(match[2])
    return found


def windows_of(style: SpaceStyle, folder: Path) -> list[Window]:
    """Return windows of all songs in a folder; raises CorpusError where it holds none that the space hears."""
    from bandroid.corpus.collect import collect
    from bandroid.corpus.voices import judging_windows
    from bandroid.representations.window import parts_of

    corpus = collect([folder], parts=parts_of(style.kind))  # type: ignore[arg-type]
    windows = judging_windows(
        [used.voices for used in corpus.used if used.voices is not None], style.kind, _MOST_WINDOWS_OF_A_FOLDER
    )
    if not windows:
        raise CorpusError(f"{folder}: holds nothing that style {style.name} hears")
    return windows


# --- results ---


def word_of(file: Path) -> str:
    from bandroid.render.output import file_word

    return file_word(file.stem) or "song"


def files_for(name: str, n: int, place: Place, sources: Sequence[Path]) -> list[PieceFiles]:
    """Return where pieces go, all of them free; raises MusicFileError where one would write over its source."""
    from bandroid.render import output

    folder = output.folder_for(place.out, name)
    to = [output.PieceFiles(folder, name if n == 1 else f"{name}-{number}") for number in range(1, n + 1)]
    for one in to:
        for source in sources:
            if one.midi.exists() and one.midi.samefile(source):
                raise MusicFileError(source, "would be written over by what comes of it; choose another folder with -o")
    output.prepare(to, force=place.force)
    return to


def _finish(
    pieces: Sequence[Piece],
    to: Sequence[PieceFiles],
    style: SpaceStyle,
    band: Band | None,
    place: Place,
    headline: str,
    facts: dict[str, Any],
) -> None:
    """Write pieces and say what was written."""
    from bandroid.render.song_files import SongWriter

    wish = place.wish
    writer = SongWriter(replace(wish, stems="midi") if wish.stems == "none" else wish)
    if not place.as_json:
        terminal.say(headline)
    rows = []
    with terminal.progress("writing", quiet=place.as_json) as report:
        for number, (piece, one) in enumerate(zip(pieces, to, strict=True), 1):
            written = writer.write(piece.song, one, comment=piece.comment)
            rows.append(_row(piece, band) | written.as_json())
            report(number, len(pieces))
            if not place.as_json:
                terminal.say("\n".join([_sentence(piece), *copies_said(piece, band), *written.lines()]))
    if place.as_json:
        of_style = {"style": style.name, "style_hash": style.style_hash, "folder": to[0].folder}
        terminal.print_json({**facts, **of_style, "pieces": rows})


def _finish_path(
    path: Piece,
    each: Sequence[Piece],
    name: str,
    style: SpaceStyle,
    band: Band | None,
    place: Place,
    headline: str,
) -> None:
    """Write a path as one piece, and each of its steps as MIDI in steps/."""
    from bandroid.render import output
    from bandroid.render.song_files import SongWriter

    folder = output.folder_for(place.out, name)
    steps = [output.PieceFiles(folder / "steps", f"{name}-{number:02}") for number in range(1, len(each) + 1)]
    output.prepare(steps, force=place.force)
    to = files_for(name, 1, place, [])
    plain = SongWriter(replace(place.wish, audio=(), stems="none", with_score=False))
    rows = []
    for piece, one in zip(each, steps, strict=True):
        rows.append({"midi": plain.write(piece.song, one, comment=piece.comment).midi, "notes": piece.song.n_notes})
    _finish([path], to, style, band, place, f"{headline}: {len(each)} steps", {"steps": rows})
    if not place.as_json:
        terminal.say(f"  each step by itself: {folder / 'steps'}")


def _finish_grid(
    rows: Sequence[Sequence[Piece]], name: str, style: SpaceStyle, place: Place, files: Sequence[Path]
) -> None:
    """Write each piece of a grid as MIDI, with sound where asked for, and the grid's picture."""
    from bandroid.files import write_atomically
    from bandroid.render import output
    from bandroid.render.engraving import svg_to_png
    from bandroid.render.grid_picture import grid_svg
    from bandroid.render.song_files import SongWriter

    folder = output.folder_for(place.out, name)
    to = [
        [output.PieceFiles(folder, f"{name}-{row:02}-{column:02}") for column in range(1, len(pieces) + 1)]
        for row, pieces in enumerate(rows, 1)
    ]
    of_all = output.PieceFiles(folder, name)
    output.prepare([of_all, *(one for row in to for one in row)], force=place.force)
    writer = SongWriter(replace(place.wish, stems="none", with_score=False))
    table: list[list[dict[str, Any]]] = []
    with terminal.progress("writing", quiet=place.as_json) as report:
        for number, (pieces, places) in enumerate(zip(rows, to, strict=True), 1):
            pairs = zip(pieces, places, strict=True)
            written = [writer.write(piece.song, one, comment=piece.comment) for piece, one in pairs]
            table.append([{"notes": p.song.n_notes, **w.as_json()} for p, w in zip(pieces, written, strict=True)])
            report(number, len(rows))
    title = f"{', '.join(file.stem for file in files)} in {style.name}"
    picture = grid_svg([[piece.song for piece in pieces] for pieces in rows], title)
    svg, png = of_all.picture(".svg"), of_all.picture(".png")
    write_atomically(svg, picture.encode())
    write_atomically(png, svg_to_png(picture, 1600))
    if place.as_json:
        facts = {"files": list(files), "style": style.name, "style_hash": style.style_hash, "folder": folder}
        terminal.print_json({**facts, "picture": svg, "rows": table})
        return
    terminal.say(f"{len(rows)} x {len(rows)} pieces between {', '.join(file.name for file in files)} in {style.name}")
    terminal.say(f"  {folder}\n  their picture: {png}")


def _sentence(piece: Piece) -> str:
    song = piece.song
    metre = f"{song.metres[0].numerator}/{song.metres[0].denominator}"
    parts = ", ".join(part.name for part in song.parts if len(part.notes)) or "silence"
    return f"  {piece.key}, {metre}, {song.tempos[0].tempo_qpm:g} bpm, {song.n_notes} notes: {parts}"


def _row(piece: Piece, band: Band | None) -> dict[str, Any]:
    names = [part.name for part in piece.song.parts]
    return {"key": piece.key, "notes": piece.song.n_notes, "parts": names, "copies": copies_row(piece, band)}
