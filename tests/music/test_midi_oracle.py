"""Real files: our notes against those of mido, which shares no code with us."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import mido
import pytest
from midi_building import read

from bandroid.music.midi_reader import read_midi
from bandroid.music.midi_writer import midi_bytes
from bandroid.music.song import Song

SAMPLE = {
    "freedoom/band_lola_harvey": 4,
    "freedoom/other_current": 15,
    "simutrans": 14,
    "easyrpg": 6,
    "openmsx": 8,
    "mutopia": 150,
    "gmd": 200,
    "nottingham": 250,
}
"""every so manieth file of a folder"""

Row = tuple[int, int, int, int]


def sample(data: Path, folder: str) -> list[Path]:
    return sorted((data / folder).rglob("*.mid"))[:: SAMPLE[folder]]


def by_mido(path: Path) -> list[Row]:
    """(onset, pitch, velocity, end) of all notes, paired first in, first out."""
    rows: list[Row] = []
    for track in mido.MidiFile(path).tracks:
        tick = 0
        sounding: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        for message in track:
            tick += message.time
            if message.type not in ("note_on", "note_off"):
                continue
            waiting = sounding[message.channel, message.note]
            if message.type == "note_on" and message.velocity:
                waiting.append((tick, message.velocity))
            elif waiting:
                onset, velocity = waiting.pop(0)
                rows.append((onset, message.note, velocity, max(tick, onset + 1)))
        assert not any(sounding.values()), "choose a file whose notes all end"
    return sorted(rows)


def by_us(song: Song) -> list[Row]:
    rows: list[Row] = []
    for part in song.parts:
        notes = part.notes
        columns = (notes.onset_tick, notes.pitch, notes.velocity, notes.end_tick)
        rows += zip(*(column.tolist() for column in columns), strict=True)
    return sorted(rows)


@pytest.mark.parametrize("folder", SAMPLE)
def test_notes_are_those_that_mido_reads(data: Path, folder: str) -> None:
    for path in sample(data, folder):
        song = read_midi(path)
        ours, theirs = by_us(song), by_mido(path)
        if any("pedal" in remark for remark in song.remarks):  # mido does not know the pedal
            ours, theirs = [sorted(row[:3] for row in rows) for rows in (ours, theirs)]  # type: ignore[misc]
        assert ours == theirs, path.name


@pytest.mark.parametrize("folder", SAMPLE)
def test_real_songs_come_back_the_same(data: Path, folder: str) -> None:
    for path in sample(data, folder)[:3]:
        song = read_midi(path)
        again = read(midi_bytes(song))
        assert again == song, path.name
        assert midi_bytes(again) == midi_bytes(song)


@pytest.mark.parametrize("name", ["track_length_too_long", "track_length_too_short"])
def test_a_file_with_a_wrong_length_reads_as_its_original(data: Path, name: str) -> None:
    whole = read_midi(data / "odd_midi/generated/truncated_last_byte.mid")
    assert read_midi(data / f"odd_midi/generated/{name}.mid") == whole


@pytest.mark.parametrize("name", ["leading_macbinary_128", "riff_rmid", "trailing_garbage"])
def test_a_wrapped_file_reads_as_its_original(data: Path, name: str) -> None:
    original = next((data / "simutrans").rglob("14-Last-journey-of-the-Niagara.mid"))
    assert read_midi(data / f"odd_midi/generated/{name}.mid") == read_midi(original)
