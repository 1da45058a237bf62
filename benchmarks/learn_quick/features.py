"""What a listener could notice in some bars of a sheet, as numbers: the eyes of the two-sample test.

Two kinds. *Habits* (density, rests, ranges, intervals, rhythm, doublings, dissonance) do not change when bars change
places, apart from those at bar lines. *Order* (likeness of bars at distances of 1, 2, 3, 4 and 8, loops, parts that
come in or change together, fills before the fourth bar line, steps over bar lines) is what bar-shuffled music lacks.

After Yang and Lerch, "On the evaluation of generative models in music" (2020), Wu and Yang 2020 (groove), and own ones.
What the product always sets is left out, or it would give pieces away at once: tempo, metre, key, velocities, length
of the file, names and order of parts. Both sides come on the score's grid, so timing tells nothing either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandroid.representations.sheet import CELL, LENGTH_CLASSES_TICK, N_POSITIONS, TICKS_PER_QUARTER, Sheet

LAGS_BAR = (1, 2, 3, 4, 8)
_BASS = range(32, 40)
_MAJOR = np.array([1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1], dtype=bool)
Features = dict[str, float]


@dataclass(frozen=True, eq=False)
class View:
    """A sheet of P parts and B bars as arrays; N notes sorted by bar, part and position."""

    is_drum: NDArray[np.bool_]
    """bool[P]"""
    is_bass: NDArray[np.bool_]
    """bool[P]"""
    part: NDArray[np.int64]
    """int64[N]"""
    bar: NDArray[np.int64]
    """int64[N]"""
    position: NDArray[np.int64]
    """int64[N], in 1/12 of a quarter from the bar line"""
    pitch: NDArray[np.int64]
    """int64[N]"""
    length: NDArray[np.int64]
    """int64[N], in 1/12 of a quarter"""
    cells: NDArray[np.int64]
    """int64[P, B]: equal numbers for equal onsets and pitches, 0 for silence"""

    @property
    def sounds(self) -> NDArray[np.bool_]:
        """bool[P, B]"""
        return self.cells > 0


def view(sheet: Sheet) -> View:
    """Lay a sheet out."""
    n_parts = len(sheet.parts)
    cell, inside = np.divmod(sheet.notes, CELL)
    bar, part = np.divmod(cell, n_parts)
    cells = np.zeros((n_parts, len(sheet.bars)), dtype=np.int64)
    known: dict[bytes, int] = {}
    first = np.flatnonzero(np.append(True, np.diff(cell) != 0))
    for start, stop in zip(first.tolist(), [*first[1:].tolist(), cell.size], strict=True):
        heard = (inside[start:stop] >> 8).tobytes()
        cells[part[start], bar[start]] = known.setdefault(heard, len(known) + 1)
    return View(
        is_drum=np.array([p.is_drum for p in sheet.parts]),
        is_bass=np.array([not p.is_drum and p.program in _BASS for p in sheet.parts]),
        part=part,
        bar=bar,
        position=inside >> 15,
        pitch=inside >> 8 & 127,
        length=LENGTH_CLASSES_TICK[inside >> 4 & 15],
        cells=cells,
    )


def features(sheet: Sheet) -> Features:
    """Measure a sheet of a few bars; NaN where there is nothing to measure (no drums, no bass)."""
    seen = view(sheet)
    found: Features = {}
    for measure in (_density, _rhythm, _melody, _harmony, _likeness, _loops, _entrances, _fills):
        found |= measure(seen)
    return found


def _density(v: View) -> Features:
    n_bars = v.cells.shape[1]
    drum = v.is_drum[v.part]
    bass = v.is_bass[v.part]
    other = ~drum & ~bass
    others = ~v.is_drum & ~v.is_bass
    onset = np.unique(np.stack([v.part, v.bar, v.position])[:, other], axis=1).shape[1]
    distinct = [np.unique(row[row > 0]).size for row in v.cells]
    return {
        "silent_share": float(1 - v.sounds.mean()),
        "drum_notes_per_cell": _share(drum.sum(), v.sounds[v.is_drum].sum()),
        "bass_notes_per_cell": _share(bass.sum(), v.sounds[v.is_bass].sum()),
        "other_notes_per_cell": _share(other.sum(), v.sounds[others].sum()),
        "parts_at_once_sd": float(v.sounds.sum(axis=0).std()),
        "notes_per_bar_sd": float(np.bincount(v.bar, minlength=n_bars).std() / max(v.bar.size / n_bars, 1)),
        "chord_size": _share(other.sum(), onset),
        "new_share": _share(sum(distinct), v.sounds.sum()),
    }


def _rhythm(v: View) -> Features:
    found: Features = {}
    for name, mine in (("drum", v.is_drum[v.part]), ("pitched", ~v.is_drum[v.part])):
        place = v.position[mine] % TICKS_PER_QUARTER
        for kind, places in (("beat", (0,)), ("eighth", (6,)), ("sixteenth", (3, 9)), ("triplet", (2, 4, 8, 10))):
            found[f"{name}_{kind}_share"] = _mean(np.isin(place, places))
    pitched = ~v.is_drum[v.part]
    length = np.log2(v.length[pitched])
    found["length_mean"], found["length_sd"] = _mean(length), float(length.std()) if length.size else np.nan
    gaps, legato = [], []
    for part in np.flatnonzero(~v.is_drum):
        onset, at = np.unique((v.bar * N_POSITIONS + v.position)[v.part == part], return_index=True)
        inside = np.diff(onset // N_POSITIONS) == 0
        gap = np.diff(onset)[inside]
        gaps.append(np.log2(gap))
        legato.append(v.length[v.part == part][at][:-1][inside] >= gap)
    all_gaps = np.concatenate(gaps) if gaps else np.zeros(0)
    found["gap_mean"], found["gap_sd"] = _mean(all_gaps), float(all_gaps.std()) if all_gaps.size else np.nan
    found["gap_change_share"] = _mean(np.concatenate([np.diff(gap) != 0 for gap in gaps]) if gaps else np.zeros(0))
    found["legato_share"] = _mean(np.concatenate(legato) if legato else np.zeros(0))
    return found


def _melody(v: View) -> Features:
    """Steps from note to note of the highest line of each part, inside bars and over bar lines."""
    found: Features = {}
    for name, parts in (("bass", v.is_bass), ("other", ~v.is_drum & ~v.is_bass)):
        inside, across, turns, ranges = [], [], [], []
        for part in np.flatnonzero(parts):
            mine = v.part == part
            bar, position, pitch = v.bar[mine], v.position[mine], v.pitch[mine]
            highest = np.append(np.diff(bar * N_POSITIONS + position) != 0, True)
            bar, pitch = bar[highest], pitch[highest]
            step, over = np.diff(pitch), np.diff(bar)
            inside.append(step[over == 0])
            across.append(step[over == 1])
            turns.append(step[:-1][(over[:-1] == 0) & (over[1:] == 0)] * step[1:][(over[:-1] == 0) & (over[1:] == 0)])
            ranges.append(np.ptp(pitch) if pitch.size else 0)
        step, over_line, turn = (np.concatenate(rows) if rows else np.zeros(0) for rows in (inside, across, turns))
        found |= {
            f"{name}_same_share": _mean(step == 0),
            f"{name}_step_share": _mean((step != 0) & (abs(step) <= 2)),
            f"{name}_leap_share": _mean(abs(step) > 7),
            f"{name}_turn_share": _mean(turn < 0),
            f"{name}_range": _mean(np.array(ranges)),
            f"{name}_over_bar_line": _mean(abs(over_line)) - _mean(abs(step)),
            f"{name}_stays_over_bar_line": _mean(abs(over_line) <= 2),
        }
    return found


def _harmony(v: View) -> Features:
    """How pitches of all parts fit together at one time and from bar to bar."""
    pitched = ~v.is_drum[v.part]
    tone = v.pitch[pitched] % 12
    when = (v.bar * N_POSITIONS + v.position)[pitched]
    histogram = np.bincount(tone, minlength=12)
    pairs = {"unison": 0, "dissonant": 0, "all": 0}
    for moment in np.split(np.stack([tone, v.part[pitched]]), np.flatnonzero(np.diff(when)) + 1, axis=1):
        first, second = np.triu_indices(moment.shape[1], 1)
        apart = moment[1][first] != moment[1][second]
        interval = (moment[0][second] - moment[0][first])[apart] % 12
        pairs["all"] += interval.size
        pairs["unison"] += int((interval == 0).sum())
        pairs["dissonant"] += int(np.isin(interval, (1, 2, 6, 10, 11)).sum())
    in_scale = max((histogram[np.roll(_MAJOR, tonic)].sum() for tonic in range(12)), default=0)
    of_bars = [np.bincount(tone[v.bar[pitched] == bar], minlength=12) for bar in range(v.cells.shape[1])]
    kick, low = np.isin(v.pitch, (35, 36)) & ~pitched, v.is_bass[v.part]
    at = v.bar * N_POSITIONS + v.position
    return {
        "tone_entropy": _entropy(histogram),
        "bar_tone_entropy": _mean(np.array([_entropy(bar) for bar in of_bars if bar.sum()])),
        "scale_share": _share(in_scale, histogram.sum()),
        "unison_share": _share(pairs["unison"], pairs["all"]),
        "dissonant_share": _share(pairs["dissonant"], pairs["all"]),
        "bass_on_kick_share": _mean(np.isin(at[low], at[kick])) if low.any() and kick.any() else np.nan,
    }


def _likeness(v: View) -> Features:
    """How much more alike bars at some distance are than any two bars of the window: 0 in shuffled music."""
    n_bars = v.cells.shape[1]
    found: Features = {}
    for name, table in (
        ("cell", _cell_likeness(v)),
        ("drum_groove", _groove_likeness(v, v.is_drum)),
        ("pitched_groove", _groove_likeness(v, ~v.is_drum)),
        ("tone", _tone_likeness(v)),
        ("line_up", _line_up_likeness(v)),
    ):
        first, second = np.triu_indices(n_bars, 1)
        usual = _mean(table[first, second])
        found[f"{name}_likeness"] = usual
        for lag in LAGS_BAR:
            found[f"{name}_likeness_{lag}"] = _mean(np.diagonal(table, lag)) - usual
    return found


def _cell_likeness(v: View) -> NDArray[np.float64]:
    """Return float64[B, B]: share of the parts sounding in either bar that play the same in both; NaN for silence."""
    same = (v.cells[:, :, None] == v.cells[:, None, :]) & v.sounds[:, :, None]
    either = v.sounds[:, :, None] | v.sounds[:, None, :]
    return _ratio(same.sum(axis=0), either.sum(axis=0))


def _groove_likeness(v: View, parts: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return float64[B, B]: onsets that two bars share, of all that either has (Jaccard), part by part."""
    n_parts, n_bars = v.cells.shape
    onset = np.zeros((n_parts, n_bars, N_POSITIONS), dtype=np.float64)
    onset[v.part, v.bar, v.position] = 1
    onset = onset[parts]
    both = np.einsum("pbq,pcq->bc", onset, onset)
    count = onset.sum(axis=(0, 2))
    return _ratio(both, count[:, None] + count[None, :] - both)


