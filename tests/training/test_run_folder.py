"""A run's folder: begun once, gone on with what it was begun with."""

import json
from dataclasses import replace

import pytest

from bandroid.errors import OutputExistsError, RunError
from bandroid.presets import find_preset
from bandroid.training.run_folder import RunFacts, RunSong, find_run, opened, preset_of, run_names, runs_folder

SONGS = (RunSong("a.mid", "aa", "train"), RunSong("b.mid", "bb", "train"), RunSong("c.mid", "cc", "held-out"))
FACTS = RunFacts("tiny", {"learning_rate": 0.001, "layers": [16], "patience": 2}, SONGS)


@pytest.fixture
def begun():
    """A run with a checkpoint."""
    with opened("mine", FACTS, "new") as run:
        run.checkpoints.mkdir()
        (run.checkpoints / "step-00000010.json").write_text("{}")
    return run


def test_facts_are_read_as_written(begun):
    assert find_run("mine") == begun
    assert begun.facts() == FACTS
    begun.change_facts(probe={"threads": 1})
    assert begun.facts() == replace(FACTS, probe={"threads": 1})


def test_what_was_begun_is_not_lost(begun):
    message = "--resume goes on with it, --force begins anew"
    with pytest.raises(OutputExistsError, match=message), opened("mine", FACTS, "new"):
        pass
    assert begun.has_begun
    with opened("mine", FACTS, "anew"):
        assert not begun.has_begun


def test_a_run_without_a_checkpoint_holds_nothing_up():
    for _ in range(2):
        with opened("mine", FACTS, "new"):
            pass


def test_two_learn_into_one_name(begun):
    with opened("mine", FACTS, "resume"):
        for how in ("new", "anew", "resume"):
            with pytest.raises(RunError, match="mine is being learnt at this moment"), opened("mine", FACTS, how):
                pass
        with opened("other", FACTS, "new"):
            pass
    assert begun.has_begun


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (replace(FACTS, preset="quick"), "trains preset tiny, not quick"),
        (replace(FACTS, settings={"layers": [16, 16]}), "was begun with layers=16, not 16,16: leave --set layers out"),
        (replace(FACTS, songs=SONGS[:1]), "b.mid is gone or changed"),
        (replace(FACTS, songs=(*SONGS, RunSong("d.mid", "dd", "train"))), "d.mid is new"),
    ],
)
def test_going_on_with_something_else_is_refused(begun, facts, message):
    with pytest.raises(RunError) as caught, opened("mine", facts, "resume"):
        pass
    assert message in str(caught.value)


def test_patience_may_change_on_the_way(begun):
    with opened("mine", replace(FACTS, settings={"patience": 9}), "resume") as run:
        assert run.facts().settings == {**FACTS.settings, "patience": 9}


def test_going_on_with_nothing():
    with pytest.raises(RunError, match="there is no run called 'mine'"), opened("mine", FACTS, "resume"):
        pass


def test_a_newer_run_is_refused(begun):
    values = json.loads(begun.facts_file.read_text())
    begun.facts_file.write_text(json.dumps({**values, "format": 2, "version": "9.0"}))
    with pytest.raises(RunError, match=r"newer bandroid \(9.0\)"):
        begun.facts()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "songs": 3}'])
def test_a_damaged_run_is_refused(begun, content):
    begun.facts_file.write_text(content)
    with pytest.raises(RunError, match=r"run\.json is damaged"):
        begun.facts()


def test_names_of_runs(begun):
    (runs_folder() / ".hidden").mkdir()
    assert run_names() == ("mine",)
    with pytest.raises(RunError, match="did you mean mine"):
        find_run("mien")


def test_the_preset_of_a_run_has_the_run_s_settings():
    preset = find_preset("tiny").with_settings(["layers=32,32", "learning_rate=0.5"])
    with opened("mine", RunFacts("tiny", preset.settings_json(), SONGS), "new") as run:
        assert preset_of(run) == preset
