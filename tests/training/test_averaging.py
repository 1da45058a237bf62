"""The moving average of a model's weights."""

import torch
from torch import nn

from bandroid.training.averaging import AveragedWeights


def test_the_average_follows_and_forgets():
    model = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(0.0)
    average = AveragedWeights(model, decay=0.5)
    with torch.no_grad():
        model.weight.fill_(8.0)
    values = []
    for n_steps in (100, 101, 102):
        average.follow(n_steps)
        values.append(average.copy()["weight"].item())
    assert values == [4.0, 6.0, 7.0]


def test_the_first_steps_count_little():
    model = nn.Linear(1, 1, bias=False)
    average = AveragedWeights(model, decay=0.999)
    with torch.no_grad():
        model.weight.fill_(1.0)
    average.follow(1)
    assert abs(average.copy()["weight"].item() - 1.0) < 0.2


def test_the_model_gets_its_own_weights_back_even_after_an_error():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))  # with numbers that are no floats
    average = AveragedWeights(model, decay=0.9)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    average.set({name: torch.full_like(tensor, 3) for name, tensor in before.items()})
    try:
        with average.in_the_model():
            assert all((tensor == 3).all() for tensor in model.state_dict().values())
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
