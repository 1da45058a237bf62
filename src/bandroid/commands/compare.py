"""`bandroid compare`: two trainings side by side: what was set otherwise, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandroid import terminal
from bandroid.errors import OutputExistsError, WishError

if TYPE_CHECKING:
    from bandroid.training.judging import Choice, Evaluation, Yardsticks
    from bandroid.training.run_folder import RunFacts, RunFolder


@dataclass(frozen=True, slots=True)
class _Trained:
    """A run as far as it has come."""

    run: RunFolder
    facts: RunFacts
    evaluations: tuple[Evaluation, ...]
    yardsticks: Yardsticks
    choice: Choice | None


def compare(names: tuple[str, str], *, out: Path | None, force: bool, as_json: bool) -> None:
    """Say what differs between two runs; with a folder, draw both into one picture. Raises RunError, WishError."""
    if names[0] == names[1]:
        raise WishError(f"{names[0]} twice: name two trainings")
    one, other = (_trained(name) for name in names)
    pictures = _draw(one, other, out, force=force) if out is not None else []
    settings = _different_settings(one.facts, other.facts)
    figures = {what: values for what, values in _figures(one, other).items() if any(v is not None for v in values)}
    if as_json:
        rows = {"settings": settings, "figures": figures, "songs": _songs(one.facts, other.facts)}
        terminal.print_json({"runs": names, **rows, "pictures": pictures})
        return
    width = max(len(name) for name in names) + 2
    label = max((len(what) for what in (*settings, *figures)), default=0) + 2
    width = max(width, *(len(_word(value)) + 2 for row in (*settings.values(), *figures.values()) for value in row))

    def row(what: str, values: tuple[Any, Any]) -> None:
        terminal.say(f"  {what:<{label}}" + "".join(f"{_word(value):<{width}}" for value in values).rstrip())

    row("", names)
    terminal.say("settings that differ" if settings else "the same settings")
    for what, values in settings.items():
        row(what, values)
    terminal.say(f"songs: {_songs(one.facts, other.facts)}")
    terminal.say("figures")
    for what, values in figures.items():
        row(what, values)
    for trained in (one, other):
        outcome = trained.facts.outcome or {}
        ended = (
            f"; it ended because {outcome['ended_because']}" if "ended_because" in outcome else "; not at its end yet"
        )
        kept = f"kept {trained.choice.because}" if trained.choice else "nothing to keep yet"
        terminal.say(f"{trained.run.name}: {kept}{ended}")
    for picture in pictures:
        terminal.say(str(picture))


def _trained(name: str) -> _Trained:
    from bandroid.training.judging import Yardsticks, choose
    from bandroid.training.metrics import read_evaluations
    from bandroid.training.run_folder import find_run

    run = find_run(name)
    facts = run.facts()
    evaluations = read_evaluations(run)
    yardsticks = Yardsticks.from_json(facts.yardsticks or {})
    return _Trained(run, facts, evaluations, yardsticks, choose(evaluations, yardsticks))


def _different_settings(one: RunFacts, other: RunFacts) -> dict[str, tuple[Any, Any]]:
    """Return preset and settings by name where two runs differ; None where a run has no such setting."""
    both: dict[str, tuple[Any, Any]] = {"preset": (one.preset, other.preset)}
    for name in dict.fromkeys((*one.settings, *other.settings)):
        both[name] = (one.settings.get(name), other.settings.get(name))
    for name in ("precision", "threads", "batch_size"):
        chosen = tuple((facts.probe or {}).get(name) for facts in (one, other))
        both[f"{name} (probed)"] = (chosen[0], chosen[1])
    return {name: values for name, values in both.items() if values[0] != values[1]}


def _figures(one: _Trained, other: _Trained) -> dict[str, tuple[Any, Any]]:
    """Return what came out, by name; None where it is not known."""

    def kept(name: str) -> tuple[Any, Any]:
        first, second = (getattr(each.choice.evaluation, name) if each.choice else None for each in (one, other))
        return first, second

    unit = one.yardsticks.loss_unit
    return {
        "kept step": kept("step"),
        "kept epoch": kept("epoch"),
        f"held-out loss, {unit}": kept("held_out_loss"),
        "the same by counting alone": (one.yardsticks.ngram_loss, other.yardsticks.ngram_loss),
        "held-out guesses right": _shares(kept("held_out_accuracy")),
        f"loss of songs learnt, {unit}": kept("train_loss"),
        "copied of its sample": _shares(kept("copy_rate")),
        "the band's own habit": _shares((one.yardsticks.copy_habit, other.yardsticks.copy_habit)),
        "tests": (len(one.evaluations), len(other.evaluations)),
        "steps in all": (_last(one, "step"), _last(other, "step")),
        "seconds in all": (_last(one, "elapsed_second"), _last(other, "elapsed_second")),
    }


def _last(trained: _Trained, name: str) -> Any:
    return getattr(trained.evaluations[-1], name) if trained.evaluations else None


def _shares(values: tuple[Any, Any]) -> tuple[Any, Any]:
    first, second = (None if value is None else f"{100 * value:.1f} %" for value in values)
    return first, second


def _songs(one: RunFacts, other: RunFacts) -> str:
    """Say how far two runs learnt the same."""
    first, second = ({song.sha256 for song in facts.songs if song.split == "train"} for facts in (one, other))
    if first == second:
        return f"the same {len(first)}"
    return f"{len(first)} and {len(second)}, {len(first & second)} of them in both"


def _draw(one: _Trained, other: _Trained, out: Path, *, force: bool) -> list[Path]:
    """Draw both into one picture, as SVG and PNG; raises OutputExistsError, and WishError for a run without tests."""
    from bandroid.files import write_atomically
    from bandroid.render.engraving import svg_to_png
    from bandroid.training.curves import WIDTH_PX, compared_svg

    runs = [(each.run.name, each.evaluations) for each in (one, other)]
    for name, evaluations in runs:
        if not evaluations:
            raise WishError(f"run {name} has no test to draw yet")
    stem = out / f"{one.run.name}-and-{other.run.name}"
    paths = [stem.with_name(f"{stem.name}{suffix}") for suffix in (".svg", ".png")]
    for path in paths:
        if path.exists() and not force:
            raise OutputExistsError(f"{path} is there already; --force replaces it")
    svg = compared_svg(runs, one.yardsticks.loss_unit)
    write_atomically(paths[0], svg.encode())
    write_atomically(paths[1], svg_to_png(svg, WIDTH_PX))
    return paths


def _word(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
