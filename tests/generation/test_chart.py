"""Charts are read, laid over bars, drawn after songs, and played."""

from __future__ import annotations

import numpy as np
import pytest

from bandroid.errors import WishError
from bandroid.generation.chart import Chart, Harmony, accompaniment, harmony_of, read_chart, symbols_of
from bandroid.music.chords import Chord, read_chord
from bandroid.representations.line import Line


def number(text: str) -> int:
    chord = read_chord(text)
    return chord.number if chord else 0


def line(chart: str, tonic: int, n_bars: int, is_minor: bool = False) -> Line:
    bar_step = np.arange(n_bars + 1) * 16
    n = 16 * n_bars
    chord = read_chart(chart).steps(bar_step)
    return Line(np.zeros(n, np.int32), np.zeros((n, 1), np.int32), bar_step, chord, tonic, is_minor)


def test_a_chord_a_bar_or_several_between_lines() -> None:
    assert read_chart("Dm7 G7 Cmaj7").bars == ((number("Dm7"),), (number("G7"),), (number("Cmaj7"),))
    assert read_chart("| Dm7 G7 | Cmaj7 | % |").bars == (
        (number("Dm7"), number("G7")),
        (number("Cmaj7"),),
        (number("Cmaj7"),),
    )


@pytest.mark.parametrize("text", ["", "  ", "|", "% | C", "C X9", "C | | D Q", " ".join(["C"] * 600)])
def test_what_is_no_chart_is_refused(text: str) -> None:
    with pytest.raises(WishError):
        read_chart(text)


def test_a_chart_is_laid_over_bars_again_and_again() -> None:
    steps = read_chart("C F | G").steps(np.array([0, 16, 32, 44]))
    assert (
        steps.tolist()
        == [number("C")] * 8 + [number("F")] * 8 + [number("G")] * 16 + [number("C")] * 6 + [number("F")] * 6
    )


def test_harmony_is_counted_from_the_tonic_and_drawn_in_any_key() -> None:
    harmony = harmony_of([line("C Am Dm G7", 0, 8), line("D Bm Em A7 | D", 2, 8), line("E C#m F#m B7", 4, 16)])
    assert harmony is not None
    again = Harmony.from_arrays(harmony.to_arrays())
    rng = np.random.default_rng(1)
    chart = again.draw(32, 5, False, rng)
    assert len(chart.bars) == 32
    assert chart.bars[:8] == chart.bars[8:16]
    roots = {Chord.of(n).root for bar in chart.bars for n in bar}  # type: ignore[union-attr]
    assert roots <= {5, 2, 7, 0}
    assert chart.bars[-1][-1] == number("F")


def test_lines_without_chords_have_no_harmony() -> None:
    assert harmony_of([line("N.C.", 0, 4)]) is None


@pytest.mark.parametrize("values", [{"bars": np.array([[999, 1]])}, {"first": np.array([0, 0, 2])}])
def test_nonsense_is_refused(values: dict[str, np.ndarray]) -> None:  # type: ignore[type-arg]
    good = {"bars": np.array([[1, 1], [2, 2]]), "first": np.array([0, 2]), "is_minor": np.array([False])}
    with pytest.raises(ValueError, match="no chords"):
        Harmony.from_arrays({**good, **values})


def test_piano_and_bass_play_the_chords() -> None:
    bar_step = np.array([0, 16, 32])
    chord = Chart(((number("C"),), (number("G7"), number("F/A")))).steps(bar_step)
    piano, bass = accompaniment(chord, bar_step, 120)
    assert {int(pitch) % 12 for pitch in piano.notes.pitch[piano.notes.onset_tick == 0]} == {0, 4, 7}
    assert [int(pitch) % 12 for pitch in bass.notes.pitch] == [0, 7, 7, 2, 5, 0]
    assert piano.notes.pitch.min() >= 48 and piano.notes.pitch.max() <= 76
    assert [event.text for event in symbols_of(chord, 120, has_flats=True)] == ["C", "G7", "F"]


@pytest.mark.parametrize(("beat_steps", "second"), [(4, 8), (6, 6)], ids=["3/4", "6/8"])
def test_the_fifth_falls_on_a_beat(beat_steps: int, second: int) -> None:
    bar_step = np.array([0, 12])
    _, bass = accompaniment(Chart(((number("C"),),)).steps(bar_step), bar_step, 1, beat_steps)
    assert bass.notes.onset_tick.tolist() == [0, second]
    assert bass.notes.end_tick.tolist() == [second, 12]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Dm7 G7 Cmaj7", (0, False)),
        ("F Gm C7 F", (5, False)),
        ("Am Dm E7 Am", (9, True)),
        ("D A Bm G", (2, False)),
        ("N.C.", None),
    ],
)
def test_a_chart_is_in_a_key(text: str, key: tuple[int, bool] | None) -> None:
    assert read_chart(text).key == key
