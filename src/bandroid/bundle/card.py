"""CARD.md: a style's manifest in sentences that a musician can read."""

from __future__ import annotations

from collections import Counter

from bandroid.bundle.manifest import Manifest, Source, TrainingSong

_MAX_SONGS = 2000

_FIGURES = {
    "bits_per_note_held_out": "bits that it needs for a note of songs it never saw (lower is better)",
    "bits_per_note_own_held_out": "the same for songs of the folder that its net was not trained on, without headers",
    "bits_per_note_own_held_out_by_counting": "the same by counting alone",
    "onsets_right_held_out": "share of onsets of songs it never saw that come back from their place in the space",
    "steps_right_held_out": "share of 16ths of songs it never saw that come back",
    "onsets_right_own_held_out": "share of onsets of the folder's own songs held out that come back",
    "accuracy_all_steps": "share of 16ths of the folder's own songs held out that come back",
    "accuracy_wrong_z": "share of them right from another window's place: far less, or the place is not heeded",
    "bits_per_step_own_held_out": "bits that it needs for a 16th of a voice, its place in the space as it is weighed",
    "bound_nats": "nats that it needs for a window, its place in the space included",
    "ear_bits_per_step_own_held_out": "bits that a 16th of them costs its ear, by which paths are chosen",
    "bits_per_cell_own_held_out": "bits for a 16th of a voice of pieces held out, strokes and fermatas too",
    "nats_per_cell": "nats for its pitch alone",
    "nats_given_soprano": "the same of three voices, the soprano given",
    "nats_per_cell_held_out": "nats for a 16th of a voice of pieces that it never saw, strokes and fermatas too",
    "kl_bits": "bits that the place of a window holds",
    "kl_bits_largest": "bits that the fullest number of it holds",
    "active_units": "numbers of the place that are in use",
    "copy_rate_of_sample": "share of a piece, composed without the guard, that stands in its songs (0 to 1)",
    "held_out_songs": "songs that it never saw",
    "notes": "notes learnt",
    "songs": "songs learnt",
    "steps": "steps that its net was trained",
}
"""how the card puts a figure; others stand under their own names"""


def card_text(manifest: Manifest) -> str:
    """Return CARD.md; the same manifest gives the same text."""
    training = manifest.training
    learnt = [song for song in training.songs if song.split == "train"]
    held_out = [song for song in training.songs if song.split == "held-out"]
    lines = [f"# {manifest.name}", "", manifest.summary, ""]
    lines += [
        "| | |",
        "|---|---|",
        f"| made by | {manifest.created_by}, preset `{manifest.preset}` |",
        f"| learnt from | {_songs(learnt)} |",
        f"| held out for testing | {_songs(held_out)} |",
    ]
    plain = {name: value for name, value in manifest.defaults.items() if isinstance(value, str | int | float)}
    lines += [f"| {_cell(name)} | {_cell(value)} |" for name, value in sorted(plain.items())]
    lines += ["", f"Compose with it: `bandroid compose {manifest.name}`", ""]
    if training.figures:
        lines += ["## How well it knows its music", "", "| figure | value |", "|---|---|"]
        lines += [f"| {_FIGURES.get(k, _cell(k))} | {v:,.10g} |" for k, v in sorted(training.figures.items())]
        lines += [""]
    lines += ["## Where it comes from", ""]
    lines += [f"- {_source(source)}" for source in training.sources] or ["- the user's own folder"]
    lines += ["", *(f"- {note}" for note in training.notes), ""] if training.notes else [""]
    lines += ["## Rights", "", *_rights(manifest), ""]
    if training.songs:
        lines += ["## Songs", "", "| title | author | licence | file | part |", "|---|---|---|---|---|"]
        lines += [_row(song) for song in training.songs[:_MAX_SONGS]]
        if len(training.songs) > _MAX_SONGS:
            lines += ["", f"and {len(training.songs) - _MAX_SONGS} more, in manifest.json"]
    return "\n".join(lines).rstrip() + "\n"


def _songs(songs: list[TrainingSong]) -> str:
    authors = Counter(song.author for song in songs if song.author)
    by = ""
    if authors:
        by = f" by {len(authors)} authors" if len(authors) > 1 else f" by {_cell(next(iter(authors)))}"
    return _count(len(songs)) + by


def _count(n_songs: int) -> str:
    return f"{n_songs} song{'' if n_songs == 1 else 's'}"


def _rights(manifest: Manifest) -> list[str]:
    licences = Counter(song.licence for song in manifest.training.songs)
    known = sorted(licence for licence in licences if licence)
    lines = [f"- {_cell(licence)}: {_count(licences[licence])}" for licence in known]
    if licences[""]:
        unknown = _count(licences[""])
        lines.append(f"- licence unknown to bandroid: {unknown}; it is for you to know what you may do")
    lines.append(
        "- This style holds what was learnt from its songs, and can repeat passages of them. Name the authors where"
        " their licences ask for it, when you pass the style on or publish what it writes."
    )
    return lines


def _source(source: Source) -> str:
    commit = source.commit and f"commit {source.commit}"
    return ", ".join(_cell(part) for part in (source.name, source.url, commit, source.licence) if part)


def _row(song: TrainingSong) -> str:
    split = "learnt" if song.split == "train" else "held out"
    cells = (song.title, song.author, song.licence, song.file, split)
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(value: object) -> str:
    """Put any text into one table cell: no line breaks, no bars, no control characters."""
    text = " ".join(str(value).split()).replace("|", "/")
    return "".join(character for character in text if character.isprintable())[:200]
