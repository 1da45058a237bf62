"""Draw how a training went: loss, accuracy and copies over the steps, the yardsticks, and the step that is kept.

SVG text of our own, like the piano rolls; lengths are pixels (px) of a picture that is 1200 wide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bandroid.files import WITH_HOME, write_atomically
from bandroid.training.judging import Choice, Evaluation, Yardsticks
from bandroid.training.run_folder import RunFolder

WIDTH_PX = 1200
_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 84, 212, 34, 52
"""margins; names of the lines stand at the right"""
_LOSS_PX, _SHARE_PX, _GAP_PX = 330, 180, 46
"""heights of panels, and between them"""
_FONTS = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
_CHARACTER_SHARE = 0.52
"""mean width of a letter of such fonts, as a share of its size"""
_BOLD_SHARE, _TITLE_PX = 0.62, 14
"""the same of bold ones; size of a panel's title"""
_INK, _GREY, _PALE = "#22262e", "#737a86", "#e4e7ec"
_HELD_OUT, _LEARNT, _COPIES, _KEPT, _BAD = "#1f6fb4", "#c98a00", "#8d4fb3", "#2b8c4a", "#d1482b"
_RUNS = ("#1f6fb4", "#d1482b", "#2b8c4a", "#8d4fb3")
"""colours of runs that are compared"""


@dataclass(frozen=True, slots=True)
class _Line:
    """One curve of a panel."""

    name: str
    points: tuple[tuple[int, float], ...]
    """(step, value)"""
    colour: str
    width_px: float = 2.5


@dataclass(frozen=True, slots=True)
class _Level:
    """A yardstick: one value at all steps."""

    name: str
    value: float
    forbids_above: bool = False
    """what lies above is shaded"""


