"""What was used of a folder and what was not, in words and as plain data."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bandroid.corpus.collect import Corpus, UsedSong
from bandroid.corpus.roles import ROLES
from bandroid.corpus.split import HELD_OUT
from bandroid.music.general_midi import program_name

_FEW_SONGS = 4
"""up to so many, a style knows its songs rather than their band"""


def corpus_json(corpus: Corpus) -> dict[str, Any]:
    """Return the whole report as plain data for JSON: per song all that was decided and why."""
    return {
        "totals": totals(corpus),
        "used": [song_json(song) for song in corpus.used],
        "refused": [{"name": r.name, "path": str(r.path), "reason": r.reason} for r in corpus.refused],
        "remarks": list(corpus.remarks),
    }


def song_json(used: UsedSong) -> dict[str, Any]:
    """Return one used song as plain data."""
    song = used.song
    return {
        "name": used.name,
        "path": str(used.path),
        "sha256": used.sha256,
        "title": song.title,
        "split": used.split,
        "bars": used.n_bars,
        "notes": song.n_notes,
        "metres": metre_names(used),
        "parts": [
            {
                "number": number,
                "name": part.name,
                "program": part.program,
                "instrument": program_name(part.program, part.is_drum),
                "notes": len(part.notes),
                "role": role.role,
                "why": role.why,
            }
            for number, (part, role) in enumerate(zip(song.parts, used.roles, strict=True), start=1)
        ],
        "remarks": list(used.remarks),
    }


def totals(corpus: Corpus) -> dict[str, int]:
    """Return the counts of a report."""
    return {
        "files_used": len({song.path for song in corpus.used}),
        "songs_used": len(corpus.used),
        "songs_held_out": len(corpus.held_out),
        "refused": len(corpus.refused),
        "ignored": corpus.n_ignored,
        "parts": sum(len(song.song.parts) for song in corpus.used),
        "bars": sum(song.n_bars for song in corpus.used),
        "notes": sum(song.song.n_notes for song in corpus.used),
    }


def metre_names(used: UsedSong) -> list[str]:
    """Return the metres of a song, each once, in the order in which they come."""
    names = [f"{metre.numerator}/{metre.denominator}" for metre in used.song.metres]
    return list(dict.fromkeys(names)) or ["4/4"]


def roles_in_words(used: UsedSong) -> str:
    """Count a song's roles: "2 leads, 3 chords, bass, drums"."""
    counts = Counter(role.role for role in used.roles)
    plurals = {"vocal line": "vocal lines", "lead": "leads"}
    return ", ".join(
        f"{counts[role]} {plurals.get(role, role)}" if counts[role] > 1 else role for role in ROLES if counts[role]
    )


def summary(corpus: Corpus) -> str:
    """Say in one line what came of a folder."""
    count = totals(corpus)
    held_out = f" ({count['songs_held_out']} held out)" if count["songs_held_out"] else ""
    ignored = f", {counted(count['ignored'], 'other file')} passed over" if count["ignored"] else ""
    return (
        f"{counted(count['songs_used'], 'song')} used{held_out}: {counted(count['parts'], 'part')}, "
        f"{counted(count['bars'], 'bar')}, {counted(count['notes'], 'note')}; {count['refused']:,} refused{ignored}"
    )


def report_text(corpus: Corpus, *, with_parts: bool = True) -> str:
    """Return the report as plain text, a line or more per file, the summary last."""
    lines: list[str] = []
    for used in corpus.used:
        held_out = ", held out" if used.split == HELD_OUT else ""
        lines.append(
            f"used     {used.name}: {counted(used.n_bars, 'bar')} of {', '.join(metre_names(used))}, "
            f"{counted(len(used.song.parts), 'part')} ({roles_in_words(used)}), {used.song.n_notes:,} notes{held_out}"
        )
        if with_parts:
            for number, (part, role) in enumerate(zip(used.song.parts, used.roles, strict=True), start=1):
                name = part.name.strip() or program_name(part.program, part.is_drum)
                lines.append(f"         {number:3} {name}: {role.role} ({role.why})")
        lines += [f"         note: {remark}" for remark in used.remarks]
    lines += [f"refused  {refusal.name}: {refusal.reason}" for refusal in corpus.refused]
    lines += [f"note: {remark}" for remark in corpus.remarks]
    lines.append(summary(corpus))
    return "\n".join(lines)


def expectation(n_songs: int) -> str:
    """Say what may be expected of so few songs; empty where there are enough."""
    if n_songs == 1:
        return "one song: what comes of it will sound much like it, down to whole bars; ten or more make a band"
    if n_songs <= _FEW_SONGS:
        return f"{n_songs} songs: what comes of them will stay close to them; ten or more make a band"
    return ""


def counted(count: int, word: str) -> str:
    """Spell a count: (1, "bar") -> "1 bar", (1200, "bar") -> "1,200 bars"."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
