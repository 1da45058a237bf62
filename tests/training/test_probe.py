"""Ten steps that choose how to compute."""

import time
from dataclasses import replace

import pytest
import torch
from tiny_task import SETTINGS, TinyTask

from bandroid.errors import MachineError, WishError
from bandroid.training.probe import find_device, in_precision, on_cores, probe

FREE = replace(SETTINGS, precision="auto", threads=0, batch_growth=2)


class CountingTask(TinyTask):
    """Counts its steps, and takes as long as told."""

    n_steps = 0
    seconds = staticmethod(lambda batch_size: 0.0)

    def loss(self, step, batch_size):
        self.n_steps += 1
        time.sleep(self.seconds(batch_size))
        return super().loss(step, batch_size)


def test_it_takes_ten_steps_at_most_and_changes_nothing(monkeypatch):
    monkeypatch.setattr("bandroid.training.probe.usable_cores", lambda: 8)
    task = CountingTask()
    before = {name: tensor.clone() for name, tensor in task.model.state_dict().items()}
    n_threads = torch.get_num_threads()
    chosen = probe(task, FREE)
    assert task.n_steps <= 12  # ten, and one each to compare two precisions, where bf16 is faster
    assert all(torch.equal(tensor, before[name]) for name, tensor in task.model.state_dict().items())
    assert all(weight.grad is None for weight in task.model.parameters())
    assert torch.get_num_threads() == n_threads
    assert chosen.precision in ("fp32", "bf16") and 1 <= chosen.threads <= 8


def test_what_is_set_is_not_tried():
    task = CountingTask()
    chosen = probe(task, replace(SETTINGS, precision="bf16", threads=2))
    assert (chosen.precision, chosen.threads, chosen.batch_size) == ("bf16", 2, 8)
    assert task.n_steps == 2


@pytest.mark.parametrize(("seconds", "batch_size"), [(lambda size: 0.01, 16), (lambda size: 0.002 * size, 8)])
def test_a_larger_batch_is_taken_where_it_is_nearly_free(seconds, batch_size):
    task = CountingTask()
    task.seconds = seconds
    assert probe(task, replace(SETTINGS, batch_growth=2)).batch_size == batch_size


def test_a_batch_that_does_not_fit_is_halved():
    class SmallTask(TinyTask):
        def loss(self, step, batch_size):
            if batch_size > 2:
                raise torch.OutOfMemoryError("too much")
            return super().loss(step, batch_size)

    assert probe(SmallTask(), SETTINGS).batch_size == 2

    class NoTask(TinyTask):
        def loss(self, step, batch_size):
            raise torch.OutOfMemoryError("too much")

    with pytest.raises(MachineError, match="not enough memory"):
        probe(NoTask(), SETTINGS)


def test_devices(monkeypatch):
    assert find_device("cpu").type == "cpu"
    with pytest.raises(WishError, match="choose auto, cpu, cuda or mps"):
        find_device("gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert find_device("auto").type == "cpu"
    for name in ("cuda", "mps"):
        with pytest.raises(MachineError, match=f"--device {name}: .*--device auto"):
            find_device(name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert find_device("auto").type == "cuda"


def test_precision_and_cores_end_with_their_block():
    matrix = torch.ones(2, 2)
    before = torch.get_num_threads()
    with on_cores(3), in_precision("bf16", torch.device("cpu")):
        assert torch.get_num_threads() == 3
        assert (matrix @ matrix).dtype == torch.bfloat16
    assert torch.get_num_threads() == before
    with in_precision("fp32", torch.device("cpu")):
        assert (matrix @ matrix).dtype == torch.float32
