"""The list of presets."""

import pytest

from bandroid.errors import WishError
from bandroid.presets import PRESET_NAMES, PRESETS, find_preset
from bandroid.settings import settings_of, text_of


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_every_preset_can_be_said_in_its_own_settings(preset):
    """Defaults are within their own ranges, and every setting has its line of help."""
    settings = settings_of(preset.groups)
    assert preset.with_settings(f"{name}={text_of(one.value)}" for name, one in settings.items()) == preset
    assert all(one.help and "\n" not in one.help for one in settings.values())
    assert set(preset.settings_json()) == set(settings)


def test_settings_reach_the_right_half():
    preset = find_preset("quick").with_settings(["learning_rate=5e-4", "dropout=0.1"])
    assert preset.training.learning_rate == 5e-4
    assert preset.model.dropout == 0.1


def test_instant_has_nothing_to_set():
    assert not find_preset("instant").needs_torch
    with pytest.raises(WishError, match="instant has no settings"):
        find_preset("instant").with_settings(["dropout=0.1"])


def test_unknown_presets_are_answered_with_near_ones():
    with pytest.raises(WishError, match="did you mean quick"):
        find_preset("quik")


def test_names_are_unique():
    assert len(set(PRESET_NAMES)) == len(PRESET_NAMES)