def _tone_likeness(v: View) -> NDArray[np.float64]:
    """Return float64[B, B]: cosine between the bars' pitch classes, weighted by length."""
    chroma = np.zeros((v.cells.shape[1], 12))
    pitched = ~v.is_drum[v.part]
    np.add.at(chroma, (v.bar[pitched], v.pitch[pitched] % 12), v.length[pitched])
    norm = np.linalg.norm(chroma, axis=1)
    return _ratio(chroma @ chroma.T, np.outer(norm, norm))


def _line_up_likeness(v: View) -> NDArray[np.float64]:
    """Return float64[B, B]: share of parts that sound in both bars or rest in both."""
    table: NDArray[np.float64] = (v.sounds[:, :, None] == v.sounds[:, None, :]).mean(axis=0)
    return table


def _loops(v: View) -> Features:
    """How long parts and the band go on as a few bars before, and whether parts move on together."""
    n_parts, n_bars = v.cells.shape
    part_loops = [_longest_loop(v.cells[[part]]) for part in range(n_parts)]
    changes = (v.cells[:, 1:] != v.cells[:, :-1]) & (v.sounds[:, 1:] | v.sounds[:, :-1])
    involved = (v.sounds[:, 1:] | v.sounds[:, :-1]).sum(axis=0)
    changing = _ratio(changes.sum(axis=0), involved)
    rate = _mean(changing)
    alone = np.sqrt(rate * (1 - rate) / max(_mean(involved), 1))  # what independent parts would show
    return {
        "longest_part_loop": max(part_loops) / n_bars,
        "mean_part_loop": float(np.mean(part_loops)) / n_bars,
        "band_loop": _longest_loop(v.cells) / n_bars,
        "change_rate": rate,
        "change_together": float(np.nanstd(changing) - alone) if involved.any() else np.nan,
    }


