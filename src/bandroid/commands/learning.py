"""Make a style from songs that have been read, with whatever preset: what `learn` and the Python API share."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from bandroid import terminal
from bandroid.errors import MachineError, WishError
from bandroid.presets import DEFAULT_PRESET, DEVICES, Preset, find_preset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bandroid.bundle.manifest import TrainingSong
    from bandroid.bundle.store import Bundle
    from bandroid.corpus.collect import Corpus, UsedSong
    from bandroid.training.run_folder import How, RunFacts, RunFolder

_EXPORT_SECOND = 8.0
"""what writing a style down takes, with room to spare on a slow machine"""
_TEST_SECOND_A_NOTE = 0.0008
"""what a note of the songs held out takes to be measured, at most"""


@dataclass(frozen=True, slots=True)
class LearnWish:
    """How to learn. Raises WishError where the wishes contradict each other or the preset."""

    preset: Preset
    minutes: float | None = None
    """for everything, from the first file read to the style on the disk"""
    steps: int | None = None
    device: str = "auto"
    how: How = "new"
    start: tuple[str, ...] = ()
    """styles to begin with"""
    started_second: float = 0.0
    """by time.monotonic(): when the minutes began"""

    def __post_init__(self) -> None:
        if not self.preset.needs_torch:
            for flag, value in (("--minutes", self.minutes), ("--steps", self.steps)):
                if value is not None:
                    raise WishError(
                        f"{flag}: preset {self.preset.name} only counts, there is nothing to limit; leave it out"
                    )
            if self.how == "resume":
                raise WishError(f"--resume: preset {self.preset.name} takes seconds; learn again with --force")
        if self.minutes is not None and not 0.05 <= self.minutes <= 100_000:
            raise WishError(f"--minutes {self.minutes:g} is out of range: 0.05 to 100000")
        if self.steps is not None and not 1 <= self.steps <= 100_000_000:
            raise WishError(f"--steps {self.steps} is out of range: 1 to 100000000")
        if self.device not in DEVICES:
            raise WishError(f"--device {self.device}: choose auto, cpu, cuda or mps")


def learn_wish(
    *,
    preset: str | None,
    settings: Sequence[str],
    name: str,
    minutes: float | None = None,
    steps: int | None = None,
    device: str = "auto",
    resume: bool = False,
    force: bool = False,
    start: Sequence[str] = (),
) -> LearnWish:
    """Gather how to learn; a run that goes on keeps its own preset and settings. Raises WishError, RunError."""
    started_second = time.monotonic()
    if resume and force:
        raise WishError("--resume goes on and --force begins anew: leave one of them out")
    if resume:
        from bandroid.training.run_folder import find_run, preset_of

        chosen = preset_of(find_run(name))
        if preset is not None and preset != chosen.name:
            raise WishError(f"run {name} trains preset {chosen.name}, not {preset}: leave --preset out to go on")
    else:
        chosen = find_preset(preset or DEFAULT_PRESET)
    if start and chosen.kind not in ("space", "personal"):
        raise WishError(f"--from: preset {chosen.name} begins with nothing; latent spaces do (trio-16bar)")
    if chosen.kind == "personal":
        if len(start) != 1:
            raise WishError(
                "--personal: name the latent space it lies in, --from melody-2bar, drums-2bar, trio-16bar or band-16bar"
            )
        from bandroid.bundle.store import find_style

        chosen = replace(chosen, parts=find_style(start[0]).manifest.learnt_parts)
    how: How = "resume" if resume else "anew" if force else "new"
    return LearnWish(chosen.with_settings(settings), minutes, steps, device, how, tuple(start), started_second)


def check_can_learn(name: str, wish: LearnWish, *, force: bool) -> None:
    """Raise what stands in the way of a style of that name, before anything is read.

    Raises StyleError, OutputExistsError, MachineError, WishError.
    """
    from bandroid.bundle import store

    store.check_can_save(name, force=force or wish.how == "resume")
    store.check_can_write()
    if wish.preset.needs_torch:
        from bandroid.training.extra import require_learn_extra

        require_learn_extra(wish.preset.name)
        from bandroid.training.with_net import check_can_train

        check_can_train(wish.preset, wish.device)


def make_style(corpus: Corpus, name: str, wish: LearnWish, *, force: bool, quiet: bool) -> Bundle:
    """Learn from a corpus, test on what was held out, and save the style; raises CorpusError for no songs."""
    corpus.require_songs()
    if wish.preset.needs_torch:
        return _with_net(corpus, name, wish, force=force or wish.how == "resume", quiet=quiet)
    return _by_counting(corpus, name, force=force, quiet=quiet)


def _by_counting(corpus: Corpus, name: str, *, force: bool, quiet: bool) -> Bundle:
    from bandroid.bundle import store
    from bandroid.corpus.balance import song_weights
    from bandroid.training.instant import figures_of, learn_instant
    from bandroid.training.score_bundle import score_style

    with terminal.progress("learning", quiet=quiet) as report:
        learnt = learn_instant([used.song for used in corpus.train], report, song_weights(corpus.train))
    figures = _counts_of(corpus, learnt.n_notes)
    if corpus.held_out:
        with terminal.progress("testing", quiet=quiet):
            bits = figures_of(learnt, [used.song for used in corpus.held_out]).bits_per_note
            figures["bits_per_note_held_out"] = round(bits, 3)
    manifest, files = score_style(
        learnt,
        preset=find_preset("instant").name,
        name=name,
        summary=_summary(corpus),
        songs=[training_song(used) for used in corpus.used],
        figures=figures,
        notes=_notes(corpus),
    )
    return store.save_style(manifest, files, force=force)


def _with_net(corpus: Corpus, name: str, wish: LearnWish, *, force: bool, quiet: bool) -> Bundle:
    """Count, train and export; the run's folder keeps the way there."""
    from bandroid.training.run_folder import opened

    with opened(name, _facts(corpus, wish), wish.how) as run:
        try:
            return _train_and_save(corpus, name, wish, run, force=force, quiet=quiet)
        except KeyboardInterrupt:
            if run.facts().outcome and not quiet:
                terminal.remark("the training is over and kept: --resume makes the style of it")
            raise


