"""Make the styles that ship with bandroid again: python -m recipes [NAME...] [--into FOLDER].

Trained ones need the extra `learn`; their runs lie in BANDROID_HOME/runs/recipe-NAME, and go on where they were broken
off.

Each NAME.toml beside this file names its data (repository and commit), what is left out, and how much is held out.
The data lies in BANDROID_DATA, by default ../shared/data beside the repository. The same data and version of bandroid
give the same style, byte for byte; a net on the same kind of processor.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bandroid import terminal
from bandroid.bundle.manifest import Source, TrainingSong
from bandroid.bundle.store import SHIPPED_FOLDER, Bundle, open_style, save_style
from bandroid.corpus.collect import Corpus, UsedSong, collect
from bandroid.corpus.lines import song_lines
from bandroid.corpus.split import HELD_OUT
from bandroid.corpus.voices import song_voices
from bandroid.generation.line_facts import LINE_KINDS
from bandroid.generation.styles import check_any_golden
from bandroid.music.notes import Notes
from bandroid.music.song import Part
from bandroid.presets import Preset, find_preset
from bandroid.representations.window import WINDOW_KINDS
from bandroid.training.instant import bits_per_note, learn_instant
from bandroid.training.run_folder import How, RunFacts, RunFolder, RunSong, opened, run_names, runs_folder
from bandroid.training.score_bundle import score_style
from bandroid.training.style_facts import StyleFacts
from recipes import music21_corpus

if TYPE_CHECKING:
    from bandroid.training.with_net import TrainedStyle

RECIPES = Path(__file__).resolve().parent
DATA = Path(os.environ.get("BANDROID_DATA", RECIPES.parent.parent / "shared" / "data"))


def load_recipe(name: str) -> dict[str, Any]:
    """Read a recipe by its style's name."""
    return tomllib.loads((RECIPES / f"{name}.toml").read_text())


def corpus_of(recipe: dict[str, Any]) -> Corpus:
    """Read a recipe's songs, those to learn from and those held out, with General MIDI's drums."""
    preset = find_preset(recipe["preset"])
    corpus = collect(
        _all_places(recipe),
        exclude=[*recipe["exclude"], *_left_out(recipe)],
        held_out_share=recipe.get("held_out"),
        parts=preset.parts,
    )
    if "hold_out" in recipe:
        corpus = _official_split(corpus, recipe["hold_out"])
    if "held_out_tunes" in recipe:
        corpus = music21_corpus.with_tunes_on_one_side(corpus, recipe["held_out_tunes"])
    corpus = _held_out_elsewhere(corpus, recipe.get("held_out_with", ()))
    return replace(corpus, used=tuple(_general_midi(used, recipe, preset) for used in corpus.used))


def make(recipe: dict[str, Any], into: Path) -> Bundle:
    """Learn one recipe's style and put it in a folder of styles."""
    rows = {row["file"]: row for row in map(json.loads, (DATA / "index.jsonl").read_text().splitlines())}
    preset = find_preset(recipe["preset"]).with_settings(recipe.get("settings", []))
    corpus = corpus_of(recipe)
    songs, held_out = list(corpus.train), list(corpus.held_out)
    left_out = f"{len(corpus.refused)} files were left out: excluded, twice there, or too short"
    figures = {"songs": float(len(corpus.train)), "held_out_songs": float(len(corpus.held_out))}
    if preset.needs_torch:
        start = [open_style(SHIPPED_FOLDER / one) for one in recipe.get("from", ())]
        trained = _train(songs, preset, f"recipe-{recipe['name']}", recipe.get("steps"), start)
        notes, figures = [left_out, *trained.notes], figures | trained.figures
        figures |= {"notes": trained.n_notes, **trained.held_out_figures(held_out)}
        if "exclude_pieces" in recipe:
            from bandroid.training.chorale_style import TrainedChorale

            assert isinstance(trained, TrainedChorale)
            left_out_frames = music21_corpus.frames_of(_all_places(recipe), _left_out(recipe))
            unseen = [*left_out_frames, *(used.frames for used in held_out if used.frames is not None)]
            trained = replace(trained, unseen=tuple(unseen))
    else:
        learnt = learn_instant([used.song for used in songs])
        bits = bits_per_note(learnt, [used.song for used in held_out])
        notes, figures = [left_out], figures | {"notes": learnt.n_notes, "bits_per_note_held_out": round(bits, 3)}
    facts = StyleFacts(
        preset=preset.name,
        name=recipe["name"],
        summary=recipe["summary"],
        songs=[_credit(song, rows) for song in corpus.used],
        sources=[Source(**source) for source in recipe["sources"]],
        figures=figures,
        notes=notes,
    )
    if preset.needs_torch:
        curves = RunFolder(runs_folder() / f"recipe-{recipe['name']}").curves_svg.read_bytes()
        # Weights are there to learn further; a style that is to stay small goes without.
        with_weights = bool(recipe.get("with_weights", True))
        manifest, files = trained.files(facts, {"curves.svg": curves}, with_weights=with_weights)
    else:
        manifest, files = score_style(learnt, **{name: getattr(facts, name) for name in StyleFacts.__slots__})
    bundle = save_style(manifest, files, into=into, force=True)
    check_any_golden(bundle)
    return bundle


