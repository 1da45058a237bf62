"""What a choirmaster marks."""

from __future__ import annotations

import numpy as np
import pytest

from bandroid.critique.chorale_runs import RunIndex, longest_runs
from bandroid.critique.voice_leading import Faults, ends_on_tonic, faults_of
from bandroid.representations.chorale import REST, TONIC, cells_of, frames_of


def found(*chords: tuple[int, int, int, int], tonic: int = 12) -> Faults:
    frames = frames_of(np.repeat(cells_of(np.array(chords)), 4, axis=0))
    frames[:, TONIC] = tonic
    return faults_of(frames)


@pytest.mark.parametrize(
    ("chords", "kind", "voices"),
    [
        (((72, 67, 64, 48), (74, 69, 65, 50)), "parallel octaves", (0, 3)),
        (((76, 67, 60, 48), (77, 69, 60, 50)), "parallel fifths", (1, 3)),
        (((67, 69, 60, 48), (67, 64, 60, 48)), "crossing", (0, 1)),
        (((79, 64, 60, 48), (76, 67, 60, 48)), "spacing", (0, 1)),
        (((76, 67, 60, 38), (76, 67, 60, 48)), "range", (3,)),
    ],
)
def test_faults_are_found(chords: tuple[tuple[int, int, int, int], ...], kind: str, voices: tuple[int, ...]) -> None:
    faults = found(*chords)
    assert (kind, voices) in [(fault.kind, fault.voices) for fault in faults.each]
    assert faults.count(kind) == 1
    assert all(fault.sentence for fault in faults.each)


@pytest.mark.parametrize(
    "chords",
    [
        ((72, 67, 64, 48), (72, 67, 64, 48)),
        ((72, 67, 64, 48), (71, 67, 62, 55)),
        # From one octave to another by contrary motion.
        ((72, 67, 64, 60), (74, 65, 59, 50)),
    ],
)
def test_good_voices_have_none(chords: tuple[tuple[int, int, int, int], ...]) -> None:
    assert not found(*chords).each


def test_leading_tones_and_last_chords_need_a_key() -> None:
    doubled, open_end = ((71, 67, 62, 59), (72, 67, 64, 48)), ((72, 67, 64, 48), (71, 67, 62, 55))
    assert not found(*doubled).each and not found(*open_end).each
    assert found(*doubled, tonic=0).count("leading tone") == 1
    assert found(*open_end, tonic=0).count("last chord") == 1
    assert found(*open_end, tonic=0).count() == 1


def test_only_what_was_written_is_marked() -> None:
    frames = frames_of(np.repeat(cells_of(np.array([(67, 69, 60, 48), (67, 64, 60, 48)])), 4, axis=0))
    free = np.zeros((8, 4), dtype=np.bool_)
    assert not faults_of(frames, free).each
    free[:, 3] = True
    assert not faults_of(frames, free).each
    free[:, 1] = True
    assert faults_of(frames, free).count("crossing") == 1


def test_rests_end_on_anything() -> None:
    frames = frames_of(np.full((4, 4), REST))
    frames[:, TONIC] = 0
    assert ends_on_tonic(frames) and not faults_of(frames).each


def test_runs_are_found_in_any_key() -> None:
    rng = np.random.default_rng(0)
    piece = rng.integers(10, 30, (60, 4))
    other = rng.integers(10, 30, (60, 4))
    other[20:45] = piece[5:30] + 5
    assert longest_runs([other], [piece]) == [25]
    other[30, 2] += 1
    assert longest_runs([other], [piece]) == [14]
    assert RunIndex([piece]).longest(piece) == 60
    assert RunIndex([]).longest(piece) == 0
    assert RunIndex([piece]).longest(piece[:2]) == 0


def test_a_run_keeps_to_one_key() -> None:
    rng = np.random.default_rng(1)
    piece = rng.integers(10, 30, (40, 4))
    other = np.concatenate([piece[:20], piece[20:] + 1])
    assert longest_runs([other], [piece]) == [20]
