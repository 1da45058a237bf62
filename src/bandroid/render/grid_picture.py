"""Draw a grid of short pieces as small piano rolls, side by side: Beat Blender's palette on paper. SVG of our own."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np

from bandroid.music.clock import bar_grid
from bandroid.music.song import Song

_CELL_PX, _GAP_PX, _MARGIN_PX, _HEAD_PX = 128, 10, 24, 40
_PITCHED, _DRUMS = "#1f6fb4", "#d1482b"


def _end_quarter(song: Song) -> float:
    """Return where a song's last bar ends, in quarters."""
    end_tick = max((int(part.notes.end_tick.max()) for part in song.parts if len(part.notes)), default=1)
    return float(bar_grid(song, end_tick).onset_tick[-1]) / song.ticks_per_quarter


def grid_svg(rows: Sequence[Sequence[Song]], title: str) -> str:
    """Return an SVG of songs in rows; one scale of pitch and time for all, so that cells compare."""
    songs = [song for row in rows for song in row]
    pitched = sorted({int(p) for song in songs for part in song.parts if not part.is_drum for p in part.notes.pitch})
    drums = sorted({int(p) for song in songs for part in song.parts if part.is_drum for p in part.notes.pitch})
    low, high = (pitched[0], pitched[-1]) if pitched else (0, -1)
    n_lanes = max(high - low + 1 + len(drums), 1)
    end_quarter = max(_end_quarter(song) for song in songs)
    n_columns = max(len(row) for row in rows)
    width = 2 * _MARGIN_PX + n_columns * (_CELL_PX + _GAP_PX) - _GAP_PX
    height = _HEAD_PX + len(rows) * (_CELL_PX + _GAP_PX) + _MARGIN_PX - _GAP_PX
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_MARGIN_PX}" y="26" font-family="Helvetica, Arial, \'DejaVu Sans\', sans-serif" font-size="16">'
        f"{escape(title)}</text>",
    ]
    lane_px, quarter_px = _CELL_PX / n_lanes, _CELL_PX / end_quarter
    for row, pieces in enumerate(rows):
        for column, song in enumerate(pieces):
            left = _MARGIN_PX + column * (_CELL_PX + _GAP_PX)
            top = _HEAD_PX + row * (_CELL_PX + _GAP_PX)
            lines.append(f'<rect x="{left}" y="{top}" width="{_CELL_PX}" height="{_CELL_PX}" fill="#f3f4f6"/>')
            for part in song.parts:
                colour = _DRUMS if part.is_drum else _PITCHED
                for onset, length, pitch, velocity in zip(
                    (part.notes.onset_tick / song.ticks_per_quarter).tolist(),
                    (part.notes.length_tick / song.ticks_per_quarter).tolist(),
                    part.notes.pitch.tolist(),
                    part.notes.velocity.tolist(),
                    strict=True,
                ):
                    lane = (high - low + 1) + len(drums) - 1 - drums.index(pitch) if part.is_drum else high - pitch
                    shown = np.clip(0.3 + 0.7 * velocity / 110, 0.3, 1.0)
                    lines.append(
                        f'<rect x="{left + onset * quarter_px:.1f}" y="{top + lane * lane_px:.1f}" '
                        f'width="{max(length * quarter_px - 0.8, 1.5):.1f}" height="{max(lane_px - 0.8, 1.5):.1f}" '
                        f'fill="{colour}" fill-opacity="{shown:.2f}"/>'
                    )
    return "\n".join([*lines, "</svg>", ""])
