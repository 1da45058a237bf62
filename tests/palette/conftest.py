"""Spaces that know nothing yet, but do all that spaces do: nets as they are before the first step."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from bandroid.bundle.export_space import export_space
from bandroid.corpus.voices import song_voices
from bandroid.generation.space_style import SpaceStyle
from bandroid.models.config import SpaceModel
from bandroid.presets import TrainingSettings
from bandroid.representations.window import NEW, WINDOW_KINDS
from bandroid.training.space import SpaceTask
from bandroid.training.space_lessons import prepare
from tests.small_band import small_song

TINY = SpaceModel(z_window=4, z_slice=3, width=12, decoder=10, embedding=6, features=5, dropout=0.0)


@cache
def space_of(name: str) -> SpaceStyle:
    kind = WINDOW_KINDS[name]
    songs = [song_voices(small_song(key, n_bars=20), kind) for key in (0, 2, 5, 7)]
    lessons = prepare(songs, [1.0] * len(songs), kind)
    task = SpaceTask(lessons, TINY, TrainingSettings(threads=1), torch.device("cpu"), name)
    with torch.no_grad():  # parts, which rest often, shall play
        task.model.net(0).cells.bias[NEW] += 10.0 if kind.has_parts else 0.0
    return task.style(export_space(task.model.eval(), is_int8=False), 60)


@pytest.fixture
def drums() -> SpaceStyle:
    return space_of("drums-2bar")


@pytest.fixture
def melody() -> SpaceStyle:
    return space_of("melody-2bar")


@pytest.fixture
def ensemble() -> SpaceStyle:
    return space_of("ensemble-1bar")


@pytest.fixture
def trio() -> SpaceStyle:
    return space_of("trio-16bar")
