"""Checkpoints: whole or not counted."""

import itertools
import json

import pytest
import torch

from bandroid.errors import RunError
from bandroid.training.checkpoint import (
    Checkpoint,
    first_to_go,
    load_checkpoint,
    remove_checkpoints,
    save_checkpoint,
    split_tensors,
    steps_in,
)

TENSORS = {"model/a": torch.arange(6.0).reshape(2, 3), "optimizer/0/step": torch.tensor(7.0)}


@pytest.fixture
def folder(tmp_path):
    for step in (100, 200):
        save_checkpoint(tmp_path, Checkpoint(step, TENSORS, {"rate": 0.1, "step": step}))
    return tmp_path


def test_what_is_saved_is_loaded(folder):
    again = load_checkpoint(folder, 200)
    assert again.step == 200 and again.state == {"rate": 0.1, "step": 200}
    assert again.tensors.keys() == TENSORS.keys()
    assert all(torch.equal(again.tensors[name], tensor) for name, tensor in TENSORS.items())
    assert split_tensors(again.tensors, "model").keys() == {"a"}


def test_nothing_is_pickled(folder):
    assert {path.suffix for path in folder.iterdir()} == {".safetensors", ".json"}


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_checkpoint_that_is_cut_off_does_not_count(folder, suffix, share):
    path = folder / f"step-00000200{suffix}"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert load_checkpoint(folder, 200) is None
    assert load_checkpoint(folder, 100) is not None


def test_a_changed_byte_is_noticed(folder):
    path = folder / "step-00000200.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert load_checkpoint(folder, 200) is None


def test_a_newer_format_is_refused(folder):
    path = folder / "step-00000200.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(RunError, match="newer bandroid"):
        load_checkpoint(folder, 200)


def test_what_is_left_of_a_cut_off_writing_is_cleared_away(folder):
    (folder / ".step-00000300-abc.safetensors").write_bytes(b"half")
    remove_checkpoints(folder, keep=[200])
    assert steps_in(folder) == [200]
    assert len(list(folder.iterdir())) == 2


def test_thinning_keeps_steps_even_on_a_log_scale():
    steps = list(range(100, 3300, 100))
    while len(steps) > 6:
        steps.remove(first_to_go(steps, keep={3200}))
    assert steps[0] == 100 and steps[-1] == 3200
    ratios = [later / earlier for earlier, later in itertools.pairwise(steps)]
    assert max(ratios) / min(ratios) < 1.6


def test_thinning_never_takes_what_is_to_be_kept():
    steps, keep = [10, 11, 12, 13, 400], {11, 12, 400}
    gone = []
    while (step := first_to_go(steps, keep)) is not None:
        steps.remove(step)
        gone.append(step)
    assert set(steps) == keep and gone == [13, 10]
