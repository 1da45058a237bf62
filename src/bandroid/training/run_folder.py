"""A training run on the disk: BANDROID_HOME/runs/NAME/. No torch.

    run.json            what is trained on what: preset, settings, songs, probe, and how it ended
    metrics.jsonl       every step's loss, every test
    curves.svg, .png    the same as a picture
    tensorboard/        the same for TensorBoard
    checkpoints/        the last two, to go on from
    milestones/step-000400/   averaged weights on the way, to be made into styles
    samples/step-000400/      what it composed then

A name has one training at a time; who holds it is known by runs/.NAME.lock.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from bandroid import __version__, near
from bandroid.bundle.store import home
from bandroid.errors import OutputExistsError, RunError, WishError
from bandroid.files import WITH_HOME, write_atomically, writing_error
from bandroid.presets import Preset, find_preset
from bandroid.settings import as_json, from_json
from bandroid.training.lock import AlreadyLockedError, locked

FORMAT = 1

FREE_SETTINGS = frozenset(("patience", "copy_patience", "disk_mb"))
"""may change when a run goes on: they decide when it ends and what it keeps, not what it learns"""

How = Literal["new", "anew", "resume"]
"""begin where there is nothing; begin whatever there is; go on with what there is"""


@dataclass(frozen=True, slots=True)
class RunSong:
    """A song that the run learns from, or holds out."""

    file: str
    sha256: str
    split: str
    """"train" or "held-out\""""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What makes a run what it is: it goes on only with the same."""

    preset: str
    settings: Mapping[str, Any]
    """plain values by name, of the model and of training together"""
    songs: tuple[RunSong, ...]
    n_recorded: int | None = None
    """how many of the songs its net learns from or is tested on, once that is known; the others are only counted"""
    probe: Mapping[str, Any] | None = None
    """what the probe chose, once it has"""
    yardsticks: Mapping[str, Any] | None = None
    outcome: Mapping[str, Any] | None = None
    """how it ended, once it has"""
    version: str = __version__
    started: str = field(default_factory=lambda: time.strftime("%Y-%m-%d %H:%M:%S"))

    def as_json(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self)}


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where everything of a run lies. It exists once `opened` has made it."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def facts_file(self) -> Path:
        return self.folder / "run.json"

    @property
    def metrics_file(self) -> Path:
        return self.folder / "metrics.jsonl"

    @property
    def curves_svg(self) -> Path:
        return self.folder / "curves.svg"

    @property
    def curves_png(self) -> Path:
        return self.folder / "curves.png"

    @property
    def tensorboard(self) -> Path:
        return self.folder / "tensorboard"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def milestones(self) -> Path:
        return self.folder / "milestones"

    def milestone(self, step: int) -> Path:
        return self.milestones / f"step-{step:06d}"

    def milestone_steps(self) -> list[int]:
        """Return the steps that there are milestones of, whole or not, in order."""
        found = (re.fullmatch(r"step-(\d+)", path.name) for path in self.milestones.glob("step-*"))
        return sorted(int(match[1]) for match in found if match)

    def sample(self, step: int) -> Path:
        return self.folder / "samples" / f"step-{step:06d}"

    def facts(self) -> RunFacts:
        """Read run.json; raises RunError where it is missing, damaged or of a newer version."""
        try:
            values = json.loads(self.facts_file.read_bytes())
            version = int(values.pop("format"))
        except OSError:
            raise RunError(f"{near.unknown('run', self.name, run_names())}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise RunError(f"run {self.name}: its run.json is damaged; --force starts anew") from None
        if version > FORMAT:
            raise RunError(
                f"run {self.name} was written by a newer bandroid ({values.get('version', 'unknown')}): "
                "update bandroid, or choose another --name"
            )
        try:
            songs = tuple(RunSong(**song) for song in values.pop("songs"))
            return RunFacts(songs=songs, **values)
        except (KeyError, TypeError):
            raise RunError(f"run {self.name}: its run.json is damaged; --force starts anew") from None

    def write_facts(self, facts: RunFacts) -> None:
        """Write run.json; raises MachineError, UserError."""
        write_atomically(self.facts_file, json.dumps(facts.as_json(), indent=2, allow_nan=False).encode(), WITH_HOME)

    def change_facts(self, **changes: Any) -> None:
        """Write run.json again with some fields changed: probe, yardsticks, outcome."""
        self.write_facts(replace(self.facts(), **changes))

    @property
    def size_byte(self) -> int:
        """How much room everything of the run takes."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    @property
    def has_begun(self) -> bool:
        """Say whether there is anything that would be lost by beginning anew."""
        return any(self.checkpoints.glob("step-*.json"))


