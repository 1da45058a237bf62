"""What the models' sizes are: frozen dataclasses without torch, so that a list of presets costs nothing."""

from __future__ import annotations

from dataclasses import dataclass

from bandroid.settings import setting


@dataclass(frozen=True, slots=True)
class QuickModel:
    """The recurrent model over scores that `quick` trains."""

    layers: tuple[int, ...] = setting((160,), "units of each recurrent layer, with commas", least=8, most=2048)
    embedding: int = setting(64, "numbers that describe an event", least=4, most=1024)
    width: int = setting(128, "units of the layers between what it knows and what it says", least=8, most=2048)
    dropout: float = setting(
        0.3, "share of the model that a step does without, against memorising", least=0.0, most=0.9
    )


@dataclass(frozen=True, slots=True)
class LineModel:
    """The recurrent model over one line that `drums`, `melody` and `jazz` train."""

    layers: tuple[int, ...] = setting((128,), "units of each recurrent layer, with commas", least=8, most=2048)
    embedding: int = setting(64, "numbers that describe a step", least=4, most=1024)
    width: int = setting(128, "units of the layers between what it knows and what it says", least=8, most=2048)
    dropout: float = setting(
        0.3, "share of the model that a step does without, against memorising", least=0.0, most=0.9
    )
    lookback: bool = setting(True, "whether it is told what stood 1, 2, 4 and 8 bars ago")
    attention: int = setting(
        0,
        "numbers by which it finds places of the line that were like this one, to go on as there; 0: none",
        least=0,
        most=512,
    )
