"""Every preset as a value, in one tuple. Imports nothing heavy: shells complete from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from bandroid import near
from bandroid.errors import WishError
from bandroid.models.config import ChoraleModel, LineModel, PersonalModel, QuickModel, SpaceModel
from bandroid.settings import Setting, apply, as_json, setting, settings_of

LearntParts = Literal[
    "all",
    "keyboard",
    "drums",
    "one-drum",
    "melody",
    "lead",
    "melody-2bar",
    "drums-2bar",
    "melody-16bar",
    "trio-16bar",
    "ensemble-1bar",
    "band-16bar",
    "chorale",
]
"""what of a song is learnt: all its parts, what two hands play of it (corpus/keyboard.py), single lines of it
(corpus/lines.py): its drums in nine classes or as one, its melodies, its melodies over chords; windows of some of its
voices (corpus/voices.py); or four voices, where it is in four"""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How the one training loop trains, whatever it trains."""

    learning_rate: float = setting(2e-3, "how far a step goes", least=1e-7, most=1.0)
    batch_size: int = setting(16, "passages of music that a step learns from", least=1, most=4096)
    batch_growth: int = setting(2, "how many times batch_size the probe may take instead; 1 keeps it", least=1, most=16)
    weight_decay: float = setting(0.01, "pull of all weights towards nothing, against memorising", least=0.0, most=1.0)
    decay_steps: int = setting(
        0, "steps over which the learning rate falls to a twentieth; 0: it stays", least=0, most=100_000_000
    )
    warmup_steps: int = setting(20, "steps until the learning rate is reached", least=0, most=100_000)
    gradient_clip: float = setting(1.0, "longest step that a single batch may ask for", least=0.001, most=1000.0)
    ema_decay: float = setting(
        0.99, "how slowly the averaged weights, which are tested and kept, follow", least=0.0, most=0.99999
    )
    evaluate_every: int = setting(
        0,
        "steps between two tests on songs held out; 0: an epoch or more, a fifth of the time at most for tests",
        least=0,
        most=1_000_000,
    )
    patience: int = setting(6, "tests without anything better until it stops", least=1, most=1000)
    copy_patience: int = setting(
        4, "tests in a row that copy more than the band quotes itself until it stops; 0: never", least=0, most=1000
    )
    disk_mb: int = setting(200, "most megabytes of checkpoints and milestones", least=1, most=1_000_000)
    precision: str = setting("auto", "numbers that it computes with", choices=("auto", "fp32", "bf16"))
    threads: int = setting(0, "processor cores that it uses; 0: what the probe finds best", least=0, most=256)
    seed: int = setting(1, "another seed, another course of the same training", least=0, most=2**31 - 1)


@dataclass(frozen=True, slots=True)
class Preset:
    """A kind of style to make: what model, how it is trained."""

    name: str
    summary: str
    """one line, in a musician's words"""
    kind: str
    """"counts" (nothing is trained, no PyTorch), "quick" (the recurrent model over scores), "line" (over one voice),
    "space" (a latent space), "personal" (a folder's own within a latent space) or "chorale" (four voices)
    """
    model: QuickModel | LineModel | SpaceModel | PersonalModel | ChoraleModel | None = None
    training: TrainingSettings | None = None
    parts: LearntParts = "all"
    counts_mb: float = 3.0
    """how large the table of counts in a style may be, in megabytes"""

    @property
    def needs_torch(self) -> bool:
        return self.training is not None

    @property
    def groups(self) -> tuple[Any, ...]:
        """The dataclasses that hold its settings."""
        return tuple(group for group in (self.model, self.training) if group is not None)

    @property
    def settings(self) -> dict[str, Setting]:
        """Its settings by name."""
        return settings_of(self.groups)

    def settings_json(self) -> dict[str, Any]:
        """Return its settings as plain values by name, for run.json and a style's manifest."""
        return {name: value for group in self.groups for name, value in as_json(group).items()}

    def with_settings(self, wishes: Iterable[str]) -> Preset:
        """Return a copy with `name=value` wishes carried out; raises WishError."""
        wishes = list(wishes)
        if self.model is None or self.training is None:
            if wishes:
                raise WishError(f"--set {wishes[0]}: preset {self.name} has no settings")
            return self
        model, training = apply((self.model, self.training), wishes)
        return replace(self, model=model, training=training)


_OF_LINES = TrainingSettings(batch_growth=1, weight_decay=0.02, ema_decay=0.98, patience=8)
"""a step of one voice is cheap, so its songs held out are asked for longer whether more helps"""

_OF_SPACES = TrainingSettings(
    learning_rate=1e-3,
    batch_size=32,
    batch_growth=1,
    weight_decay=0.01,
    warmup_steps=50,
    ema_decay=0.995,
    patience=8,
    copy_patience=0,
)
"""What a space copies is asked of what is drawn from it, not of its training."""

