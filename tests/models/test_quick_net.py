"""The net of `quick`: it begins as the counts, hears only what came before, and learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from bandroid.generation.choices import CHOICES
from bandroid.generation.features import EVENT_SIZES, SIZES
from bandroid.generation.ngram import N_CHAINS, SUM_OF_WEIGHTS
from bandroid.models.quick import Choices, QuickNet
from bandroid.training.quick import Batch, batch
from tiny_net import CONFIG, fresh_net, random_net, recorded

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def these() -> Batch:
    """All passages of two songs side by side."""
    return batch(recorded().passages, CPU)


def losses_of(net: QuickNet, these: Batch) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        return {name: losses for name, (losses, _) in net(these.events, these.choices).items()}


def test_losses_are_numbers_one_for_each_choice(these: Batch) -> None:
    for net in (fresh_net(), random_net()):
        found = losses_of(net, these)
        assert found.keys() == these.choices.keys() >= {"cell", "position", "pitch", "drum", "length", "velocity"}
        for name, losses in found.items():
            assert losses.shape == these.choices[name].target.shape
            assert torch.isfinite(losses).all() and (losses >= 0).all()


def test_before_its_first_step_it_is_the_even_mixture_of_the_counts(these: Batch) -> None:
    found = losses_of(fresh_net(), these)
    for name, choices in these.choices.items():
        mixed = choices.logs.double().mean(dim=1) * SUM_OF_WEIGHTS
        mixed = mixed.masked_fill(~choices.allowed, -torch.inf).log_softmax(dim=1)
        wanted = -mixed.gather(1, choices.target[:, None])[:, 0]
        assert found[name].double().numpy() == pytest.approx(wanted.numpy(), abs=1e-4)


def test_what_comes_later_changes_nothing_before_it(these: Batch) -> None:
    net, rng = random_net(), np.random.default_rng(0)
    n_streams, n_events, _ = these.events.shape
    border = n_events // 2
    changed = these.events.clone()
    for column, size in enumerate(EVENT_SIZES):
        later = rng.integers(0, size, (n_streams, n_events - border))
        changed[:, border:, column] = torch.from_numpy(later)
    before, after = losses_of(net, these), losses_of(net, replace(these, events=changed))
    for name, choices in these.choices.items():
        is_early = choices.at % (n_events + 1) <= border
        assert torch.equal(before[name][is_early], after[name][is_early])
    late = torch.cat([before[name] != after[name] for name in before])
    assert late.any()


def test_a_choice_is_made_by_itself(these: Batch) -> None:
    net = random_net()
    whole = losses_of(net, these)
    for name, choices in these.choices.items():
        half = Choices(*(tensor[::2] for tensor in choices))
        assert torch.allclose(losses_of(net, Batch(these.events, {name: half}))[name], whole[name][::2], atol=1e-5)


def test_streams_do_not_hear_one_another_nor_what_fills_them_up() -> None:
    passages = recorded().passages
    net, together = random_net(), batch(passages, CPU)
    found = losses_of(net, together)
    for row, passage in enumerate(passages):
        alone = losses_of(net, batch([passage], CPU))
        for name, losses in alone.items():
            mine = together.choices[name].at // (together.events.shape[1] + 1) == row
            assert torch.allclose(found[name][mine], losses, atol=1e-5)


@pytest.mark.parametrize("layers", [(12,), (12, 8)])
def test_a_stream_can_be_heard_in_two_goes(layers: tuple[int, ...], these: Batch) -> None:
    recurrence = random_net(replace(CONFIG, layers=layers)).recurrence
    with torch.no_grad():
        whole = recurrence(these.events)
        first = recurrence(these.events[:, :5])
        second = recurrence(these.events[:, 5:], first[:, -1])
    assert torch.equal(whole[:, 0], torch.zeros_like(whole[:, 0]))
    assert torch.allclose(whole[:, 5:], second, atol=1e-5)


def test_it_learns_the_songs_by_heart(these: Batch) -> None:
    net = fresh_net(replace(CONFIG, dropout=0.0)).train()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    means = []
    for _ in range(16):
        loss = torch.cat([losses for losses, _ in net(these.events, these.choices).values()]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        means.append(float(loss.detach()))
    assert means[-1] < 0.7 * means[0]
    unheard = {name for name, parameter in net.named_parameters() if parameter.grad is None}
    assert all(name.startswith("heads.interval.") for name in unheard)  # nothing is transposed in these songs


@pytest.mark.parametrize("name", SIZES)
def test_every_outcome_has_a_score(name: str) -> None:
    head = random_net().heads[name]
    n = 3
    columns = torch.stack([torch.full((n,), size - 1) for size in SIZES[name]], dim=1)
    state = torch.zeros(n, sum(CONFIG.layers))
    logs = torch.zeros(n, N_CHAINS[name], CHOICES[name].size)
    with torch.no_grad():
        assert head(state, columns, logs).shape == (n, CHOICES[name].size)
        assert torch.isfinite(head(state, torch.zeros_like(columns), logs)).all()
