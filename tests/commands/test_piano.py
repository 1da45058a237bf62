"""The preset `piano` as a user meets it: pieces for two hands in, a style of one player, pieces for two hands out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bandroid import terminal
from bandroid.bundle import store
from bandroid.cli import app
from bandroid.generation.style import load_style
from bandroid.music.midi_writer import write_midi
from bandroid.music.notes import Notes
from bandroid.music.read import read_songs
from bandroid.music.song import MetreChange, Part, Song, TempoChange

QUARTER, BAR = 48, 192
MAJOR = (0, 2, 4, 5, 7, 9, 11)
SMALL = ("layers=8", "embedding=4", "width=8", "batch_size=2", "warmup_steps=2", "evaluate_every=5", "threads=1")


def two_hands(seed: int, n_bars: int = 8) -> Song:
    """Chords of half notes below, a tune of quarters and eighths above, a rest every fourth bar, a singer beside it."""
    rng = np.random.default_rng(seed)
    left, right, voice = [], [], []
    for bar in range(n_bars):
        start, root = bar * BAR, int(rng.integers(0, 7))
        for half in range(2):
            chord = [48 + MAJOR[(root + third) % 7] for third in (0, 2, 4)]
            left += [(start + half * 2 * QUARTER, 2 * QUARTER, pitch, 60) for pitch in chord]
        if bar % 4 == 3:
            continue
        voice.append((start, BAR, 67, 70))
        onset = 0
        while onset < BAR:
            length = int(rng.choice([QUARTER // 2, QUARTER]))
            right.append((start + onset, length, 72 + int(rng.choice(MAJOR)), int(rng.choice([80, 95]))))
            onset += length
    parts = (Part("Voice", 52, False, Notes.from_rows(voice)), Part("Right", 0, False, Notes.from_rows(right)))
    left_hand = Part("Left", 0, False, Notes.from_rows(left))
    return Song(QUARTER, (*parts, left_hand), (TempoChange(0, 80.0 + 10 * seed),), (MetreChange(0, 4, 4),))


def bandroid(*words: object) -> int:
    return terminal.run(lambda: app([str(word) for word in words], standalone_mode=False, prog_name="bandroid"))


def settings(words: Sequence[str]) -> list[str]:
    return [part for word in words for part in ("--set", word)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a style learnt from three of four pieces."""
    home = tmp_path_factory.mktemp("piano")
    for number in range(4):
        write_midi(two_hands(number), home / "pieces" / f"piece{number}.mid")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDROID_HOME", str(home))
        words = ("--name", "hands", "--preset", "piano", "--hold-out", "piece2", "--steps", 10, *settings(SMALL))
        assert bandroid("learn", home / "pieces", *words) == 0
    return home


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BANDROID_HOME", str(home))
    monkeypatch.chdir(tmp_path)


def test_the_style_knows_one_player_at_a_keyboard() -> None:
    bundle = store.find_style("hands")
    assert (bundle.manifest.preset, bundle.manifest.learnt_parts) == ("piano", "keyboard")
    line_ups = load_style(bundle).line_ups
    assert len(line_ups) == 3
    assert all([player.program for player in line_up.players] == [0, 0] for line_up in line_ups)


def test_learning_says_of_each_file_what_was_taken(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--name", "again", "--preset", "piano", "--steps", 1, *settings(SMALL))
    assert bandroid("learn", home / "pieces", *words) == 0
    out = capsys.readouterr().out
    assert "piece1.mid: 8 bars of 4/4, 2 parts" in out
    assert "note: its 2 keyboard parts are taken as one player's; not used: 6 notes of 1 other part" in out


def test_it_is_measured_on_what_it_learnt(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert bandroid("evaluate", "hands", home / "pieces", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    n_keyboard_notes = sum(len(part.notes) for part in two_hands(2).parts[1:])
    assert report["unseen"]["notes"] == n_keyboard_notes
    assert (report["unseen"]["songs"], report["learnt"]["songs"]) == (1, 3)
    learnt = store.find_style("hands").manifest.training.figures["bits_per_note_held_out"]
    assert report["unseen"]["bits_per_note"] == pytest.approx(learnt, abs=1e-2)


def test_a_copy_is_seen_though_the_file_has_two_hands(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert bandroid("critique", home / "pieces" / "piece0.mid", "--style", "hands", "--json") == 0
    (piece,) = json.loads(capsys.readouterr().out)["pieces"]
    assert "piece0" in json.dumps(piece)


def test_a_piece_is_for_two_hands_with_chords_lengths_and_velocities(tmp_path: Path) -> None:
    words = ("--bars", 16, "--seed", 3, "--no-score", "--audio", "none", "-o", tmp_path / "out")
    assert bandroid("compose", "hands", *words) == 0
    (path,) = (tmp_path / "out").glob("*.mid")
    (song,) = read_songs(path)
    assert [(part.program, part.is_drum) for part in song.parts] == [(0, False)] * 2
    right, left = (part.notes for part in song.parts)
    assert right.pitch.mean() > left.pitch.mean()
    assert np.unique(left.onset_tick, return_counts=True)[1].max() >= 2
    assert np.unique(right.length_tick).size >= 2 and np.unique([*right.velocity, *left.velocity]).size >= 2
    assert 75 <= song.tempos[0].tempo_qpm <= 115
