"""`bandroid compose`: a style and a wish -> pieces on the disk."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandroid import terminal
from bandroid.commands.options import within
from bandroid.commands.wishes import drawn_seed, music_wish, primer_of, sampling

if TYPE_CHECKING:
    from bandroid.critique.report import Band
    from bandroid.generation.compose import Piece
    from bandroid.render.song_files import Written
    from bandroid.render.wish import RenderWish


def compose(
    *,
    style: str | None,
    bars: int | None,
    steps: int | None,
    primer: str | None,
    chords: str | None,
    variations: int,
    seed: int | None,
    temperature: float,
    top_p: float | None,
    min_p: float | None,
    tempo_qpm: float | None,
    metre: str | None,
    key: str | None,
    instruments: str | None,
    copy_guard: bool,
    wish: RenderWish,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Compose, write, and say what was written; each piece is whole before the next begins."""
    from bandroid.bundle import store
    from bandroid.critique.report import Band
    from bandroid.generation.styles import compose_any, load_any_style, usual_bars
    from bandroid.render import output
    from bandroid.render.song_files import SongWriter

    within("--variations", variations, 1, 1000)
    seed = drawn_seed(seed)
    within("--seed", seed, 0, 2**63 - 1)
    bundle = store.find_style(style or store.DEFAULT_STYLE)
    loaded = load_any_style(bundle)
    music = music_wish(
        usual_bars(loaded) if bars is None and steps is None else bars,
        sampling(temperature, top_p, min_p),
        tempo_qpm,
        metre,
        key,
        instruments,
        steps=steps,
        primer=None if primer is None else primer_of(primer),
        chords=chords,
        copy_guard=copy_guard,
    )
    band = Band.if_known(bundle)
    places = output.style_pieces(bundle.name, seed, variations, out)
    # Whoever composes wants to edit: the parts lie apart in any case, their sound where asked for.
    writer = SongWriter(replace(wish, stems="midi") if wish.stems == "none" else wish)
    output.prepare(places, force=force)
    if not as_json:
        terminal.say(f"{bundle.name}, seed {seed}")
    rows = []
    with terminal.progress(f"composing {bundle.name}", quiet=as_json) as report:
        for number, place in enumerate(places, 1):
            piece = compose_any(loaded, music, seed, number, partial(_report_bars, report, number, variations))
            written = writer.write(piece.song, place, comment=piece.comment)
            rows.append(_row(piece, band, written, number))
            if not as_json:
                terminal.say(_sentence(piece, band, written))
    if as_json:
        terminal.print_json(
            {
                "style": bundle.name,
                "style_hash": bundle.style_hash,
                "seed": seed,
                "folder": places[0].folder,
                "pieces": rows,
            }
        )


def _report_bars(report: terminal.Report, number: int, variations: int, done: int, total: int) -> None:
    """Turn the bars done of one piece into bars done of all."""
    report((number - 1) * total + done, variations * total)


def _sentence(piece: Piece, band: Band | None, written: Written) -> str:
    song = piece.song
    metre = f"{song.metres[0].numerator}/{song.metres[0].denominator}" if song.metres else "4/4"
    tempo = f", {song.tempos[0].tempo_qpm:g} bpm" if song.tempos else ""
    parts = ", ".join(dict.fromkeys(part.name for part in song.parts if len(part.notes))) or "silence"
    facts = f"{piece.key}, {metre}{tempo}, {song.n_notes} notes: {parts}"
    return "\n".join([f"  {facts}", *copies_said(piece, band), *written.lines()])


def copies_said(piece: Piece, band: Band | None) -> list[str]:
    """Say what a piece copies, below its facts; nothing where its style travels without fingerprints."""
    from bandroid.critique.report import copies_lines

    if piece.copies is None or band is None:
        return []
    return [f"  {line}" for line in copies_lines(piece.copies, band, piece.first_new_bar)]


def copies_row(piece: Piece, band: Band | None) -> dict[str, Any] | None:
    """Return the same as plain data, with every match."""
    from bandroid.critique.report import copies_json

    return None if piece.copies is None or band is None else copies_json(piece.copies, band, piece.first_new_bar)


def _row(piece: Piece, band: Band | None, written: Written, number: int) -> dict[str, Any]:
    song = piece.song
    return {
        "variation": number,
        "key": piece.key,
        "notes": song.n_notes,
        "parts": [part.name for part in song.parts],
        "steered": piece.steered,
        "copies": copies_row(piece, band),
        **written.as_json(),
    }
