"""Draw a song as a piano roll: time from left to right in bars, pitch upwards, drums in a lane of their own below.

SVG text of our own: one song, one text. Lengths on the picture are pixels (px) of an SVG that is 1600 wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from bandroid.music.clock import BarGrid, bar_grid
from bandroid.music.general_midi import drum_name, program_name
from bandroid.music.song import Part, Song

WIDTH_PX = 1600
_HEIGHT_PX = 900
"""of a song that fits on one row; longer ones are taller"""
_LEFT_PX, _RIGHT_PX, _TOP_PX = 112, 24, 16
_MOST_BARS_ON_ONE_ROW = 32
_MOST_BARS_A_ROW = 24
"""60 pixels a bar, so that a 16th can be seen"""
_MOST_ROWS = 16
"""a song longer than this gets longer rows instead"""
_SEMITONE_PX = (3.0, 12.0)
_ROW_SEMITONE_PX = 5.5
"""height of a semitone where a song takes several rows"""
_DRUM_PX = 15.0
_ROW_HEAD_PX, _ROW_GAP_PX = 36, 22
"""over each row stand its sections and bar numbers"""
_LEGEND_PX = 22
_LEVELS = 8
"""shades of loudness"""
_FONTS = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
_CHARACTER_SHARE = 0.58
"""mean width of a letter of such fonts, as a share of its size"""
_BLACK_KEYS = frozenset((1, 3, 6, 8, 10))
_COLOURS = (
    "#1f6fb4", "#d1482b", "#2b8c4a", "#8d4fb3", "#c98a00", "#0b8f95", "#c2407f", "#5a6b1e",
    "#4a55c4", "#96522d", "#3f7f6b", "#a32638", "#6d6d6d", "#0f4c75", "#7a8f00", "#b06fd0",
)  # fmt: skip
"""dark enough on white that a soft note can be seen; the seventeenth part has the first colour again"""


@dataclass(frozen=True, slots=True)
class _Lanes:
    """How high everything is in a row."""

    low: int
    high: int
    """pitches, both included"""
    semitone_px: float
    drums: tuple[int, ...]
    """drum pitches from top to bottom"""

    @property
    def pitch_px(self) -> float:
        return (self.high - self.low + 1) * self.semitone_px if self.high >= self.low else 0.0

    @property
    def gap_px(self) -> float:
        return 8.0 if self.drums and self.high >= self.low else 0.0

    @property
    def height_px(self) -> float:
        return self.pitch_px + self.gap_px + len(self.drums) * _DRUM_PX

    def pitch_top_px(self, pitch: NDArray[np.int64]) -> NDArray[np.float64]:
        """float64[N]: top of each pitch's lane, from the row's top."""
        return np.asarray((self.high - pitch) * self.semitone_px, dtype=np.float64)

    def drum_top_px(self, pitch: NDArray[np.int64]) -> NDArray[np.float64]:
        """float64[N]: top of each drum's lane, from the row's top."""
        order = np.zeros(128, dtype=np.int64)
        order[list(self.drums)] = np.arange(len(self.drums))
        return np.asarray(self.pitch_px + self.gap_px + order[pitch] * _DRUM_PX, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Row:
    """Bars `first` to `last` (exclusive) and where they are drawn."""

    first: int
    last: int
    start_tick: int
    end_tick: int
    top_px: float
    tick_px: float
    """pixels per tick"""

    def x_px(self, tick: NDArray[np.int64] | int) -> NDArray[np.float64]:
        return np.asarray(_LEFT_PX + (np.asarray(tick) - self.start_tick) * self.tick_px, dtype=np.float64)


def piano_roll_svg(song: Song) -> str:
    """Return a song's piano roll as SVG text: one colour a part, loud notes darker, bars numbered."""
    parts = [part for part in song.parts if len(part.notes)]
    grid = bar_grid(song)
    title = song.title.strip()
    legend, legend_px = _legend(parts, _TOP_PX + (34 if title else 0))
    head_px = _TOP_PX + (34 if title else 0) + legend_px
    bars_a_row = _bars_a_row(grid.n_bars)
    n_rows = -(-grid.n_bars // bars_a_row)
    lanes = _lanes(parts, n_rows, _HEIGHT_PX - head_px)
    rows = _rows(grid, bars_a_row, head_px, lanes)
    height_px = head_px + n_rows * (_ROW_HEAD_PX + lanes.height_px + _ROW_GAP_PX)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX}" height="{height_px:.0f}" '
        f'viewBox="0 0 {WIDTH_PX} {height_px:.0f}" font-family="{_FONTS}">',
        f'<rect width="{WIDTH_PX}" height="{height_px:.0f}" fill="#ffffff"/>',
    ]
    if title:
        lines.append(_text(_LEFT_PX, _TOP_PX + 20, title[:100], 22, weight="bold"))
    lines += legend
    for row in rows:
        lines += _backdrop(row, lanes, grid)
        for index, part in enumerate(parts):
            lines += _notes(row, lanes, part, _COLOURS[index % len(_COLOURS)])
        lines += _headings(row, lanes, grid, song)
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def _bars_a_row(n_bars: int) -> int:
    """Share bars evenly among rows, in groups of four."""
    if n_bars <= _MOST_BARS_ON_ONE_ROW:
        return n_bars
    n_rows = min(-(-n_bars // _MOST_BARS_A_ROW), _MOST_ROWS)
    return -(-n_bars // (n_rows * 4)) * 4


def _rows(grid: BarGrid, bars_a_row: int, head_px: float, lanes: _Lanes) -> list[_Row]:
    firsts = range(0, grid.n_bars, bars_a_row)
    edges = [(first, min(first + bars_a_row, grid.n_bars)) for first in firsts]
    onset_tick = grid.onset_tick.tolist()
    widest_tick = max(onset_tick[last] - onset_tick[first] for first, last in edges)
    tick_px = (WIDTH_PX - _LEFT_PX - _RIGHT_PX) / widest_tick
    row_px = _ROW_HEAD_PX + lanes.height_px + _ROW_GAP_PX
    return [
        _Row(first, last, onset_tick[first], onset_tick[last], head_px + number * row_px + _ROW_HEAD_PX, tick_px)
        for number, (first, last) in enumerate(edges)
    ]


def _lanes(parts: list[Part], n_rows: int, room_px: float) -> _Lanes:
    pitched = [part.notes.pitch for part in parts if not part.is_drum]
    drums: set[int] = set()
    for part in parts:
        if part.is_drum:
            drums.update(np.unique(part.notes.pitch).tolist())
    if pitched:
        low = max(int(min(p.min() for p in pitched)) - 2, 0)
        high = min(max(int(max(p.max() for p in pitched)) + 2, low + 23), 127)
    else:
        low, high = (60, 71) if not drums else (60, 59)
    lanes = _Lanes(low, high, 1.0, tuple(sorted(drums, key=_drum_height)))
    if high < low:
        return lanes
    row_px = room_px / n_rows - (_ROW_HEAD_PX + _ROW_GAP_PX)
    fits_px = (row_px - (lanes.height_px - lanes.pitch_px)) / (high - low + 1)
    least_px = _SEMITONE_PX[0] if n_rows == 1 else _ROW_SEMITONE_PX
    return _Lanes(low, high, min(max(fits_px, least_px), _SEMITONE_PX[1]), lanes.drums)


def _drum_height(pitch: int) -> tuple[int, int]:
    """Order drums from top to bottom: hand percussion, cymbals, hi-hats, toms, snares, bass drums."""
    groups = ((49, 51, 52, 53, 55, 57, 59), (42, 44, 46), (41, 43, 45, 47, 48, 50), (37, 38, 39, 40), (35, 36))
    group = next((number for number, group in enumerate(groups, 1) if pitch in group), 0)
    return group, -pitch


def _legend(parts: list[Part], top_px: float) -> tuple[list[str], float]:
    """Return who has which colour, and the height that it takes."""
    lines = []
    x, y = float(_LEFT_PX), top_px
    for index, part in enumerate(parts):
        colour = _COLOURS[index % len(_COLOURS)]
        name = (part.name.strip(" :") or program_name(part.program, part.is_drum))[:40]
        width = 20 + len(name) * 13 * _CHARACTER_SHARE + 22
        if x + width > WIDTH_PX - _RIGHT_PX and x > _LEFT_PX:
            x, y = float(_LEFT_PX), y + _LEGEND_PX
        lines.append(_box(x, y + 3, 13, 13, colour))
        lines.append(_text(x + 19, y + 14, name, 13))
        x += width
    return lines, (y - top_px + _LEGEND_PX) if parts else 0.0


def _backdrop(row: _Row, lanes: _Lanes, grid: BarGrid) -> list[str]:
    """Draw what lies under the notes: keys, drum lanes, beats, bars, and their names at the left."""
    left, right = _LEFT_PX, float(row.x_px(row.end_tick))
    top, bottom = row.top_px, row.top_px + lanes.height_px
    pitch_bottom = top + lanes.pitch_px
    width = right - left
    lines = []
    if lanes.pitch_px:
        lines.append(_box(left, top, width, lanes.pitch_px, "#fbfbfb"))
        pitches = range(lanes.low, lanes.high + 1)
        black = [top + (lanes.high - p) * lanes.semitone_px for p in pitches if p % 12 in _BLACK_KEYS]
        keys = "".join(f"M{left} {y:.1f}h{width:.1f}v{lanes.semitone_px:.1f}h{-width:.1f}z" for y in black)
        lines.append(f'<path fill="#f0f1f3" d="{keys}"/>')
        for pitch in (p for p in pitches if p % 12 == 0):
            y = top + (lanes.high - pitch + 1) * lanes.semitone_px
            lines.append(_line(left, y, right, y, "#c9ccd1", 0.8))
            lines.append(_text(left - 8, y - lanes.semitone_px / 2 + 4, f"C{pitch // 12 - 1}", 11, anchor="end"))
    drum_top = pitch_bottom + lanes.gap_px
    for number, pitch in enumerate(lanes.drums):
        y = drum_top + number * _DRUM_PX
        lines.append(_box(left, y, width, _DRUM_PX, "#f6f3ee" if number % 2 else "#fbf9f6"))
        lines.append(_text(left - 8, y + _DRUM_PX - 4, drum_name(pitch)[:18], 10, anchor="end"))

    beats, bars = [], []
    onset_tick = grid.onset_tick.tolist()
    for bar in range(row.first, row.last):
        start, end = onset_tick[bar], onset_tick[bar + 1]
        beat_tick = _beat_tick(grid, bar)
        bars.append(start)
        if beat_tick * row.tick_px >= 5:
            beats += list(range(start + beat_tick, end, beat_tick))
    bars.append(row.end_tick)
    for ticks, colour, thickness in ((beats, "#e3e5e8", 0.7), (bars, "#a9adb5", 1.0)):
        stretches = [(top, pitch_bottom)] if lanes.pitch_px else []
        stretches += [(drum_top, bottom)] if lanes.drums else []
        path = "".join(
            f"M{float(row.x_px(tick)):.1f} {upper:.1f}V{lower:.1f}" for tick in ticks for upper, lower in stretches
        )
        lines.append(f'<path stroke="{colour}" stroke-width="{thickness}" fill="none" d="{path}"/>')
    return lines


def _beat_tick(grid: BarGrid, bar: int) -> int:
    """Return a beat's length: a dotted quarter in 6/8, 9/8, 12/8, else the metre's lower number."""
    numerator, denominator = int(grid.numerator[bar]), int(grid.denominator[bar])
    n_beats = numerator // 3 if denominator >= 8 and numerator % 3 == 0 and numerator > 3 else numerator
    # A bar that is cut short has beats of the same length as the whole bars around it.
    same = (grid.numerator == numerator) & (grid.denominator == denominator)
    return max(int(grid.length_tick[same].max()) // n_beats, 1)


def _notes(row: _Row, lanes: _Lanes, part: Part, colour: str) -> list[str]:
    """Draw a part's notes in a row, one path per shade; a note that reaches into the next row goes on there."""
    notes = part.notes
    end_tick = notes.onset_tick + 1 if part.is_drum else notes.end_tick
    here = np.flatnonzero((notes.onset_tick < row.end_tick) & (end_tick > row.start_tick))
    if not here.size:
        return []
    pitch = notes.pitch[here]
    left = row.x_px(np.maximum(notes.onset_tick[here], row.start_tick))
    if part.is_drum:
        top = row.top_px + lanes.drum_top_px(pitch) + 2
        height = _DRUM_PX - 4
        width = np.full(here.size, 7.0)
        left = np.minimum(left, float(row.x_px(row.end_tick)) - 7.0)
    else:
        top = row.top_px + lanes.pitch_top_px(pitch)
        height = lanes.semitone_px
        width = np.maximum(row.x_px(np.minimum(end_tick[here], row.end_tick)) - left, 2.0)
    level = notes.velocity[here] * _LEVELS // 128
    lines = [f'<g fill="{colour}" stroke="#ffffff" stroke-width="0.4">']
    for shade in range(_LEVELS):
        chosen = np.flatnonzero(level == shade)
        if chosen.size:
            boxes = "".join(
                f"M{x:.1f} {y:.1f}h{w:.1f}v{height:.1f}h{-w:.1f}z"
                for x, y, w in zip(left[chosen].tolist(), top[chosen].tolist(), width[chosen].tolist(), strict=True)
            )
            lines.append(f'<path fill-opacity="{0.3 + 0.7 * (shade + 1) / _LEVELS:.2f}" d="{boxes}"/>')
    lines.append("</g>")
    return lines


def _headings(row: _Row, lanes: _Lanes, grid: BarGrid, song: Song) -> list[str]:
    """Write bar numbers over a row, and the sections that begin in it."""
    lines = []
    bar_px = (float(row.x_px(row.end_tick)) - _LEFT_PX) / (row.last - row.first)
    every = next(n for n in (1, 2, 4, 8, 16, 32, 64, 128, 1 << 30) if n * bar_px >= 30)
    has_pickup = grid.n_bars > 1 and int(grid.length_tick[0]) < _beat_tick(grid, 0) * int(grid.numerator[0])
    for bar in range(row.first, row.last):
        number = bar + (0 if has_pickup else 1)
        if (number - 1) % every == 0 or bar == row.first:
            x = float(row.x_px(int(grid.onset_tick[bar])))
            lines.append(_text(x + 2, row.top_px - 5, str(number), 11, colour="#6b7078"))
    next_free_px = 0.0
    for marker in song.markers:
        text = marker.text.strip()[:40]
        if text and row.start_tick <= marker.onset_tick < row.end_tick:
            x = float(row.x_px(marker.onset_tick))
            bottom = row.top_px + lanes.height_px
            lines.append(_line(x, row.top_px - 18, x, bottom, "#333840", 1.2))
            if x >= next_free_px:
                lines.append(_text(x + 4, row.top_px - 19, text, 12, weight="bold"))
                next_free_px = x + 12 + len(text) * 12 * _CHARACTER_SHARE
    return lines


def _text(
    x: float, y: float, words: str, size: int, anchor: str = "start", weight: str = "", colour: str = "#2a2e35"
) -> str:
    extra = (f' text-anchor="{anchor}"' if anchor != "start" else "") + (f' font-weight="{weight}"' if weight else "")
    plain = escape("".join(c for c in words if c.isprintable()))
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{extra}>{plain}</text>'


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, thickness: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{thickness}"/>'
    )