def _longest_loop(cells: NDArray[np.int64]) -> int:
    longest = 0
    for lag in (1, 2, 4, 8):
        run = 0
        for is_same in ((cells[:, lag:] == cells[:, :-lag]).all(axis=0) & (cells[:, lag:] > 0).any(axis=0)).tolist():
            run = run + 1 if is_same else 0
            longest = max(longest, run)
    return longest


def _entrances(v: View) -> Features:
    """How often parts come in or stop, how many at once, and whether on every fourth bar line."""
    switch = v.sounds[:, 1:] != v.sounds[:, :-1]
    per_line = switch.sum(axis=0)
    line = np.arange(1, v.cells.shape[1])
    return {
        "switch_rate": float(switch.mean()),
        "switch_together": _share(per_line.var(), per_line.mean()) if per_line.any() else np.nan,
        "switch_on_fourth": _share(per_line[line % 4 == 0].sum(), per_line.sum()),
        "switch_on_eighth": _share(per_line[line % 8 == 0].sum(), per_line.sum()),
    }


def _fills(v: View) -> Features:
    """Whether bars before a fourth bar line differ: drums break their pattern there, others hold or run."""
    n_bars = v.cells.shape[1]
    found: Features = {}
    for name, parts in (("drum", v.is_drum), ("pitched", ~v.is_drum)):
        count = np.bincount(v.bar[parts[v.part]], minlength=n_bars) / max(int(parts[v.part].sum()) / n_bars, 1e-9)
        changed = _ratio((v.cells[parts, 1:] != v.cells[parts, :-1]).sum(axis=0), np.full(n_bars - 1, parts.sum()))
        last = np.arange(1, n_bars) % 4 == 3
        found[f"{name}_fill_density"] = _mean(count[3::4]) - _mean(count) if parts.any() else np.nan
        found[f"{name}_fill_change"] = _mean(changed[last]) - _mean(changed[~last])
    crash = np.isin(v.pitch, (49, 52, 55, 57)) & v.is_drum[v.part] & (v.position == 0)
    crashes = np.zeros(n_bars, dtype=bool)
    crashes[v.bar[crash]] = True
    found["crash_rate"] = float(crashes.mean()) if v.is_drum.any() else np.nan
    found["crash_on_fourth"] = _mean(crashes[::4]) - _mean(crashes) if v.is_drum.any() else np.nan
    return found


def _mean(values: NDArray[np.generic]) -> float:
    """Return the mean of what is known; NaN for nothing."""
    known = np.asarray(values, dtype=np.float64)
    known = known[~np.isnan(known)]
    return float(known.mean()) if known.size else np.nan


def _share(some: float, everything: float) -> float:
    return float(some / everything) if everything else np.nan


def _ratio(some: NDArray[np.generic], everything: NDArray[np.generic]) -> NDArray[np.float64]:
    above, below = np.asarray(some, dtype=np.float64), np.asarray(everything, dtype=np.float64)
    quotient: NDArray[np.float64] = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return quotient


def _entropy(counts: NDArray[np.int64]) -> float:
    share = counts[counts > 0] / max(int(counts.sum()), 1)
    return float(-(share * np.log2(share)).sum())
