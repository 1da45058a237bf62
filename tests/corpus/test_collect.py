"""A folder in, songs and reasons out."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bandroid.corpus import collect as collecting
from bandroid.corpus.collect import collect
from bandroid.corpus.report import corpus_json, report_text, summary
from bandroid.errors import CorpusError, WishError
from bandroid.music.midi_writer import write_midi
from bandroid.music.song import Song
from small_band import small_song

Band = Callable[..., Song]
Transpose = Callable[[Song, int], Song]


@pytest.fixture
def folder(tmp_path: Path, band: Band, transpose: Transpose) -> Path:
    """Five songs, a double in another key, a jingle, a damaged file and a picture."""
    for seed in range(5):
        write_midi(band(seed), tmp_path / f"song{seed}.mid")
    write_midi(transpose(band(2), 3), tmp_path / "live" / "song2 live.mid")
    write_midi(band(9, 1), tmp_path / "jingle.mid")
    (tmp_path / "damaged.mid").write_bytes(b"MThd and no more")
    (tmp_path / "cover.jpg").write_bytes(b"a picture")
    return tmp_path


def test_every_file_is_used_or_refused_with_its_reason(folder: Path) -> None:
    corpus = collect([folder])
    assert [used.name for used in corpus.used] == ["live/song2 live.mid", *(f"song{n}.mid" for n in (0, 1, 3, 4))]
    reasons = {refusal.name: refusal.reason for refusal in corpus.refused}
    assert set(reasons) == {"damaged.mid", "jingle.mid", "song2.mid"}
    assert reasons["jingle.mid"] == "is only one bar long"
    assert reasons["song2.mid"] == "the same music as live/song2 live.mid, 3 semitones lower"
    assert corpus.n_ignored == 1
    first = corpus.used[1]
    assert first.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()
    assert (first.n_bars, [role.role for role in first.roles]) == (16, ["lead", "chords", "bass", "drums"])


def test_the_split_is_by_song_and_repeatable(folder: Path) -> None:
    corpus = collect([folder], hold_out=["song3"], held_out_share=0.4, seed=5)
    assert len(corpus.train) == 3 and len(corpus.held_out) == 2
    assert "song3.mid" in [used.name for used in corpus.held_out]
    assert [used.split for used in collect([folder], hold_out=["song3"], held_out_share=0.4, seed=5).used] == [
        used.split for used in corpus.used
    ]


def test_a_double_of_a_song_held_out_never_trains(folder: Path) -> None:
    corpus = collect([folder], hold_out=["song2"])
    assert [used.name for used in corpus.held_out] == ["song2.mid"]
    assert "live/song2 live.mid" in [refusal.name for refusal in corpus.refused]


def test_names_that_mean_nothing(folder: Path) -> None:
    with pytest.raises(WishError, match="did you mean song"):
        collect([folder], hold_out=["sonng3"])
    with pytest.raises(WishError, match=r"jingle.mid cannot be used: is only one bar"):
        collect([folder], hold_out=["jingle"])
    with pytest.raises(WishError, match="--exclude"):
        collect([folder], exclude=["nobody"])


def test_exclude(folder: Path) -> None:
    corpus = collect([folder], exclude=["live", "song?.mid", "damaged"])
    assert corpus.used == ()
    with pytest.raises(CorpusError, match="none of 8 music files can be used"):
        corpus.require_songs()


def test_folders_without_music(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("hello")
    with pytest.raises(CorpusError, match="no music files here \\(1 files of other kinds\\)"):
        collect([tmp_path])
    with pytest.raises(CorpusError, match="no such folder"):
        collect([tmp_path / "nowhere"])


def test_roles_are_corrected(folder: Path) -> None:
    (folder / "bandroid-roles.txt").write_text("song0.mid: 2 = lead\nsonng.mid: 1 = bass\n")
    corpus = collect([folder])
    song = next(used for used in corpus.used if used.name == "song0.mid")
    assert song.roles[1].role == "lead"
    assert corpus.remarks == (f"{folder / 'bandroid-roles.txt'}, line 2: no song is called 'sonng.mid'",)


def test_a_fault_of_ours_costs_one_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = collecting.read_songs

    def faulty(path: Path) -> tuple[Song, ...]:
        if path.name == "song1.mid":
            raise RecursionError("too deep")
        return honest(path)

    monkeypatch.setattr(collecting, "read_songs", faulty)
    corpus = collect([folder])
    assert {r.name: r.reason for r in corpus.refused}["song1.mid"] == "bandroid failed on it (RecursionError: too deep)"
    assert len(corpus.used) == 4


def test_progress_is_told_per_file(folder: Path) -> None:
    calls: list[tuple[int, int, str]] = []
    collect([folder], on_progress=lambda *call: calls.append(call))
    assert [call[:2] for call in calls] == [(n, 8) for n in range(1, 9)]


def test_the_report(folder: Path) -> None:
    corpus = collect([folder], hold_out=["song4"])
    data = json.loads(json.dumps(corpus_json(corpus)))
    assert data["totals"]["songs_used"] == 5 and data["totals"]["songs_held_out"] == 1
    assert {song["split"] for song in data["used"]} == {"train", "held_out"}
    assert data["used"][0]["parts"][2]["role"] == "bass"
    text = report_text(corpus)
    assert "used     song4.mid: 16 bars of 4/4, 4 parts (lead, chords, bass, drums)" in text
    assert "refused  jingle.mid: is only one bar long" in text
    assert text.endswith(summary(corpus))
    assert summary(corpus).startswith("5 songs used (1 held out): 20 parts, 80 bars, ")


def test_every_tune_of_a_file_is_a_song_of_its_own(tmp_path: Path) -> None:
    tunes = "".join(
        f"X:{number}\nT:Tune {number}\nM:4/4\nL:1/8\nK:C\n{notes}|{notes[::-1]}|]\n\n"
        for number, notes in ((1, "CEGceGcE"), (2, "DFAdfAdF"), (3, "GBdgBdGB"))
    )
    (tmp_path / "tunes.abc").write_text(tunes)
    corpus = collect([tmp_path], hold_out=["tunes.abc#2"])
    assert [(used.name, used.split) for used in corpus.used] == [
        ("tunes.abc#1", "train"),
        ("tunes.abc#2", "held_out"),
        ("tunes.abc#3", "train"),
    ]


def test_real_band(data: Path) -> None:
    corpus = collect([data / "freedoom/band_lola_harvey"], hold_out=["d_map02", "d_map08", "d_e3m3"])
    assert (len(corpus.train), len(corpus.held_out), corpus.refused) == (14, 3, ())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such thing as a named pipe here")
def test_a_pipe_or_a_broken_link_does_not_hold_up_the_folder(tmp_path: Path) -> None:
    write_midi(small_song(), tmp_path / "song.mid")
    os.mkfifo(tmp_path / "pipe.mid")
    (tmp_path / "link.mid").symlink_to(tmp_path / "nowhere.mid")
    (tmp_path / "folder.mid").mkdir()
    corpus = collect([tmp_path])
    assert [song.name for song in corpus.used] == ["song.mid"]
    assert {refusal.name for refusal in corpus.refused} == {"pipe.mid", "link.mid"}
