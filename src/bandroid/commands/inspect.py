"""`bandroid inspect`: what is in a file, or file by file in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandroid import terminal

if TYPE_CHECKING:
    from bandroid.corpus.collect import Corpus, UsedSong
    from bandroid.corpus.inspection import SongFacts

_MOST_CHORDS = 16


def inspect(paths: Sequence[Path], *, exclude: Sequence[str], as_json: bool) -> None:
    """Show one file in full, or several and folders as a report."""
    if len(paths) == 1 and not paths[0].is_dir() and not exclude:
        _inspect_file(paths[0], as_json)
    else:
        _inspect_folders(paths, exclude, as_json)


def _inspect_file(path: Path, as_json: bool) -> None:
    from bandroid.corpus.inspection import inspect_song
    from bandroid.corpus.roles import guess_roles
    from bandroid.music.metre import with_guessed_metre
    from bandroid.music.read import read_songs

    songs = [with_guessed_metre(song) for song in read_songs(path)]
    facts = [inspect_song(song, guess_roles(song)) for song in songs]
    if as_json:
        terminal.print_json({"file": path, "made_by": _comment(path), "songs": [one.as_json() for one in facts]})
        return
    for number, one in enumerate(facts, 1):
        terminal.say(f"{path}{f', tune {number} of {len(facts)}' if len(facts) > 1 else ''}")
        terminal.say(song_text(one))
    if comment := _comment(path):
        terminal.say(f"  made by bandroid: {comment}")


def _comment(path: Path) -> str | None:
    """Return how bandroid made this file, if it did."""
    from bandroid.music.midi_reader import read_comment
    from bandroid.music.read import MIDI_SUFFIXES

    return read_comment(path) if path.suffix.lower() in MIDI_SUFFIXES else None


def _inspect_folders(paths: Sequence[Path], exclude: Sequence[str], as_json: bool) -> None:
    from bandroid.corpus.collect import collect
    from bandroid.corpus.inspection import LossFacts, loss_facts

    with terminal.progress("reading", quiet=as_json) as report:
        corpus = collect(paths, exclude=exclude, on_progress=lambda done, total, _: report(done, total))
    loss = sum((loss_facts(used.song) for used in corpus.used), LossFacts())
    if as_json:
        terminal.print_json({**corpus_json(corpus), "lost_in_score": asdict(loss)})
        return
    terminal.say(corpus_text(corpus))
    if corpus.used:
        terminal.say(f"as a score: {loss.sentence()}")


def corpus_text(corpus: Corpus) -> str:
    """Return the report of a folder: a line or two per file, then the sum."""
    lines = ["used (+), held out (o), refused (-), remarks (!):"]
    lines += [line for used in corpus.used for line in _used_lines(used)]
    lines += [f"- {refusal.name}: {refusal.reason}" for refusal in corpus.refused]
    lines += [f"! {remark}" for remark in corpus.remarks]
    bars = sum(used.n_bars for used in corpus.used)
    notes = sum(used.song.n_notes for used in corpus.used)
    held = f", {len(corpus.held_out)} of them held out" if corpus.held_out else ""
    lines.append(
        f"{len(corpus.used)} songs used{held}, {len(corpus.refused)} refused: {bars} bars, {notes} notes"
        + (f"; {corpus.n_ignored} other files left alone" if corpus.n_ignored else "")
    )
    return "\n".join(lines)


def _used_lines(used: UsedSong) -> list[str]:
    roles = ", ".join(
        f"{part.name.strip() or 'part'} ({role.role})" for part, role in zip(used.song.parts, used.roles, strict=True)
    )
    mark = "o" if used.split == "held_out" else "+"
    lines = [f"{mark} {used.name}: {used.n_bars} bars, {used.song.n_notes} notes; {roles}"]
    return lines + [f"    {remark}" for remark in used.remarks]


def corpus_json(corpus: Corpus) -> dict[str, Any]:
    """Return the report of a folder as plain data."""
    return {
        "used": [
            {
                "file": used.name,
                "sha256": used.sha256,
                "split": used.split,
                "bars": used.n_bars,
                "notes": used.song.n_notes,
                "parts": [
                    {"name": part.name, "program": part.program, "drums": part.is_drum, "notes": len(part.notes)}
                    | {"role": role.role, "why": role.why}
                    for part, role in zip(used.song.parts, used.roles, strict=True)
                ],
                "remarks": used.remarks,
            }
            for used in corpus.used
        ],
        "refused": [{"file": refusal.name, "reason": refusal.reason} for refusal in corpus.refused],
        "other_files": corpus.n_ignored,
        "remarks": corpus.remarks,
    }


def song_text(facts: SongFacts) -> str:
    """Return the facts of a song as lines to read."""
    start, slowest, fastest = facts.tempos_qpm
    tempo = f"{start:g} bpm" if slowest == fastest else f"{start:g} bpm ({slowest:g} to {fastest:g})"
    minutes, seconds = divmod(round(facts.seconds), 60)
    key = f"{facts.key_heard} by ear" if facts.key_heard else "none"
    if facts.key_stated:
        key = f"{facts.key_stated} by its signature, {key}"
    lines = [f"  title    {facts.title}"] if facts.title else []
    lines += [
        f"  length   {facts.bars} bars, {minutes}:{seconds:02}, {facts.notes} notes",
        f"  metre    {', '.join(facts.metres)}",
        f"  tempo    {tempo}",
        f"  key      {key}",
    ]
    if facts.chords:
        more = " ..." if len(facts.chords) > _MOST_CHORDS else ""
        heard = "" if facts.are_chords_written else " (by ear)"
        lines.append(f"  chords   {' '.join(facts.chords[:_MOST_CHORDS])}{more}{heard}")
    if facts.sections:
        lines.append(f"  form     {' '.join(facts.sections[:24])}")
    lines.append(f"  repeats  {facts.repeat_share:.0%} of notes stand in bars that repeat an earlier bar of their part")
    lines += _part_lines(facts)
    if facts.notes:
        lines.append(f"  as score {facts.loss.sentence()}")
    return "\n".join([*lines, *(f"  remark   {remark}" for remark in facts.remarks)])


def _part_lines(facts: SongFacts) -> list[str]:
    rows = [("part", "role", "instrument", "notes", "range", "at once", "repeats", "why this role")]
    for part in facts.parts:
        span = f"{part.lowest}-{part.highest}" if part.lowest else ""
        voices = f"{part.sounding_mean:.1f}, at most {part.sounding_at_most}"
        name = part.name.strip()[:24] or "-"
        repeats = f"{part.repeat_share:.0%}"
        rows.append((name, part.role, part.instrument, str(part.notes), span, voices, repeats, part.why))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
