"""What songs offer to a latent space: every bar, every combination of lines, whoever plays them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bandroid.corpus.voices import judging_windows, song_voices, voices_of
from bandroid.errors import CorpusError
from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song
from bandroid.representations.window import WINDOW_KINDS
from tests.small_band import BAR, QUARTER, small_song

MELODY, DRUMS, TRIO = (WINDOW_KINDS[name] for name in ("melody-2bar", "drums-2bar", "trio-16bar"))


def test_every_bar_is_a_start() -> None:
    voices = song_voices(small_song(), DRUMS)
    assert [bar for bar, _ in voices.starts] == list(range(15))
    assert voices.n_windows == 15


def test_every_combination_counts() -> None:
    song = small_song(n_bars=17)
    lead = Part("Lead", 80, False, Notes.from_rows([(bar * BAR, QUARTER, 80 + bar % 3, 90) for bar in range(17)]))
    again = replace(lead, name="Vocals", program=53, notes=lead.notes.transpose(-5))
    voices = song_voices(song.with_parts((*song.parts[:2], lead, again)), TRIO)
    assert [len(lines) for lines in voices.lines] == [2, 1, 1]
    assert voices.starts == ((0, ((0, 1), (0,), (0,))), (1, ((0, 1), (0,), (0,))))
    assert voices.n_windows == 4


def test_a_song_without_a_bass_still_gives_what_it_has() -> None:
    song = small_song()
    voices = song_voices(song.with_parts((song.parts[0], replace(song.parts[2], program=80, name="Lead"))), TRIO)
    _, playing = voices.starts[0]
    assert [bool(lines) for lines in playing] == [True, False, True]
    window = voices.window(TRIO, 0, [0, None, 0])
    assert window.is_there.tolist() == [True, False, True]
    assert not window.symbols[1].any()


def test_a_bass_alone_is_a_melody_where_there_is_nothing_else() -> None:
    song = small_song()
    assert len(song_voices(song.with_parts((song.parts[1],)), MELODY).lines[0]) == 1


@pytest.mark.parametrize("metre", [(3, 4), (6, 8), (7, 8), (5, 8), (2, 4)])
def test_windows_have_the_songs_own_bars(metre: tuple[int, int]) -> None:
    song = replace(small_song(), metres=(MetreChange(0, *metre),))
    voices = song_voices(song, DRUMS)
    bar, playing = voices.starts[0]
    window = voices.window(DRUMS, bar, [lines[0] for lines in playing])
    assert window.bar_steps == 16 * metre[0] // metre[1]


def test_bars_longer_than_a_whole_note_are_refused_with_a_reason() -> None:
    with pytest.raises(CorpusError, match="a whole note at most"):
        song_voices(replace(small_song(), metres=(MetreChange(0, 6, 4),)), DRUMS)


def test_what_is_not_there_is_said() -> None:
    song = small_song()
    with pytest.raises(CorpusError, match="has no drums"):
        voices_of(song.with_parts(song.parts[1:]), DRUMS)
    with pytest.raises(CorpusError, match="has no melody"):
        voices_of(Song(QUARTER, (song.parts[0],)), MELODY)


def test_velocities_come_along() -> None:
    voices = song_voices(small_song(), DRUMS)
    window = voices.window(DRUMS, 0, [0])
    assert set(window.velocity[window.velocity > 0].tolist()) == {70, 90, 100}


def test_windows_to_judge_by_are_the_same_every_time() -> None:
    voices = [song_voices(small_song(key), DRUMS) for key in (0, 2)]
    first, again = (judging_windows(voices, DRUMS, 10) for _ in range(2))
    assert len(first) == 10
    assert all(np.array_equal(a.symbols, b.symbols) for a, b in zip(first, again, strict=True))
