"""What `bandroid inspect` has to say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from bandroid.corpus.collect import collect
from bandroid.corpus.describe import describe_file, describe_folder, folder_text, song_text
from bandroid.music.midi_writer import write_midi
from bandroid.music.song import Song

Band = Callable[..., Song]


def test_a_song(tmp_path: Path, band: Band) -> None:
    write_midi(band(1), tmp_path / "song.mid")
    (tmp_path / "bandroid-roles.txt").write_text("song.mid: 1 = vocal line\n")
    (description,) = describe_file(tmp_path / "song.mid", lambda song: {"notes off the grid": 3})
    assert (description.n_bars, description.metres, description.tempos_qpm) == (16, ("4/4",), (120.0,))
    assert round(description.duration_second) == 32
    assert [part.role for part in description.parts] == ["vocal line", "chords", "bass", "drums"]
    assert description.parts[3].lowest in ("Bass Drum", "Acoustic Snare")
    assert description.parts[1].most_at_once == 3
    assert not description.are_chords_stated and description.chords[0].endswith(" 1")
    assert json.loads(json.dumps(description.to_json()))["snapping"] == {"notes off the grid": 3}
    text = song_text(description)
    assert "3 notes off the grid" in text
    assert "Electric Bass (finger)" in text


def test_a_folder(tmp_path: Path, band: Band) -> None:
    for seed in range(3):
        write_midi(band(seed), tmp_path / f"{seed}.mid")
    description = describe_folder(collect([tmp_path]), {"0.mid": {"notes merged": 2}})
    data = json.loads(json.dumps(description.to_json()))
    assert data["used"][0]["snapping"] == {"notes merged": 2}
    assert data["repeats"]["part_bars"] == 3 * 16 * 4
    assert 0.2 < data["repeats"]["part_bar_share"] < 0.9
    assert "2 notes merged" in folder_text(description)


def test_real_files(data: Path) -> None:
    for path in (
        data / "simutrans/band_shunter/19-Rockin-trucker.mid",
        next((data / "openewld/mxl").rglob("*.mxl")),
        next((data / "abc_irish").rglob("*.abc")),
    ):
        for description in describe_file(path):
            json.dumps(description.to_json())
            assert description.n_notes > 8 and description.estimated_key and song_text(description)