@dataclass(frozen=True, slots=True)
class _Panel:
    title: str
    lines: tuple[_Line, ...]
    levels: tuple[_Level, ...]
    low: float
    high: float
    height_px: int
    label: Callable[[float], str]
    top_px: float = 0.0

    def y_px(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.top_px + self.height_px * (1 - share)


@dataclass(frozen=True, slots=True)
class _Steps:
    """The axis that all panels share."""

    last: int

    def x_px(self, step: float) -> float:
        return _LEFT_PX + (WIDTH_PX - _LEFT_PX - _RIGHT_PX) * step / max(self.last, 1)


def write_curves(
    run: RunFolder, evaluations: Sequence[Evaluation], yardsticks: Yardsticks, choice: Choice | None
) -> None:
    """Write curves.svg into a run's folder, and with a choice curves.png too; raises MachineError, UserError."""
    if not evaluations:
        return
    svg = curves_svg(run.name, evaluations, yardsticks, choice)
    write_atomically(run.curves_svg, svg.encode(), WITH_HOME)
    if choice is not None:
        from bandroid.render.engraving import svg_to_png

        write_atomically(run.curves_png, svg_to_png(svg, WIDTH_PX), WITH_HOME)


def curves_svg(name: str, evaluations: Sequence[Evaluation], yardsticks: Yardsticks, choice: Choice | None) -> str:
    """Return a run's curves as SVG text; there is at least one test."""
    loss_levels = [_Level("counting alone", value) for value in (yardsticks.ngram_loss,) if value is not None]
    panels = [
        _loss_panel(
            f"Loss, {yardsticks.loss_unit}",
            (
                _Line("songs learnt", _points(evaluations, lambda one: one.train_loss), _LEARNT, 1.8),
                _Line("songs held out", _points(evaluations, lambda one: one.held_out_loss), _HELD_OUT),
            ),
            tuple(loss_levels),
        ),
        _share_panel(
            "Guessed right",
            (
                _Line("songs learnt", _points(evaluations, lambda one: one.train_accuracy), _LEARNT, 1.8),
                _Line("songs held out", _points(evaluations, lambda one: one.held_out_accuracy), _HELD_OUT),
            ),
            (),
        ),
        *_panels_of_z(evaluations),
        _share_panel(
            "Copied from the songs",
            (_Line("what it composes", _points(evaluations, lambda one: one.copy_rate), _COPIES),),
            (_Level("the band itself", yardsticks.copy_habit, forbids_above=True),),
        ),
    ]
    sentence = choice.because if choice is not None else "still learning"
    picture = _Picture(f"How {name} was learnt", sentence, panels, evaluations[-1].step)
    if choice is not None:
        picture.mark_kept(choice.evaluation)
    for one in evaluations:
        if one.problem:
            picture.mark_problem(one)
    return picture.svg()


def _panels_of_z(evaluations: Sequence[Evaluation]) -> tuple[_Panel, ...]:
    """Return what a latent space watches: whether z is heeded, how much it holds. Elsewhere there is nothing."""

    def points(name: str) -> tuple[tuple[int, float], ...]:
        return _points(evaluations, lambda one: one.watched.get(name))

    if not points("kl_bits"):
        return ()
    return (
        _share_panel(
            "16ths right, written from z",
            (
                _Line("a wrong z", points("accuracy_wrong_z"), _BAD, 1.8),
                _Line("its own z", points("accuracy_all_steps"), _HELD_OUT),
            ),
            (),
        ),
        _loss_panel("Bits that z holds of a window", (_Line("all of z", points("kl_bits"), _HELD_OUT),), ()),
        _loss_panel("Bits of z's fullest number", (_Line("one number", points("kl_bits_largest"), _HELD_OUT),), ()),
        _loss_panel("Numbers of z in use", (_Line("in use", points("active_units"), _HELD_OUT),), ()),
    )


def compared_svg(runs: Sequence[tuple[str, Sequence[Evaluation]]], loss_unit: str) -> str:
    """Return several runs' held-out loss and copies in one picture; each has at least one test."""

    def lines(value: Callable[[Evaluation], float | None]) -> tuple[_Line, ...]:
        return tuple(
            _Line(name, _points(evaluations, value), _RUNS[index % len(_RUNS)])
            for index, (name, evaluations) in enumerate(runs)
        )

    panels = [
        _loss_panel(f"Loss on songs held out, {loss_unit}", lines(lambda one: one.held_out_loss), ()),
        _share_panel("Guessed right on songs held out", lines(lambda one: one.held_out_accuracy), ()),
        _share_panel("Copied from the songs", lines(lambda one: one.copy_rate), ()),
    ]
    last = max(evaluations[-1].step for _, evaluations in runs)
    return _Picture(" and ".join(name for name, _ in runs), "", panels, last).svg()


class _Picture:
    """Panels one above the other over the same steps."""

    def __init__(self, title: str, sentence: str, panels: Sequence[_Panel], last_step: int) -> None:
        self._steps = _Steps(last_step)
        self._head, y = _heading(title, sentence)
        self._panels = []
        for panel in panels:
            if any(line.points for line in panel.lines):
                placed = _Panel(
                    panel.title, panel.lines, panel.levels, panel.low, panel.high, panel.height_px, panel.label, y
                )
                self._panels.append(placed)
                y += panel.height_px + _GAP_PX
        self._bottom_px = y - _GAP_PX
        self._marks: list[str] = []

    def mark_kept(self, one: Evaluation) -> None:
        """Draw a line through all panels where the kept step is, and a ring on each held-out curve."""
        x = self._steps.x_px(one.step)
        top = self._panels[0].top_px
        self._marks.append(_path(f"M{x:.1f} {top:.1f}V{self._bottom_px:.1f}", _KEPT, 1.6))
        words = f"kept: step {one.step}"
        half_px = 13 * _BOLD_SHARE * len(words) / 2
        # The panel's title stands on the same line.
        title_px = _TITLE_PX * _BOLD_SHARE * (len(self._panels[0].title) + 2)
        middle = min(max(x, _LEFT_PX + title_px + half_px), WIDTH_PX - _RIGHT_PX - half_px)
        self._marks.append(_text(middle, top - 7, words, 13, anchor="middle", weight="bold", colour=_KEPT))
        for panel in self._panels:
            line = panel.lines[-1]
            for step, value in line.points:
                if step == one.step and value <= panel.high:
                    self._marks.append(
                        f'<circle cx="{x:.1f}" cy="{panel.y_px(value):.1f}" r="6" fill="#ffffff" stroke="{_KEPT}" '
                        'stroke-width="3"/>'
                    )

    def mark_problem(self, one: Evaluation) -> None:
        """Draw a cross at the foot of the last panel where a sample was silent or stuck."""
        x, y = self._steps.x_px(one.step), self._bottom_px - 8
        self._marks.append(_path(f"M{x - 5:.1f} {y - 5:.1f}l10 10M{x - 5:.1f} {y + 5:.1f}l10 -10", _BAD, 2.2))

    def svg(self) -> str:
        height_px = self._bottom_px + _BOTTOM_PX
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX}" height="{height_px:.0f}" '
            f'viewBox="0 0 {WIDTH_PX} {height_px:.0f}" font-family="{_FONTS}">',
            f'<rect width="{WIDTH_PX}" height="{height_px:.0f}" fill="#ffffff"/>',
            *self._head,
        ]
        for panel in self._panels:
            lines += _backdrop(panel, self._steps)
            lines += _curves(panel, self._steps)
        lines += self._marks
        right = WIDTH_PX - _RIGHT_PX
        for step in _ticks(0, self._steps.last, 8):
            lines.append(_text(self._steps.x_px(step), self._bottom_px + 20, f"{step:g}", 12, "middle", colour=_GREY))
        lines.append(_text(right + 14, self._bottom_px + 20, "steps", 12, colour=_GREY))
        lines.append("</svg>")
        return "\n".join(lines) + "\n"


