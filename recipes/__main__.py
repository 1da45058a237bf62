"""Make the styles that ship with bandroid again: python -m recipes [NAME...] [--into FOLDER].

Trained ones need the extra `learn`; their runs lie in BANDROID_HOME/runs/recipe-NAME, and go on where they were broken
off.

Each NAME.toml beside this file names its data (repository and commit), what is left out, and how much is held out.
The data lies in BANDROID_DATA, by default ../shared/data beside the repository. The same data and version of bandroid
give the same style, byte for byte; a net on the same kind of processor.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bandroid import terminal
from bandroid.bundle.manifest import Source, TrainingSong
from bandroid.bundle.store import SHIPPED_FOLDER, Bundle, open_style, save_style
from bandroid.corpus.collect import UsedSong, collect
from bandroid.generation.style import check_golden, load_style
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song
from bandroid.presets import Preset, find_preset
from bandroid.training.evaluation import evaluate
from bandroid.training.instant import bits_per_note, learn_instant
from bandroid.training.run_folder import How, RunFacts, RunFolder, RunSong, opened, run_names, runs_folder
from bandroid.training.score_bundle import score_style

if TYPE_CHECKING:
    from bandroid.training.quick_style import Trained

RECIPES = Path(__file__).resolve().parent
DATA = Path(os.environ.get("BANDROID_DATA", RECIPES.parent.parent / "shared" / "data"))


def make(recipe: dict[str, Any], into: Path) -> Bundle:
    """Learn one recipe's style and put it in a folder of styles."""
    rows = {row["file"]: row for row in map(json.loads, (DATA / "index.jsonl").read_text().splitlines())}
    preset = find_preset(recipe["preset"]).with_settings(recipe.get("settings", []))
    corpus = collect(
        # A pattern takes the files that it fits, so that one collection can teach several styles.
        [place for pattern in recipe["folders"] for place in sorted(DATA.glob(pattern))],
        exclude=recipe["exclude"],
        held_out_share=recipe["held_out"],
        parts=preset.parts,
    )
    drums = {int(pitch): meant for pitch, meant in recipe.get("drums", {}).items()}
    songs = [_general_midi(used.song, drums) for used in corpus.train]
    held_out = [_general_midi(used.song, drums) for used in corpus.held_out]
    left_out = f"{len(corpus.refused)} files were left out: excluded, twice there, or too short"
    figures = {"songs": float(len(corpus.train)), "held_out_songs": float(len(corpus.held_out))}
    if preset.needs_torch:
        trained = _train(songs, corpus.train, preset, f"recipe-{recipe['name']}")
        learnt, notes, figures = (
            trained.lessons.learnt,
            [left_out, *trained.outcome.sentences],
            figures | trained.figures,
        )
        bits = evaluate(trained.style.model, held_out).bits_per_note
        run = RunFolder(runs_folder() / f"recipe-{recipe['name']}")
        from bandroid.training.quick_style import WEIGHTS_NAME

        more_files = {"curves.svg": run.curves_svg.read_bytes()}
        # To learn further; a style that is to stay small goes without.
        if recipe.get("with_weights", True):
            more_files[WEIGHTS_NAME] = trained.net.weights
        extras: dict[str, Any] = {"graphs": trained.net.graphs, "net": trained.net.model, "more_files": more_files}
    else:
        learnt, notes, extras = learn_instant(songs), [left_out], {}
        bits = bits_per_note(learnt, held_out)
    manifest, files = score_style(
        learnt,
        preset=preset.name,
        name=recipe["name"],
        summary=recipe["summary"],
        songs=[_credit(song, rows) for song in corpus.used],
        sources=[Source(**source) for source in recipe["sources"]],
        figures=figures | {"notes": learnt.n_notes, "bits_per_note_held_out": round(bits, 3)},
        notes=notes,
        **extras,
    )
    bundle = save_style(manifest, files, into=into, force=True)
    check_golden(load_style(bundle), bundle)
    return bundle


def _train(songs: list[Song], used: tuple[UsedSong, ...], preset: Preset, name: str) -> Trained:
    """Train in a run that goes on where it was broken off."""
    from bandroid.training.loop import Budget
    from bandroid.training.quick_style import learn_quick

    settings = preset.settings_json()
    facts = RunFacts(preset.name, settings, tuple(RunSong(one.name, one.sha256, "train") for one in used))
    how: How = "resume" if name in run_names() else "new"
    with opened(name, facts, how) as run:
        say, progress = partial(print, flush=True), terminal.progress
        return learn_quick(songs, [1.0] * len(songs), preset, run, Budget(), device="cpu", say=say, progress=progress)


def _general_midi(song: Song, drums: Mapping[int, int]) -> Song:
    """Give the drums of a kit of its own the numbers that General MIDI has for them."""
    meant = np.array([drums.get(pitch, pitch) for pitch in range(128)])

    def mapped(part: Part) -> Part:
        notes = part.notes
        if not part.is_drum:
            return part
        return replace(part, notes=Notes(notes.onset_tick, notes.length_tick, meant[notes.pitch], notes.velocity))

    return song.with_parts(tuple(mapped(part) for part in song.parts)) if drums else song


def _credit(song: UsedSong, rows: dict[str, Any]) -> TrainingSong:
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
        bundle = make(tomllib.loads((RECIPES / f"{name}.toml").read_text()), wish.into)
        figures = ", ".join(
            f"{key} {value:g}" for key, value in open_style(bundle.folder).manifest.training.figures.items()
        )
        print(f"{name}: {bundle.size_byte / 1e6:.2f} MB, {figures}, {time.monotonic() - started:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