def runs_folder() -> Path:
    """Return the folder of all runs (which need not exist yet)."""
    return home() / "runs"


def run_names() -> tuple[str, ...]:
    """Return the names of all runs, sorted."""
    return tuple(sorted(path.parent.name for path in runs_folder().glob("[!.]*/run.json")))


def find_run(name: str) -> RunFolder:
    """Return the run of a name; raises RunError, offering near names."""
    if name not in (names := run_names()):
        raise RunError(near.unknown("run", name, names) + ("" if names else ": bandroid learn FOLDER makes one"))
    return RunFolder(runs_folder() / name)


def remove_run(name: str) -> int:
    """Delete a run, and return how many bytes that sets free; raises RunError for one that is being trained."""
    run = find_run(name)
    try:
        with locked(runs_folder() / f".{name}.lock"):
            size_byte = run.size_byte
            _remove(run)
    except AlreadyLockedError as error:
        raise RunError(f"{name} is being learnt at this moment ({error}): stop that first") from None
    return size_byte


@contextmanager
def opened(name: str, facts: RunFacts, how: How) -> Iterator[RunFolder]:
    """Hold the run of a name while the block trains; nobody else can train into it meanwhile.

    Raises RunError where it is being trained already, or cannot be gone on with; OutputExistsError for a "new" one
    where an unfinished one lies; MachineError, UserError where nothing can be written.
    """
    run = RunFolder(runs_folder() / name)
    try:
        with locked(runs_folder() / f".{name}.lock"):
            if how == "resume":
                check_same(run, facts)
                run.change_facts(settings={**run.facts().settings, **facts.settings})
            else:
                _begin(run, facts, how)
            yield run
    except AlreadyLockedError as error:
        raise RunError(
            f"{name} is being learnt at this moment ({error}): wait for it, or choose another --name"
        ) from None


def preset_of(run: RunFolder) -> Preset:
    """Return the preset of a run with the settings that it was begun with; raises RunError."""
    facts = run.facts()
    try:
        preset = find_preset(facts.preset)
        if preset.model is None or preset.training is None:
            return preset
        return replace(
            preset,
            model=from_json(type(preset.model), _of(preset.model, facts.settings)),
            training=from_json(type(preset.training), _of(preset.training, facts.settings)),
        )
    except WishError as error:
        raise RunError(f"run {run.name} cannot be gone on with by this bandroid: {error}") from None


def check_same(run: RunFolder, facts: RunFacts) -> None:
    """Raise RunError where a run cannot be gone on with: there is none, or it learns something else."""
    before = run.facts()
    if before.preset != facts.preset:
        raise RunError(f"run {run.name} trains preset {before.preset}, not {facts.preset}: leave --preset out to go on")
    for name, value in facts.settings.items():
        if name not in FREE_SETTINGS and name in before.settings and before.settings[name] != value:
            raise RunError(
                f"run {run.name} was begun with {name}={_word(before.settings[name])}, not {_word(value)}: "
                f"leave --set {name} out to go on, or begin anew with --force"
            )
    songs = {song.sha256: song for song in before.songs if song.split == "train"}
    now = {song.sha256: song for song in facts.songs if song.split == "train"}
    for songs_here, others, what in ((now, songs, "is new"), (songs, now, "is gone or changed")):
        for digest, song in songs_here.items():
            if digest not in others:
                raise RunError(
                    f"run {run.name} learns other songs: {song.file} {what}; bring them back to go on, "
                    "or begin anew with --force"
                )


def _begin(run: RunFolder, facts: RunFacts, how: How) -> None:
    if how == "new" and run.has_begun:
        raise OutputExistsError(
            f"there is a training run called {run.name} already: --resume goes on with it, --force begins anew"
        )
    _remove(run)
    try:
        run.folder.mkdir(parents=True)
    except OSError as error:
        raise writing_error(error, run.folder, WITH_HOME) from error
    run.write_facts(facts)


def _remove(run: RunFolder) -> None:
    """Delete a run's folder if there is one, moved away first: a removal that is cut off leaves no half run."""
    doomed = run.folder.with_name(f".{run.name}.removed")
    try:
        shutil.rmtree(doomed, ignore_errors=True)
        if run.folder.exists():
            run.folder.rename(doomed)
    except OSError as error:
        raise writing_error(error, run.folder, WITH_HOME) from error
    shutil.rmtree(doomed, ignore_errors=True)


def _of(group: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those values that are settings of a dataclass."""
    return {name: values[name] for name in as_json(group) if name in values}


def _word(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