def _loss_panel(title: str, lines: tuple[_Line, ...], levels: tuple[_Level, ...]) -> _Panel:
    """Scale to what matters: the first steps' losses may leave the panel at its top."""
    values = [value for line in lines for _, value in line.points]
    later = [value for line in lines for _, value in line.points[len(line.points) // 8 :][1:]]
    low = min([*values, *(level.value for level in levels)], default=0.0)
    high = max([*(later or values), *(level.value for level in levels)], default=1.0)
    room = max(high - low, 0.05 * abs(high), 1e-3)
    return _Panel(title, lines, levels, low - 0.08 * room, high + 0.08 * room, _LOSS_PX, lambda value: f"{value:g}")


def _share_panel(title: str, lines: tuple[_Line, ...], levels: tuple[_Level, ...]) -> _Panel:
    levels = tuple(level for level in levels if level.value < 1)
    values = [value for line in lines for _, value in line.points] + [level.value for level in levels]
    high = max(values, default=1.0)
    low = min(values, default=0.0)
    if low > 0.4:  # accuracies: show the part where they are
        low, high = math.floor(20 * low - 0.01) / 20, math.ceil(20 * high + 0.01) / 20
    else:
        low, high = 0.0, max(1.15 * high, 0.02)
    return _Panel(title, lines, levels, low, min(high, 1.0), _SHARE_PX, lambda value: f"{100 * value:g} %")


def _points(
    evaluations: Sequence[Evaluation], value: Callable[[Evaluation], float | None]
) -> tuple[tuple[int, float], ...]:
    """Return (step, value) where there is a value."""
    found = ((one.step, value(one)) for one in evaluations)
    return tuple((step, number) for step, number in found if number is not None and math.isfinite(number))


def _heading(title: str, sentence: str) -> tuple[list[str], float]:
    """Return the title and the sentence below it, and where the first panel begins."""
    lines = [_text(_LEFT_PX, _TOP_PX + 10, title, 24, weight="bold")]
    y = _TOP_PX + 38.0
    most_letters = int((WIDTH_PX - _LEFT_PX - 40) / (15 * _CHARACTER_SHARE))
    for row in _wrapped(sentence, most_letters):
        lines.append(_text(_LEFT_PX, y, row, 15, colour=_GREY))
        y += 21
    return lines, y + 44


def _wrapped(sentence: str, most_letters: int) -> list[str]:
    rows: list[str] = []
    for word in sentence.split():
        if rows and len(rows[-1]) + 1 + len(word) <= most_letters:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    return rows


def _backdrop(panel: _Panel, steps: _Steps) -> list[str]:
    """Draw a panel's ground: grid, values, title, yardsticks."""
    left, right = float(_LEFT_PX), steps.x_px(steps.last)
    top, bottom = panel.top_px, panel.top_px + panel.height_px
    lines = [_text(left, top - 12, panel.title, _TITLE_PX, weight="bold")]
    for level in panel.levels:
        if level.forbids_above and level.value < panel.high:
            y = panel.y_px(level.value)
            lines.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{y - top:.1f}" fill="#fdf1ee"/>'
            )
    for value in _ticks(panel.low, panel.high, 6 if panel.height_px == _LOSS_PX else 4):
        y = panel.y_px(value)
        lines.append(_path(f"M{left:.1f} {y:.1f}H{right:.1f}", _PALE, 1.0))
        lines.append(_text(left - 10, y + 4, panel.label(value), 12, "end", colour=_GREY))
    for step in _ticks(0, steps.last, 8):
        x = steps.x_px(step)
        lines.append(_path(f"M{x:.1f} {bottom:.1f}v5", _GREY, 1.0))
    lines.append(_path(f"M{left:.1f} {bottom:.1f}H{right:.1f}", _GREY, 1.2))
    for level in panel.levels:
        y = panel.y_px(level.value)
        lines.append(_path(f"M{left:.1f} {y:.1f}H{right:.1f}", _INK, 1.4, dashes="7 5"))
    return lines


def _curves(panel: _Panel, steps: _Steps) -> list[str]:
    """Draw a panel's curves and write their names at their right ends, none over another."""
    # The first steps may lie far above: their lines come in through the panel's top.
    left, right = _LEFT_PX - 6.0, steps.x_px(steps.last) + 6.0
    frame = f"panel-{panel.top_px:.0f}"
    lines = [
        f'<clipPath id="{frame}"><rect x="{left:.1f}" y="{panel.top_px:.1f}" width="{right - left:.1f}" '
        f'height="{panel.height_px + 6}"/></clipPath><g clip-path="url(#{frame})">'
    ]
    labels = [(panel.y_px(level.value), f"{level.name} {_value(panel, level.value)}", _INK) for level in panel.levels]
    for line in panel.lines:
        if not line.points:
            continue
        places = [(steps.x_px(step), panel.y_px(value)) for step, value in line.points]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        lines.append(_path(path, line.colour, line.width_px))
        if len(places) <= 60:
            dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places)
            lines.append(_path(dots, line.colour, line.width_px * 2.4))
        labels.append((places[-1][1], f"{line.name} {_value(panel, line.points[-1][1])}", line.colour))
    lines.append("</g>")
    x = steps.x_px(steps.last) + 14
    free_px = panel.top_px + 4
    for y, words, colour in sorted(labels):
        y = max(min(y + 4, panel.top_px + panel.height_px - 4), free_px)
        lines.append(_text(x, y, words, 13, colour=colour))
        free_px = y + 17
    return lines