PRESETS = (
    Preset("instant", "counts what follows what in the band's own songs: a style in seconds", "counts"),
    Preset(
        "quick",
        "a small recurrent net for any parts: a style in two minutes on two cores",
        "quick",
        QuickModel(),
        # More steps teach a small folder more than larger batches do.
        TrainingSettings(batch_growth=1, weight_decay=0.05, ema_decay=0.98),
    ),
    Preset(
        "piano",
        "the same net, smaller, for one player at a keyboard: of each song what two hands play",
        "quick",
        QuickModel(layers=(96,), embedding=32, width=64),
        # One player's songs bring few passages, and each step of so small a net is cheap: more and smaller ones.
        TrainingSettings(
            learning_rate=3e-3, batch_size=8, batch_growth=1, weight_decay=0.02, ema_decay=0.98, precision="fp32"
        ),
        parts="keyboard",
        # What is met rarely misleads more than it tells: a third of quick's table needs no more bits (0013).
        counts_mb=0.9,
    ),
    Preset(
        "drums",
        "Drums RNN: a beat of nine kinds of drums, step by step, with how hard each is struck",
        "line",
        # Beats come again by the bar: attention adds nothing to lookback here (benchmarks/lines).
        LineModel(),
        _OF_LINES,
        parts="drums",
    ),
    Preset(
        "one-drum",
        "Drums RNN's one_drum: rhythm alone, all drums as one",
        "line",
        LineModel(),
        _OF_LINES,
        parts="one-drum",
    ),
    Preset(
        "melody",
        "Melody RNN's basic_rnn: one voice, step by step, with nothing but its state to remember by",
        "line",
        LineModel(lookback=False),
        _OF_LINES,
        parts="melody",
    ),
    Preset(
        "melody-lookback",
        "Melody RNN's lookback_rnn: one voice that also hears what it played 1, 2, 4 and 8 bars ago",
        "line",
        LineModel(),
        _OF_LINES,
        parts="melody",
    ),
    Preset(
        "melody-attention",
        "Melody RNN's attention_rnn: one voice that also finds by itself what it played at places like this one",
        "line",
        LineModel(attention=32),
        _OF_LINES,
        parts="melody",
    ),
    Preset(
        "jazz",
        "deepjazz for any file: a lead over chords, each note known by what it is to the chord",
        "line",
        LineModel(attention=32),
        _OF_LINES,
        parts="lead",
    ),
    Preset(
        "melody-2bar",
        "MusicVAE's cat-mel_2bar: a space of melodies of two bars, to sample, vary, blend and steer",
        "space",
        SpaceModel(),
        _OF_SPACES,
        parts="melody-2bar",
    ),
    Preset(
        "drums-2bar",
        "MusicVAE's cat-drums_2bar: a space of two bars of nine kinds of drums, with how hard each is struck",
        "space",
        SpaceModel(),
        _OF_SPACES,
        parts="drums-2bar",
    ),
    Preset(
        "melody-16bar",
        "MusicVAE's hierdec-mel_16bar: a space of melodies of 16 bars, made of what comes again",
        "space",
        SpaceModel(),
        _OF_SPACES,
        parts="melody-16bar",
    ),
    Preset(
        "trio-16bar",
        "MusicVAE's hierdec-trio_16bar: a space of lead, bass and drums over 16 bars",
        "space",
        SpaceModel(),
        _OF_SPACES,
        parts="trio-16bar",
    ),
    Preset(
        "ensemble-1bar",
        "MusicVAE's multitrack: a space of one bar of up to eight parts and drums, chords and all",
        "space",
        SpaceModel(),
        _OF_SPACES,
        parts="ensemble-1bar",
    ),
    Preset(
        "band-16bar",
        "a whole band over 16 bars: up to 15 parts and drums, one point in one space",
        "space",
        SpaceModel(),
        _OF_SPACES,
        parts="band-16bar",
    ),
    Preset(
        "chorale",
        "BachBot and CoCoNet: four voices, from nothing or to any that are given, past and future heard",
        "chorale",
        ChoraleModel(),
        TrainingSettings(
            batch_growth=1,
            weight_decay=0.3,
            warmup_steps=30,
            ema_decay=0.99,
            patience=8,
            copy_patience=0,
        ),
        parts="chorale",
    ),
    Preset(
        "personal",
        "MidiMe: where your folder's music lies in a latent space, in seconds (--personal --from melody-2bar)",
        "personal",
        PersonalModel(),
        TrainingSettings(
            learning_rate=2e-3,
            batch_size=128,
            batch_growth=1,
            ema_decay=0.98,
            patience=3,
            copy_patience=0,
            evaluate_every=100,
            precision="fp32",
            threads=1,
        ),
        parts="melody-2bar",
    ),
    Preset(
        "tiny",
        "the same net as quick, but far too small: trains and composes in seconds, for trying things out",
        "quick",
        QuickModel(layers=(16,), embedding=8, width=16, dropout=0.0),
        TrainingSettings(
            batch_size=2,
            batch_growth=1,
            warmup_steps=2,
            ema_decay=0.9,
            evaluate_every=5,
            patience=2,
            disk_mb=20,
            precision="fp32",
            threads=1,
        ),
    ),
)
"""what `learn --preset` knows"""

DEVICES = ("auto", "cpu", "cuda", "mps")
"""where `learn --device` may train"""
DEFAULT_PRESET = "quick"

PRESET_NAMES = tuple(preset.name for preset in PRESETS)


def find_preset(name: str) -> Preset:
    """Return the preset of a name; raises WishError, offering near ones."""
    for preset in PRESETS:
        if preset.name == name:
            return preset
    raise WishError(f"{near.unknown('preset', name, PRESET_NAMES)} (bandroid presets list)")