def _train_and_save(corpus: Corpus, name: str, wish: LearnWish, run: RunFolder, *, force: bool, quiet: bool) -> Bundle:
    from bandroid.bundle import store
    from bandroid.corpus.balance import song_weights
    from bandroid.training.loop import Budget
    from bandroid.training.style_facts import StyleFacts
    from bandroid.training.with_net import learn_with_net

    trained = learn_with_net(
        corpus.train,
        song_weights(corpus.train),
        wish.preset,
        run,
        Budget(wish.steps, _deadline_second(wish, sum(used.song.n_notes for used in corpus.held_out))),
        start=[store.find_style(one) for one in wish.start],
        device=wish.device,
        say=(lambda line: None) if quiet else terminal.remark,
        progress=partial(terminal.progress, quiet=quiet),
    )
    figures = _counts_of(corpus, trained.n_notes) | trained.figures
    if corpus.held_out:
        with terminal.progress("testing", quiet=quiet):
            figures |= trained.held_out_figures(corpus.held_out)
    facts = StyleFacts(
        preset=wish.preset.name,
        name=name,
        summary=_summary(corpus),
        songs=[training_song(used) for used in corpus.used],
        figures=figures,
        notes=[*_notes(corpus), *trained.notes],
    )
    manifest, files = trained.files(facts, _curves(run))
    try:
        return store.save_style(manifest, files, force=force)
    except MachineError as error:
        if not run.has_begun:
            raise
        raise MachineError(f"{error}; then --resume makes the style, for the training is kept") from error


def _curves(run: RunFolder) -> dict[str, bytes]:
    """Return the curves as a file of the style; none where there was no room to draw them."""
    return {"curves.svg": run.curves_svg.read_bytes()} if run.curves_svg.is_file() else {}


def _deadline_second(wish: LearnWish, n_test_notes: int) -> float | None:
    """Return when training must be over so that all is done within the minutes."""
    if wish.minutes is None:
        return None
    return wish.started_second + 60 * wish.minutes - _EXPORT_SECOND - _TEST_SECOND_A_NOTE * n_test_notes


def _facts(corpus: Corpus, wish: LearnWish) -> RunFacts:
    from bandroid.training.run_folder import RunFacts, RunSong

    songs = tuple(
        RunSong(used.name, used.sha256, "train" if used.split == "train" else "held-out") for used in corpus.used
    )
    return RunFacts(wish.preset.name, wish.preset.settings_json(), songs)


def _counts_of(corpus: Corpus, n_notes: int) -> dict[str, float]:
    figures = {"songs": float(len(corpus.train)), "notes": float(n_notes)}
    if corpus.held_out:
        figures["held_out_songs"] = float(len(corpus.held_out))
    return figures


def _summary(corpus: Corpus) -> str:
    n_songs = len(corpus.train)
    return f"learnt from {n_songs} song{'' if n_songs == 1 else 's'} of yours"


def _notes(corpus: Corpus) -> list[str]:
    from bandroid.corpus.balance import balance_remarks
    from bandroid.corpus.report import expectation

    return [note for note in (*balance_remarks(corpus), expectation(len(corpus.train))) if note]


def training_song(used: UsedSong, author: str = "", licence: str = "") -> TrainingSong:
    """Describe a song for a style's manifest; what bandroid cannot know stays empty."""
    from bandroid.bundle.manifest import TrainingSong

    return TrainingSong(
        title=used.song.title or PurePosixPath(used.name).stem,
        author=author,
        licence=licence,
        file=used.name,
        sha256=used.sha256,
        split="train" if used.split == "train" else "held-out",
    )
