"""The picture of a training."""

import math
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from bandroid.render.engraving import svg_to_png
from bandroid.training.curves import WIDTH_PX, compared_svg, curves_svg
from bandroid.training.judging import Evaluation, Yardsticks, choose

YARDSTICKS = Yardsticks(copy_habit=0.05, ngram_loss=1.8)


def evaluation(step, held_out=1.5, accuracy=0.6, copies=0.02, problem=None):
    return Evaluation(step, step / 100, held_out - 0.1, accuracy, held_out, accuracy, copies, problem, 1e-3, step)


RUN = [evaluation(100 * n, 1 + 2 / n, 0.4 + 0.04 * n, 0.01 * n) for n in range(1, 11)]


def texts(svg):
    root = ElementTree.fromstring(svg)
    return [node.text for node in root.iter() if node.tag.endswith("text")]


def test_it_says_what_is_kept_and_why():
    choice = choose(RUN, YARDSTICKS)
    words = texts(curves_svg("lola", RUN, YARDSTICKS, choice))
    assert "How lola was learnt" in words and "kept: step 500" in words
    assert "before copies rise above the band's own habit" in " ".join(words)
    assert "counting alone 1.800" in words and "the band itself 5.0 %" in words


def test_on_the_way_it_says_so():
    assert "still learning" in texts(curves_svg("lola", RUN[:1], YARDSTICKS, None))


@pytest.mark.parametrize(
    "evaluations",
    [
        [evaluation(1)],
        [evaluation(1, math.nan), evaluation(2, problem="is silent")],
        [evaluation(10, accuracy=None), evaluation(20, accuracy=None, copies=0.0)],
        [evaluation(n, 5.0 / n, 0.9 + n / 1e4, 0.9) for n in range(1, 900)],
        [evaluation(10, 0.0, 0.0, 0.0), evaluation(20, 0.0, 1.0, 1.0)],
        [evaluation(10, 0.0, 1.0, 1.0), evaluation(20, 0.0, 1.0, 1.0)],
    ],
    ids=["one", "no number", "no accuracy", "many", "nothing and all", "everything right"],
)
def test_odd_runs_can_be_drawn(evaluations):
    svg = curves_svg("<a & b>", evaluations, Yardsticks(), choose(evaluations, Yardsticks()))
    ElementTree.fromstring(svg)
    assert "nan" not in svg and "inf" not in svg.replace("info", "")
    png = svg_to_png(svg, WIDTH_PX)
    assert png.startswith(b"\x89PNG")


def test_runs_side_by_side():
    other = [evaluation(50 * n, 1 + 3 / n) for n in range(1, 9)]
    words = texts(compared_svg([("lola", RUN), ("mara", other)], "bits per note"))
    assert "lola and mara" in words and "Loss on songs held out, bits per note" in words
    assert any(word.startswith("mara 1.375") for word in words)


def test_a_latent_space_shows_whether_z_is_heeded():
    watched = {"kl_bits": 50.0, "kl_bits_largest": 3.0, "active_units": 30.0}
    watched |= {"accuracy_all_steps": 0.8, "accuracy_wrong_z": 0.2}
    words = texts(curves_svg("mine", [replace(one, watched=watched) for one in RUN], YARDSTICKS, None))
    assert {"a wrong z 20.0 %", "its own z 80.0 %", "Bits that z holds of a window", "Numbers of z in use"} <= set(
        words
    )
    assert "Numbers of z in use" not in texts(curves_svg("mine", RUN, YARDSTICKS, None))
