"""A cursor walks score tokens one by one: what has been written, and what may follow.

It is the grammar of the `score` representation, its decoder, and the memory that models take their context from.
Contents of cells are tuples of codes (position, pitch, length class, velocity class), see representations/sheet.py.
"""

from __future__ import annotations

import numpy as np

from bandroid.representations.score_vocabulary import METRES, N_RECENT, VOCABULARY
from bandroid.representations.sheet import CELL, MAX_BARS, Sheet, SheetBar, SheetPart

Content = tuple[int, ...]

_START = {family.name: VOCABULARY.offset(family.name) for family in VOCABULARY.families}
_SPLIT = [VOCABULARY.split(token) for token in range(VOCABULARY.size)]
_PITCH = 256  # what a pitch is worth in a code
_POSITION = 128 * _PITCH


class Cursor:
    """The state after some tokens. Start with none; `push` them; `sheet()` once the `end` is pushed.

    `stage` names the choice that comes next: start, part, bar, cell, interval, position, pitch, length, velocity, done.
    """

    def __init__(self) -> None:
        self.stage = "start"
        self.parts: list[SheetPart] = []
        self.bars: list[SheetBar] = []
        self.part = 0
        """index of the part whose cell is being written"""
        self.recent: list[list[Content]] = []
        """per part: its distinct cells, the most recent first"""
        self.history: list[list[Content]] = []
        """per part: its cell in each bar so far; () is silence"""
        self.kinds: list[list[int]] = []
        """per part: the token that wrote the cell of each bar"""
        self.content: list[int] = []
        """the cell being written"""
        self.position = self.pitch = self.length = 0
        """the fields of the note being written"""
        self.rank = 0
        """the recent cell that is being transposed"""
        self._frame: dict[str, int] = {}

    @property
    def bar(self) -> SheetBar:
        """The bar being written."""
        return self.bars[-1]

    @property
    def n_frame(self) -> int:
        """How many of metre, cut and tempo the bar being written has stated."""
        return len(self._frame)

    @property
    def is_chord_note(self) -> bool:
        """Whether the note being written stands on the onset of the note before it."""
        return self._same_onset(self.position)

    def allowed(self) -> list[tuple[int, int]]:
        """Return what may follow as ranges [first, stop) of token ids; empty once the song has ended."""
        match self.stage:
            case "start":
                return [_span("start")]
            case "part":
                spans = [_span("part"), _span("kit")]
                if self.parts:
                    known = self.parts[-1].velocities
                    # Ascending classes: what follows must be at least in the next class of eight.
                    low = (known[-1] // 8 + 1) * 8 if known else 1
                    if low <= 127:
                        spans.append(_span("typical_velocity", low))
                    spans = spans if known else spans[2:]
                    if known:
                        spans.append(_span("bar"))
                return spans
            case "bar":
                return [_span("bar"), _span("end")]
            case "frame":
                return self._allowed_in_frame()
            case "cell":
                return self._allowed_cells()
            case "interval":
                pitches = _pitches(self.recent[self.part][self.rank])
                low, high = max(-24, -min(pitches)), min(24, 127 - max(pitches))
                return [
                    (_START["interval"] + a, _START["interval"] + b + 1) for a, b in ((low, -1), (1, high)) if a <= b
                ]
            case "position":
                first = self.position if not self.content or self.pitch < 127 else self.position + 1
                spans = [_span("position", first, self.bar.length_tick)] if first < self.bar.length_tick else []
                return [_span("cell_end"), *spans] if self.content else spans
            case "pitch":
                family = "drum" if self.parts[self.part].is_drum else "pitch"
                return [_span(family, self.pitch + 1 if self.is_chord_note else 0)]
            case "length":
                return [_span("length")]
            case "velocity":
                velocities = self.parts[self.part].velocities
                return [_span("velocity", v // 8, v // 8 + 1) for v in velocities]
            case _:
                return []

    def push(self, token: int) -> None:
        """Take the next token; raises ValueError where the grammar does not allow it."""
        if not any(first <= token < stop for first, stop in self.allowed()):
            name = VOCABULARY.name(token) if 0 <= token < VOCABULARY.size else str(token)
            raise ValueError(f"token {name} cannot stand here ({self.stage}, bar {len(self.bars)})")
        self.advance(token)

    def advance(self, token: int) -> None:
        """Take the next token without asking whether it may stand here: for tokens that `encode` wrote."""
        family, value = _SPLIT[token]
        match family:
            case "start":
                self.stage = "part"
            case "part" | "kit":
                self.parts.append(SheetPart(value, family == "kit", ()))
            case "typical_velocity":
                part = self.parts[-1]
                self.parts[-1] = SheetPart(part.program, part.is_drum, (*part.velocities, value))
            case "bar":
                self._open_bar()
            case "metre" | "cut" | "tempo":
                self._frame[family] = value
                self._set_frame()
            case "silent":
                self._close_cell((), token)
            case "repeat":
                self._close_cell(self.recent[self.part][value], token)
            case "transposed":
                self.rank = value
                self.stage = "interval"
            case "interval":
                source = self.recent[self.part][self.rank]
                self._close_cell(tuple(code + value * _PITCH for code in source), _START["transposed"] + self.rank)
            case "new":
                self.content = []
                self.position, self.pitch = 0, -1
                self.stage = "position"
            case "position":
                self.pitch = self.pitch if self._same_onset(value) else -1
                self.position = value
                self.stage = "pitch"
            case "pitch" | "drum":
                self.pitch = value
                self.length = 0
                self.stage = "velocity" if family == "drum" else "length"
            case "length":
                self.length = value
                self.stage = "velocity"
            case "velocity":
                self.content.append(self.position * _POSITION + self.pitch * _PITCH + self.length * 16 + value)
                self.stage = "position"
            case "cell_end":
                self._close_cell(tuple(self.content), _START["new"])
            case "end":
                self.stage = "done"

    def sheet(self) -> Sheet:
        """Return all that was written; raises ValueError before the `end`, or where no note was."""
        if self.stage != "done":
            raise ValueError("the tokens stop before the end of the song")
        cells = [
            ((bar * len(self.parts) + part) * CELL, content)
            for part, contents in enumerate(self.history)
            for bar, content in enumerate(contents)
        ]
        notes = np.array([base + code for base, content in cells for code in content], dtype=np.int64)
        if not notes.size:
            raise ValueError("the tokens hold no note")
        notes.sort()
        return Sheet(tuple(self.parts), tuple(self.bars), notes)

    def _same_onset(self, position: int) -> bool:
        return bool(self.content) and self.content[-1] // _POSITION == position

    def _open_bar(self) -> None:
        if not self.bars:
            n_parts = len(self.parts)
            self.recent = [[] for _ in range(n_parts)]
            self.history = [[] for _ in range(n_parts)]
            self.kinds = [[] for _ in range(n_parts)]
            self.bars.append(SheetBar(4, 4, 48, 120))
        else:
            if len(self.bars) >= MAX_BARS:
                raise ValueError(f"a song of more than {MAX_BARS} bars is too long for a score")
            last = self.bars[-1]
            self.bars.append(SheetBar(last.numerator, last.denominator, last.full_length_tick, last.tempo_qpm))
        self._frame = {}
        self.part = 0
        self.stage = "frame"

    def _set_frame(self) -> None:
        bar = self.bar
        numerator, denominator = bar.numerator, bar.denominator
        if "metre" in self._frame:
            numerator, denominator = METRES[self._frame["metre"]]
        full_tick = 48 * numerator // denominator
        self.bars[-1] = SheetBar(
            numerator, denominator, self._frame.get("cut", full_tick), self._frame.get("tempo", bar.tempo_qpm)
        )

    def _allowed_in_frame(self) -> list[tuple[int, int]]:
        """A bar may state its metre, then its length if cut, then its tempo; the first must state metre and tempo."""
        is_first = len(self.bars) == 1
        done = self._frame
        if "tempo" in done:
            return self._allowed_cells()
        spans = [_span("tempo")]
        if is_first and "metre" not in done:
            return [_span("metre")]
        if "cut" not in done:
            full_tick = self.bar.full_length_tick
            if full_tick > 1:
                spans.append(_span("cut", 1, full_tick))
            if "metre" not in done:
                spans.append(_span("metre"))
        return spans if is_first else [*spans, *self._allowed_cells()]

    def _allowed_cells(self) -> list[tuple[int, int]]:
        spans = [_span("silent"), _span("new")]
        last_tick = self.bar.length_tick - 1
        is_drum = self.parts[self.part].is_drum
        for rank, content in enumerate(self.recent[self.part]):
            if content[-1] // _POSITION <= last_tick:
                spans.append(_span("repeat", rank, rank + 1))
                if not is_drum and not _fills_all_pitches(content):
                    spans.append(_span("transposed", rank, rank + 1))
        return spans

    def _close_cell(self, content: Content, kind: int) -> None:
        self.stage = "cell"
        self.history[self.part].append(content)
        self.kinds[self.part].append(kind)
        if content:
            mine = self.recent[self.part]
            if content in mine:
                mine.remove(content)
            mine.insert(0, content)
            del mine[N_RECENT:]
        self.content = []
        self.part += 1
        if self.part == len(self.parts):
            self.stage = "bar"


def _pitches(content: Content) -> list[int]:
    return [code // _PITCH % 128 for code in content]


def _fills_all_pitches(content: Content) -> bool:
    """Whether a cell reaches from the lowest to the highest pitch, so that it cannot be transposed."""
    return len(content) > 1 and min(_pitches(content)) == 0 and max(_pitches(content)) == 127


def _span(family: str, first: int | None = None, stop: int | None = None) -> tuple[int, int]:
    """Return the token ids of a family's values first ... stop - 1, by default all."""
    start = VOCABULARY.starts[family]
    first_id = start if first is None else _START[family] + first
    stop_id = start + VOCABULARY.family(family).size if stop is None else _START[family] + stop
    return first_id, stop_id