def _train(
    songs: list[UsedSong], preset: Preset, name: str, steps: int | None, start: Sequence[Bundle]
) -> TrainedStyle:
    """Train in a run that goes on where it was broken off, so many steps at most."""
    from bandroid.training.loop import Budget
    from bandroid.training.with_net import learn_with_net

    settings = preset.settings_json()
    facts = RunFacts(preset.name, settings, tuple(RunSong(one.name, one.sha256, "train") for one in songs))
    how: How = "resume" if name in run_names() else "new"
    with opened(name, facts, how) as run:
        say, progress = partial(print, flush=True), terminal.progress
        ways: dict[str, Any] = {"start": start, "device": "cpu", "say": say, "progress": progress}
        return learn_with_net(songs, [1.0] * len(songs), preset, run, Budget(steps), **ways)


def _held_out_elsewhere(corpus: Corpus, styles: Sequence[str]) -> Corpus:
    """Hold out what other styles that ship have held out: their benchmarks and ours stay clean of each other."""
    hashes = {
        song.sha256
        for name in styles
        for song in open_style(SHIPPED_FOLDER / name).manifest.training.songs
        if song.split == "held-out"
    }
    used = (replace(one, split=HELD_OUT if one.sha256 in hashes else one.split) for one in corpus.used)
    return replace(corpus, used=tuple(used))


def _official_split(corpus: Corpus, table: Mapping[str, str]) -> Corpus:
    """Hold out the files that a collection's own table holds out."""
    folder = (DATA / table["csv"]).parent
    with (DATA / table["csv"]).open(newline="", encoding="utf-8") as rows:
        named = {folder / row[table["file"]] for row in csv.DictReader(rows) if row[table["column"]] == table["value"]}
    used = (replace(one, split=HELD_OUT if one.path in named else one.split) for one in corpus.used)
    return replace(corpus, used=tuple(used))


def _general_midi(used: UsedSong, recipe: Mapping[str, Any], preset: Preset) -> UsedSong:
    """Give the drums of a kit of its own the numbers that General MIDI has for them."""
    drums = {int(pitch): meant for pitch, meant in recipe.get("drums", {}).items()}
    if not drums or not used.path.is_relative_to(DATA / recipe.get("drums_of", "")):
        return used
    meant = np.array([drums.get(pitch, pitch) for pitch in range(128)])

    def mapped(part: Part) -> Part:
        notes = part.notes
        if not part.is_drum:
            return part
        return replace(part, notes=Notes(notes.onset_tick, notes.length_tick, meant[notes.pitch], notes.velocity))

    song = used.song.with_parts(tuple(mapped(part) for part in used.song.parts))
    lines = song_lines(song, LINE_KINDS[preset.parts], used.roles) if preset.parts in LINE_KINDS else None
    voices = song_voices(song, WINDOW_KINDS[preset.parts], used.roles) if preset.parts in WINDOW_KINDS else None
    return replace(used, song=song, lines=lines, voices=voices)


def _all_places(recipe: Mapping[str, Any]) -> tuple[Path, ...]:
    """Return a recipe's files: a pattern takes those that it fits, so that one collection can teach several styles."""
    return tuple(place for pattern in recipe["folders"] for place in _places(pattern))


def _left_out(recipe: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of files that hold pieces on which others are judged."""
    if "exclude_pieces" not in recipe:
        return ()
    table = recipe["exclude_pieces"]
    return music21_corpus.names_of_pieces(_all_places(recipe), DATA / table["table"], table["split"])


def _places(pattern: str) -> list[Path]:
    if pattern.startswith(music21_corpus.PREFIX):
        return music21_corpus.places(pattern)
    return sorted(DATA.glob(pattern))


def _credit(song: UsedSong, rows: dict[str, Any]) -> TrainingSong:
    if not song.path.is_relative_to(DATA):
        return music21_corpus.credit(song)
    file = song.path.relative_to(DATA).as_posix()
    row = rows[file]
    split: Literal["train", "held-out"] = "train" if song.split == "train" else "held-out"
    return TrainingSong(row["title"], row["author"], row["licence"], file, song.sha256, split)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m recipes", description="Make the styles that ship again.")
    known = sorted(path.stem for path in RECIPES.glob("*.toml"))
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(known)}; all if left out")
    parser.add_argument("--into", type=Path, default=SHIPPED_FOLDER, metavar="FOLDER", help="where to put them")
    wish = parser.parse_args()
    for name in wish.names or known:
        if name not in known:
            parser.error(f"no recipe {name!r}: there are {', '.join(known)}")
        started = time.monotonic()
        bundle = make(load_recipe(name), wish.into)
        figures = ", ".join(
            f"{key} {value:g}" for key, value in open_style(bundle.folder).manifest.training.figures.items()
        )
        print(f"{name}: {bundle.size_byte / 1e6:.2f} MB, {figures}, {time.monotonic() - started:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
