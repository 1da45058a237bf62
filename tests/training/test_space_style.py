"""Latent spaces learnt from a few songs, from end to end: trained, saved, loaded, begun with others, made personal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bandroid.bundle.store import Bundle, find_style
from bandroid.commands.learn import LearnOptions, learn
from bandroid.errors import RunError, StyleError, WishError
from bandroid.generation.compose import Wish
from bandroid.generation.lineup import DRUMS
from bandroid.generation.personal_net import PersonalRuntime
from bandroid.generation.sampling import Sampling
from bandroid.generation.space_net import ENCODE_GRAPH, PLAN_GRAPH, WRITE_GRAPH
from bandroid.generation.space_style import load_space_style
from bandroid.generation.styles import check_any_golden, compose_any, load_any_style, load_score_style
from bandroid.music.midi_writer import write_midi
from bandroid.presets import find_preset
from bandroid.representations.window import WINDOW_KINDS
from bandroid.training.milestone_style import finished_style, style_of_milestone
from bandroid.training.run_folder import find_run
from tests.small_band import small_song

SMALL = [
    "z_window=4", "z_slice=3", "width=12", "decoder=10", "embedding=6", "features=5", "batch_size=4", "threads=1",
    "precision=fp32", "patience=9", "evaluate_every=75", "learning_rate=0.01", "beta_full_step=200",
]  # fmt: skip
NAMES = ("melody-2bar", "drums-2bar", "trio-16bar", "ensemble-1bar")
GRAPHS = (ENCODE_GRAPH, PLAN_GRAPH, WRITE_GRAPH)


@pytest.fixture(scope="module")
def band(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("band")
    for number, key in enumerate((0, 2, 5, 7)):
        write_midi(small_song(key, n_bars=20, tempo_qpm=100.0 + 10 * number), folder / f"song-{number}.mid")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def spaces(band: Path, home: Path) -> dict[str, Bundle]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDROID_HOME", str(home))
        found = {}
        for preset in NAMES:
            learn([band], name=f"my-{preset}", options=options(preset), as_json=True)
            found[preset] = find_style(f"my-{preset}")
        return found


@pytest.fixture
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANDROID_HOME", str(home))


def options(
    preset: str,
    *,
    steps: int | None = 12,
    settings: Sequence[str] = SMALL,
    start: Sequence[str] = (),
    force: bool = False,
) -> LearnOptions:
    return LearnOptions(
        preset=preset,
        minutes=None,
        steps=steps,
        settings=settings,
        device="cpu",
        resume=False,
        hold_out=[],
        held_out=None,
        exclude=[],
        force=False,
        start=start,
    )


def test_each_preset_makes_a_space_that_is_whole(spaces: dict[str, Bundle]) -> None:
    for preset, bundle in spaces.items():
        check_any_golden(bundle)
        style = load_space_style(bundle)
        assert style.kind == WINDOW_KINDS[preset]
        assert bundle.manifest.learnt_parts == preset
        assert len(style.bands) >= 3 and {round(band.tempo_qpm) for band in style.bands} <= {100, 110, 120, 130}
        figures = bundle.manifest.training.figures
        assert {"onsets_right_own_held_out", "kl_bits", "active_units", "accuracy_wrong_z"} <= set(figures)


@pytest.mark.usefixtures("_at_home")
def test_the_curves_say_whether_z_is_heeded(spaces: dict[str, Bundle]) -> None:
    metrics = (find_run("my-drums-2bar").folder / "metrics.jsonl").read_text(encoding="utf-8")
    assert '"kl_bits"' in metrics and '"accuracy_wrong_z"' in metrics


@pytest.mark.parametrize("preset", NAMES)
def test_the_same_seed_composes_the_same_piece(spaces: dict[str, Bundle], preset: str) -> None:
    style, wish = load_any_style(spaces[preset]), Wish(n_bars=6)
    piece = compose_any(style, wish, seed=5)
    assert compose_any(style, wish, seed=5).song == piece.song
    assert piece.song.end_tick <= 6 * 4 * piece.song.ticks_per_quarter
    assert {part.is_drum for part in piece.song.parts} <= {True, False}


def test_wishes_are_heeded_or_refused(spaces: dict[str, Bundle]) -> None:
    style = load_any_style(spaces["trio-16bar"])
    song = compose_any(style, Wish(n_bars=16, tempo_qpm=90.0, metre=(3, 4), programs=(73, DRUMS, 35)), seed=3).song
    assert song.tempos[0].tempo_qpm == 90.0
    assert (song.metres[0].numerator, song.metres[0].denominator) == (3, 4)
    assert [(part.program, part.is_drum) for part in song.parts] == [(73, False), (35, False), (0, True)]
    with pytest.raises(WishError, match="a whole note at most"):
        compose_any(style, Wish(metre=(6, 4)), seed=1)
    with pytest.raises(WishError, match="lead, bass, drums"):
        compose_any(style, Wish(programs=(1, 2, 3, 4)), seed=1)
    with pytest.raises(WishError, match="latent space"):
        compose_any(style, Wish(n_steps=12), seed=1)
    with pytest.raises(StyleError, match="latent space"):
        load_score_style(spaces["trio-16bar"], "continue")


def test_temperature_0_is_always_the_likeliest(spaces: dict[str, Bundle]) -> None:
    style = load_space_style(spaces["drums-2bar"])
    z = style.place.draw(np.random.default_rng(1), 3)
    frames = style.frames(3, 16)
    plain = style.runtime.decode(z, frames)
    drawn = style.runtime.decode(z, frames, Sampling(temperature=0.0), np.random.default_rng(9))
    assert all(np.array_equal(a.symbols, b.symbols) for a, b in zip(plain, drawn, strict=True))


@pytest.mark.usefixtures("_at_home")
def test_three_voices_begin_with_spaces_of_one(spaces: dict[str, Bundle], band: Path) -> None:
    start = ("my-melody-2bar", "my-drums-2bar")
    learn([band], name="begun", options=options("trio-16bar", steps=1, start=start), as_json=True)
    begun, melody = find_style("begun"), spaces["melody-2bar"]
    from bandroid.models.config import SpaceModel
    from bandroid.models.vae import SpaceNet
    from bandroid.training.graph_weights import weights_of_graphs

    sizes = find_preset("trio-16bar").with_settings(SMALL).model
    assert isinstance(sizes, SpaceModel)
    own, theirs = (
        weights_of_graphs({name: one.read(name) for name in GRAPHS}, SpaceNet(sizes, WINDOW_KINDS[kind]))
        for one, kind in ((begun, "trio-16bar"), (melody, "melody-2bar"))
    )
    # After one small step both voices with a pitch are still nearly the melody's.
    for voice in ("voices.0", "voices.1"):
        assert float((own[f"{voice}.patch.weight"] - theirs["voices.0.patch.weight"]).abs().max()) < 0.01
    assert "weights.safetensors" not in begun.manifest.files


@pytest.mark.usefixtures("_at_home", "spaces")
@pytest.mark.parametrize(
    ("preset", "start", "settings", "words"),
    [
        ("melody-2bar", ["rock"], SMALL, "no latent space"),
        ("melody-2bar", ["my-drums-2bar"], SMALL, "knows drums"),
        (
            "melody-2bar",
            ["my-melody-2bar"],
            ["width=14" if one == "width=12" else one for one in SMALL],
            "width differ",
        ),
        ("quick", ["my-melody-2bar"], [], "begins with nothing"),
        ("personal", [], [], "name the latent space"),
    ],
)
def test_what_cannot_begin_is_said(band: Path, preset: str, start: list[str], settings: list[str], words: str) -> None:
    with pytest.raises(WishError, match=words):
        learn([band], name="not", options=options(preset, start=start, settings=settings), as_json=True)


@pytest.mark.usefixtures("_at_home", "spaces")
@pytest.mark.parametrize("base", ["drums-2bar", "ensemble-1bar"])
def test_a_personal_space_lies_in_the_large_one(band: Path, base: str) -> None:
    small = ["z_personal=3", "width=8", "evaluate_every=10", "patience=1", "batch_size=8"]
    name = f"own-{base}"
    learn([band], name=name, options=options("personal", start=[f"my-{base}"], settings=small), as_json=True)
    bundle = find_style(name)
    check_any_golden(bundle)
    style = load_space_style(bundle)
    assert isinstance(style.runtime, PersonalRuntime) and style.runtime.z_size == 3
    assert compose_any(style, Wish(n_bars=4), seed=1).song.parts
    with pytest.raises(WishError, match="folder's own space already"):
        learn([band], name="deeper", options=options("personal", start=[name], settings=small), as_json=True)


@pytest.mark.usefixtures("_at_home", "spaces")
def test_a_milestone_of_a_space_is_refused_in_one_line() -> None:
    run = find_run("my-drums-2bar")
    with pytest.raises(RunError, match="trains a latent space"):
        style_of_milestone(run, finished_style(run), 75, "other")


@pytest.mark.usefixtures("_at_home", "spaces")
def test_without_a_length_a_piece_is_one_window() -> None:
    from bandroid import api

    song = api.compose("my-drums-2bar", seed=1)[0].song
    assert song.end_tick <= 2 * 4 * song.ticks_per_quarter
    assert len(song.markers) == 0
