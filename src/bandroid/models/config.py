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


@dataclass(frozen=True, slots=True)
class SpaceModel:
    """The variational autoencoder over windows that the latent spaces train."""

    z_window: int = setting(32, "numbers of z that speak of the whole window", least=1, most=4096)
    z_slice: int = setting(32, "numbers of z that speak of one half bar", least=1, most=1024)
    width: int = setting(192, "units of the layers that hear and conduct, each way", least=8, most=2048)
    decoder: int = setting(192, "units of the decoder that writes step by step", least=8, most=2048)
    embedding: int = setting(48, "numbers that describe a symbol", least=4, most=1024)
    features: int = setting(64, "numbers that the conductor says of a step", least=4, most=1024)
    dropout: float = setting(
        0.1, "share of the model that a step does without, against memorising", least=0.0, most=0.9
    )
    beta: float = setting(0.2, "what a nat of z costs against a nat of music; lower: truer, wilder", least=0.0, most=10)
    free_bits: float = setting(0.0, "bits of z that cost nothing", least=0.0, most=100_000)
    beta_from_step: int = setting(150, "step from which z costs anything", least=0, most=1_000_000)
    beta_full_step: int = setting(800, "step from which it costs `beta`", least=1, most=1_000_000)
    hearing: float = setting(
        0.3, "share of last steps that the decoder hears while it learns: less, and it listens to z", least=0, most=1
    )


@dataclass(frozen=True, slots=True)
class PersonalModel:
    """The small autoencoder over points of another space that `--personal` trains."""

    z_personal: int = setting(16, "numbers of the folder's own space", least=1, most=512)
    width: int = setting(256, "units between the two spaces", least=8, most=4096)
    dropout: float = setting(
        0.1, "share of the model that a step does without, against memorising", least=0.0, most=0.9
    )
    beta: float = setting(0.1, "what a nat of the own space costs against a nat of the large one", least=0.0, most=10)


@dataclass(frozen=True, slots=True)
class ChoraleModel:
    """The recurrent model over frames of four voices that writes chorales and harmonises what is given."""

    width: int = setting(256, "units of the layers that remember the piece so far", least=8, most=4096)
    embedding: int = setting(32, "numbers that describe a pitch", least=4, most=1024)
    head: int = setting(192, "units of the layer that says a voice", least=8, most=4096)
    context: int = setting(96, "units of the layer that hears what is given, each way", least=8, most=2048)
    dropout: float = setting(0.6, "share of the remembering that a piece does without", least=0.0, most=0.9)
    feature_dropout: float = setting(0.3, "share of what is heard that a piece does without", least=0.0, most=0.9)
    weight_dropout: float = setting(
        0.5, "share of the weights from one frame to the next that a step does without", least=0.0, most=0.9
    )
