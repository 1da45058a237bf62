"""`bandroid runs ...`: trainings, and the styles that lie on their way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandroid import terminal
from bandroid.commands.options import Force, Json, complete_run

if TYPE_CHECKING:
    from bandroid.training.judging import Evaluation
    from bandroid.training.run_folder import RunFacts, RunFolder

app = typer.Typer(
    help="Trainings: how they went, and what they sounded like on the way.",
    rich_markup_mode=None,
    no_args_is_help=False,
    context_settings={"max_content_width": 100},
)

Name = Annotated[str, typer.Argument(metavar="RUN", help="A training's name.", autocompletion=complete_run)]


@app.callback(invoke_without_command=True)
def _runs(context: typer.Context) -> None:
    """Trainings: how they went, and what they sounded like on the way."""
    if context.invoked_subcommand is None:
        terminal.say(context.get_help())


@app.command("list")
def list_runs(as_json: Json = False) -> None:
    """List all trainings, finished or not, and the room that each takes.

    \b
    bandroid runs list
    """
    from bandroid.errors import RunError
    from bandroid.training.run_folder import find_run, run_names, runs_folder

    rows: list[dict[str, Any]] = []
    damaged: list[tuple[str, str]] = []
    for name in run_names():
        run = find_run(name)
        try:
            rows.append(_row(run, run.facts()))
        except RunError as error:
            damaged.append((name, str(error)))
    if as_json:
        faults = [{"name": name, "reason": reason} for name, reason in damaged]
        terminal.print_json({"runs": rows, "damaged": faults, "folder": runs_folder()})
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        facts = f"{row['preset']}, {row['songs']} songs, {row['size_byte'] / 1e6:.0f} MB"
        terminal.say(f"{row['name']:<{width}}  {_state(row)} ({facts})")
    for _, reason in damaged:
        terminal.complain(reason)
    if not rows and not damaged:
        terminal.say("no trainings yet: bandroid learn FOLDER --name mine")


@app.command()
def show(name: Name, as_json: Json = False) -> None:
    """Show how a training went: every test, which steps can be made into styles, and what was kept.

    \b
    bandroid runs show mine
    """
    from bandroid.training.metrics import read_evaluations
    from bandroid.training.run_folder import find_run

    run = find_run(name)
    facts, evaluations, milestones = run.facts(), read_evaluations(run), run.milestone_steps()
    row = _row(run, facts)
    if as_json:
        tests = [{**one.as_json(), "milestone": one.step in milestones} for one in evaluations]
        more = {"settings": dict(facts.settings), "probe": facts.probe, "tests": tests, "outcome": facts.outcome}
        terminal.print_json({**row, **more})
        return
    terminal.say(f"{name}: preset {facts.preset}, {row['songs']} songs, begun {facts.started}, {_state(row)}")
    if changed := _changed_settings(facts):
        terminal.say("settings of its own: " + ", ".join(changed))
    kept = row["kept_step"]
    for one in evaluations:
        marks = ["milestone"] if one.step in milestones else []
        marks += ["kept"] if one.step == kept else []
        terminal.say(_line(one, ", ".join(marks)))
    if facts.outcome:
        terminal.say(f"ended because {facts.outcome.get('ended_because')}; kept {facts.outcome.get('kept_because')}")
    else:
        terminal.say(f"go on with it: bandroid learn ... --name {name} --resume")
    others = [step for step in milestones if step != kept]
    if facts.outcome and others:
        terminal.say(f"hear what it was on the way: bandroid runs export {name} --step {others[0]}")
    terminal.say(f"curves, samples and all else lie in {run.folder}")


@app.command()
def export(
    name: Name,
    step: Annotated[
        int | None, typer.Option(metavar="N", help="Which milestone: see `bandroid runs show RUN`.")
    ] = None,
    new_name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The new style's name.  [default: RUN-step-N]")
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Make a milestone into a style, to be heard beside what was kept in the end.

    \b
    bandroid runs export mine --step 200 --name mine-early
    bandroid compose mine-early --seed 7
    bandroid compose mine --seed 7
    """
    from bandroid.bundle import store
    from bandroid.errors import OutputExistsError, WishError
    from bandroid.training.extra import require_for_milestones
    from bandroid.training.run_folder import find_run

    run = find_run(name)
    if step is None:
        there = ", ".join(map(str, run.milestone_steps())) or "none yet"
        raise WishError(f"--step: which one of run {name}? There is {there}")
    new_name = new_name or f"{name}-step-{step}"
    if new_name == name:
        raise OutputExistsError(f"--name {new_name}: that is what the training itself ended with; choose another")
    store.check_can_save(new_name, force=force)
    require_for_milestones()
    from bandroid.training.milestone_style import finished_style, style_of_milestone

    manifest, files = style_of_milestone(run, finished_style(run), step, new_name)
    style = store.save_style(manifest, files, force=force)
    if as_json:
        figures = dict(style.manifest.training.figures)
        facts = {"run": name, "step": step, "style": new_name, "style_hash": style.style_hash}
        terminal.print_json({**facts, "folder": style.folder, "figures": figures})
        return
    terminal.say(f"{new_name} is {name} as it was after step {step}: bandroid compose {new_name}")


@app.command()
def remove(name: Name, as_json: Json = False) -> None:
    """Delete a training with all its checkpoints, milestones and samples; the style that came of it stays.

    \b
    bandroid runs remove mine
    """
    from bandroid.training.run_folder import remove_run

    size_byte = remove_run(name)
    if as_json:
        terminal.print_json({"removed": name, "size_byte": size_byte})
    else:
        terminal.say(f"removed the training of {name} ({size_byte / 1e6:.0f} MB); its style stays, if there is one")


def _row(run: RunFolder, facts: RunFacts) -> dict[str, Any]:
    from bandroid.training.metrics import read_evaluations

    evaluations = read_evaluations(run)
    return {
        "name": run.name,
        "preset": facts.preset,
        "songs": sum(song.split == "train" for song in facts.songs),
        "is_finished": bool(facts.outcome),
        "last_tested_step": evaluations[-1].step if evaluations else None,
        "kept_step": (facts.outcome or {}).get("step"),
        "milestones": run.milestone_steps(),
        "size_byte": run.size_byte,
        "folder": run.folder,
    }


def _state(row: dict[str, Any]) -> str:
    if row["is_finished"]:
        return f"finished, kept step {row['kept_step']}"
    last = row["last_tested_step"]
    return "not at its end" + (f", last tested after step {last}" if last is not None else ", not tested yet")


def _changed_settings(facts: RunFacts) -> list[str]:
    """Return `name=value` of what was set otherwise than the preset has it."""
    from bandroid.errors import WishError
    from bandroid.presets import find_preset

    try:
        usual = find_preset(facts.preset).settings_json()
    except WishError:  # of another version
        usual = {}
    return [
        f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in facts.settings.items()
        if usual.get(name) != value
    ]


def _line(one: Evaluation, marks: str) -> str:
    right = f" ({100 * one.held_out_accuracy:.0f} % right)" if one.held_out_accuracy is not None else ""
    problem = f"  its sample {one.problem}" if one.problem else ""
    line = (
        f"  step {one.step:>5}  epoch {one.epoch:>5.1f}  held out {one.held_out_loss:.3f}{right}  "
        f"learnt {one.train_loss:.3f}  copies {100 * one.copy_rate:.0f} %{problem}"
    )
    return f"{line}  {marks}".rstrip()