def _value(panel: _Panel, value: float) -> str:
    return f"{100 * value:.1f} %" if panel.height_px == _SHARE_PX else f"{value:.3f}"


def _ticks(low: float, high: float, n_most: int) -> list[float]:
    """Return round numbers between two values, at most so many (and one more)."""
    span = max(high - low, 1e-9)
    scale = 10.0 ** math.floor(math.log10(span / n_most))
    every = next(scale * factor for factor in (1, 2, 2.5, 5, 10) if span / (scale * factor) <= n_most)
    first, last = math.ceil(low / every - 1e-6), math.floor(high / every + 1e-6)
    return [round(number * every, 9) for number in range(first, last + 1)]


def _path(path: str, colour: str, width_px: float, dashes: str = "") -> str:
    extra = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<path fill="none" stroke="{colour}" stroke-width="{width_px}" stroke-linecap="round" '
        f'stroke-linejoin="round"{extra} d="{path}"/>'
    )


def _text(
    x: float, y: float, words: str, size: int, anchor: str = "start", weight: str = "", colour: str = _INK
) -> str:
    extra = (f' text-anchor="{anchor}"' if anchor != "start" else "") + (f' font-weight="{weight}"' if weight else "")
    plain = escape("".join(letter for letter in words if letter.isprintable()))
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{extra}>{plain}</text>'
