"""How well a style of four voices knows pieces that it has not learnt: nats for a 16th of a voice (chain rule)."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.generation.chorale_net import ChoraleRuntime
from bandroid.representations.chorale import CELLS, N_STREAMS, N_SYMBOLS, is_changed


@dataclass(frozen=True, slots=True)
class ChoraleFigures:
    """Figures of some pieces; they add up."""

    n_songs: int
    n_notes: int
    n_cells: int
    n_changed: int
    """cells that are not the one before"""
    total_nats: float
    """strokes and fermatas too"""
    total_pitch_nats: float
    total_changed_nats: float

    def __add__(self, other: ChoraleFigures) -> ChoraleFigures:
        mine, others = asdict(self).values(), asdict(other).values()
        return ChoraleFigures(*(a + b for a, b in zip(mine, others, strict=True)))

    @property
    def nats(self) -> float:
        return self.total_nats / max(self.n_cells, 1)

    @property
    def pitch_nats(self) -> float:
        return self.total_pitch_nats / max(self.n_cells, 1)

    @property
    def changed_nats(self) -> float:
        return self.total_changed_nats / max(self.n_changed, 1)

    def as_json(self) -> dict[str, float]:
        shares = {"nats": self.nats, "pitch_nats": self.pitch_nats, "changed_nats": self.changed_nats}
        return {**asdict(self), **shares}


def evaluate_chorale(runtime: ChoraleRuntime, frames: NDArray[np.int64], n_notes: int) -> ChoraleFigures:
    """Return what a piece costs a style, int64[T, C], nothing of it given."""
    nats = runtime.nats(frames[None], np.zeros((1, len(frames), N_STREAMS), dtype=np.bool_))
    total = float(nats.cells.sum() + nats.strokes.sum() + nats.fermatas.sum())
    return _figures(frames, n_notes, nats.cells[0], total)


def untaught_chorale(frames: NDArray[np.int64], n_notes: int) -> ChoraleFigures:
    """Return what a piece costs whoever thinks that every pitch is as likely as any other."""
    cells = np.full((len(frames), 4), math.log(N_SYMBOLS))
    return _figures(frames, n_notes, cells, float(cells.sum()))


def _figures(frames: NDArray[np.int64], n_notes: int, cells: NDArray[np.float64], total: float) -> ChoraleFigures:
    changed = is_changed(frames[:, CELLS])
    return ChoraleFigures(
        n_songs=1,
        n_notes=n_notes,
        n_cells=cells.size,
        n_changed=int(changed.sum()),
        total_nats=total,
        total_pitch_nats=float(cells.sum()),
        total_changed_nats=float(cells[changed].sum()),
    )
