"""The benchmark of chorales: its classifier sees, its errors are counted as they are defined."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bandroid.bundle.export_chorale import export_chorale
from bandroid.critique.chorale_features import N_FEATURES, features_of
from bandroid.critique.telling import Teller, learn_teller
from bandroid.generation.chorale_net import ChoraleRuntime
from bandroid.models.chorale import ChoraleNet
from bandroid.models.config import ChoraleModel
from bandroid.representations.chorale import CELLS, REST, TONIC, is_changed
from bandroid.representations.chorale_song import frames_of_song
from benchmarks.chorales import lines
from benchmarks.chorales import net as nets
from benchmarks.chorales.crf import CrfModel, VoiceCrf
from benchmarks.chorales.jsb import pieces
from benchmarks.chorales.tell import Ngram, cells_of_pieces, shuffled, tell, transitions_of
from benchmarks.chorales.writing import harmonised, marks, token_error
from benchmarks.stored import load, save
from small_choir import small_chorale

SMALL = ChoraleModel(width=12, embedding=8, head=10, context=6)


@pytest.fixture(scope="module")
def chorales() -> list[NDArray[np.int64]]:
    return [frames_of_song(small_chorale(seed=seed, n_bars=4), (0, 1, 2, 3)) for seed in range(16)]


def test_the_classifier_tells_what_is_plainly_other(chorales: list[NDArray[np.int64]]) -> None:
    rng, cells = np.random.default_rng(0), cells_of_pieces(chorales)
    assert tell(cells, [shuffled(piece, rng) for piece in cells]).auc > 0.95
    assert tell(cells, [shuffled(piece, rng) for piece in cells], transitions_of).auc > 0.8


def test_the_classifier_does_not_tell_what_is_alike(chorales: list[NDArray[np.int64]]) -> None:
    cells = cells_of_pieces(chorales)
    told = tell(cells[:8], cells[8:])
    assert told.low <= told.auc <= told.high
    assert 0.1 < told.auc < 0.9


def test_what_is_counted_is_the_same_for_any_piece() -> None:
    silent = np.full((3, 4), REST)
    for piece in (silent, np.arange(4)[None] + 10, np.random.default_rng(0).integers(0, REST + 1, (70, 4))):
        found = features_of(piece)
        assert found.shape == (N_FEATURES,) and np.isfinite(found).all()


def test_a_teller_travels() -> None:
    rng = np.random.default_rng(0)
    teller = learn_teller(rng.normal(size=(20, 5)), rng.normal(2.0, 1.0, size=(60, 5)))
    back = Teller.from_arrays(teller.to_arrays(), 5)
    asked = np.array([[0.0] * 5, [2.0] * 5])
    assert back(asked).tolist() == teller(asked).tolist()
    assert teller(asked)[0] < 0 < teller(asked)[1]
    with pytest.raises(ValueError, match="none"):
        Teller.from_arrays(teller.to_arrays(), 6)


def test_the_ngram_writes_what_it_met(chorales: list[NDArray[np.int64]]) -> None:
    cells = cells_of_pieces(chorales)
    written = Ngram(cells).write(64, np.random.default_rng(0))
    assert written.shape == (64, 4)
    for voice in range(4):
        assert set(written[:, voice].tolist()) <= {int(cell) for piece in cells for cell in piece[:, voice]}


def test_errors_are_counted(chorales: list[NDArray[np.int64]]) -> None:
    torch.manual_seed(0)
    runtime = ChoraleRuntime(export_chorale(ChoraleNet(SMALL).eval(), is_int8=False))
    rng = np.random.default_rng(0)
    error = token_error(runtime, chorales[:2], (0, 1, 2), rng)
    assert 0.5 < error <= 1.0, "a net that has learnt nothing is mostly wrong"
    assert token_error(runtime, chorales[:2], (0, 1, 2, 3), rng) == 0.0
    one = harmonised(runtime, chorales[0], rng)
    assert (one[:, 0] == chorales[0][:, 0]).all() and marks([one]).crossings_pct <= 100


def test_a_voice_told_whole_is_counted(chorales: list[NDArray[np.int64]]) -> None:
    """And some steps make it less wrong."""
    torch.manual_seed(0)
    crf, rng = VoiceCrf(CrfModel(width=12, embedding=8, head=10)), np.random.default_rng(0)
    before = lines.token_error(crf.eval(), chorales[:2], lines.TO_THREE)
    assert 0.5 < before <= 1.0
    optimizer = torch.optim.AdamW(crf.parameters(), lr=0.02)
    for _ in range(20):
        optimizer.zero_grad()
        lines.loss(crf.train(), chorales, rng, lines.TO_THREE).backward()
        optimizer.step()
    assert lines.token_error(crf.eval(), chorales[:2], lines.TO_THREE) < before


def test_a_net_is_trained_for_its_time(chorales: list[NDArray[np.int64]]) -> None:
    torch.manual_seed(0)
    crf = VoiceCrf(CrfModel(width=12, embedding=8, head=10))
    before = {name: tensor.clone() for name, tensor in crf.state_dict().items()}
    told: list[str] = []
    nets.train(crf, lines.recipe(lines.TO_SOPRANO), chorales, 1, 0.05, told.append)
    assert not crf.training
    assert any(not torch.equal(before[name], tensor) for name, tensor in crf.state_dict().items())
    assert told and told[0].startswith("seed 1:")


def test_stored_nets_come_back(tmp_path: Path) -> None:
    """In eight bits, convolutions too."""
    torch.manual_seed(0)
    crf = VoiceCrf(CrfModel(width=16, embedding=8, head=12))
    save(crf, tmp_path / "crf.npz")
    back = load(VoiceCrf(CrfModel(width=16, embedding=8, head=12)), tmp_path / "crf.npz").state_dict()
    for name, tensor in crf.state_dict().items():
        torch.testing.assert_close(back[name], tensor, rtol=0, atol=float(tensor.abs().max()) / 250)


def test_a_key_is_named_by_what_is_given(chorales: list[NDArray[np.int64]]) -> None:
    frames = chorales[0][None].copy()
    given = np.zeros((*frames.shape[:2], 5), dtype=np.bool_)
    given[..., :3] = True
    tonic = lines.in_their_keys(frames, given)[0, 0, TONIC]
    higher = frames.copy()
    higher[..., CELLS] += 3
    assert lines.in_their_keys(higher, given)[0, 0, TONIC] == (tonic + 3) % 12
    frames[..., 3] = 0
    assert lines.in_their_keys(frames, given)[0, 0, TONIC] == tonic, "what is not given says nothing"


def test_a_net_is_scored_by_the_chain_rule(data: Path) -> None:
    test = pieces(data, "test")
    assert len(test) == 77 and sum(map(len, test)) == 18_900
    changed = np.concatenate([is_changed(piece[:, CELLS]).ravel() for piece in test])
    assert 1 - changed.mean() == pytest.approx(0.770, abs=0.005), "copying is right in 77.0 % of the test cells"
    torch.manual_seed(0)
    net = ChoraleNet(SMALL).eval()
    together = nets.shares(net, test[:5])
    for piece, own in zip(test[:5], together, strict=True):
        np.testing.assert_allclose(nets.shares(net, [piece])[0], own, rtol=1e-4)
        assert own.shape == (len(piece), 4)
