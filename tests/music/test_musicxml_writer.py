"""What is written in MusicXML adds up, can be read by a musician, and sounds as the song did."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandroid.music.midi_reader import read_midi
from bandroid.music.musicxml_reader import read_musicxml
from bandroid.music.musicxml_writer import musicxml_text
from bandroid.music.notation.paper import Paper
from bandroid.music.notes import Notes
from bandroid.music.song import KeyChange, MetreChange, Part, Song, TempoChange, TextEvent
from tests.music_strategies import songs

QUARTER = 480
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

Heard = list[tuple[int, int, int]]
"""(onset, end, pitch) in written ticks"""


def _song(*rows: tuple[float, float, int], program: int = 0, is_drum: bool = False, **timeline: object) -> Song:
    """Make a song of one part from (onset, length, pitch) in quarters."""
    notes = Notes.from_rows([(round(o * QUARTER), round(n * QUARTER), p, 80) for o, n, p in rows])
    part = Part("Lead", program, is_drum, notes)
    return Song(QUARTER, (part,), **timeline)  # type: ignore[arg-type]


def _hear(text: str) -> list[Heard]:
    """Play MusicXML with a reader of a few lines, checking what must hold of any score on the way."""
    root = ET.fromstring(text)
    bar_onset: list[int] = []
    parts: list[Heard] = []
    sounds = {
        instrument.get("id"): int(instrument.findtext("midi-unpitched") or 0) - 1
        for instrument in root.iter("midi-instrument")
    }
    for part in root.iter("part"):
        heard: Heard = []
        open_ties: dict[tuple[str, int], int] = {}
        measure_onset = 0
        for index, measure in enumerate(part.iter("measure")):
            if len(bar_onset) == index:
                bar_onset.append(measure_onset)
            assert bar_onset[index] == measure_onset, "all parts have the same bars"
            at = chord_at = furthest = 0
            share = 1  # a chord's first note says for all of it whether it is staccato
            open_beams: dict[tuple[str, str], bool] = {}
            open_tuplets = 0
            for element in measure:
                length = int(element.findtext("duration") or 0)
                if element.tag == "backup":
                    assert at == furthest, "a voice is written to the end of the bar before the next begins"
                    at -= length
                elif element.tag == "forward":
                    at += length
                elif element.tag == "note":
                    if element.find("chord") is None:
                        chord_at, at = at, at + length
                        share = 2 if element.find(".//staccato") is not None else 1
                    _check_beams(element, open_beams)
                    for tuplet in element.iter("tuplet"):
                        open_tuplets += 1 if tuplet.get("type") == "start" else -1
                    _hear_note(element, measure_onset + chord_at, length // share, heard, open_ties, sounds)
                furthest = max(furthest, at)
            assert not open_beams and not open_tuplets
            measure_onset += furthest
        assert not open_ties
        parts.append(sorted(heard))
    return parts


def _hear_note(
    note: ET.Element,
    onset: int,
    length: int,
    heard: Heard,
    open_ties: dict[tuple[str, int], int],
    sounds: dict[str | None, int],
) -> None:
    if note.find("rest") is not None:
        return
    end = onset + length
    pitch = note.find("pitch")
    if pitch is None:
        instrument = note.find("instrument")
        assert instrument is not None
        number = sounds[instrument.get("id")]
    else:
        octave = int(pitch.findtext("octave") or "")
        number = 12 * (octave + 1) + _STEPS[pitch.findtext("step") or ""] + int(pitch.findtext("alter") or 0)
    ties = {tie.get("type") for tie in note.findall("tie")}
    key = (note.findtext("voice") or "", number)
    if "stop" in ties:
        place = open_ties.pop(key)
        assert heard[place][1] == onset, "a tie joins notes that touch"
        heard[place] = (heard[place][0], end, number)
    else:
        place = len(heard)
        heard.append((onset, end, number))
    if "start" in ties:
        open_ties[key] = place


def _check_beams(note: ET.Element, open_beams: dict[tuple[str, str], bool]) -> None:
    for beam in note.findall("beam"):
        key = (note.findtext("voice") or "", beam.get("number") or "")
        if beam.text == "begin":
            assert key not in open_beams
            open_beams[key] = True
        elif beam.text in ("continue", "end"):
            assert key in open_beams
            if beam.text == "end":
                del open_beams[key]


def _first_measure(song: Song) -> ET.Element:
    measure = ET.fromstring(musicxml_text(song)).find("part/measure")
    assert measure is not None
    return measure


# ---------------------------------------------------------------- whole songs


@settings(deadline=None, max_examples=80)
@given(songs())
def test_every_song_can_be_written_and_keeps_its_notes(song: Song) -> None:
    parts = [part for part in song.parts if len(part.notes)]
    heard = _hear(musicxml_text(song))
    paper = Paper(song)
    assert len(heard) == max(len(parts), 1)
    for part, played in zip(parts, heard, strict=False):
        written = (paper.write_drums if part.is_drum else paper.write)(part.notes)
        expected = list(zip(written.onset.tolist(), written.pitch.tolist(), strict=True))
        assert sorted((onset, pitch) for onset, _, pitch in played) == sorted(expected)
        # On paper a note moves by at most half a 16th, or to where the last bar ends.
        moved = np.abs(np.sort(paper.position(part.notes.onset_tick)) - np.sort(_nearest(part, written.onset, paper)))
        assert float(moved.max(initial=0.0)) <= 6.0


def _nearest(part: Part, onset: np.ndarray, paper: Paper) -> np.ndarray:
    exact = paper.position(part.notes.onset_tick)
    return np.array([onset[np.argmin(np.abs(onset - at))] for at in exact])


@st.composite
def _two_lines(draw: st.DrawFn) -> Song:
    """Draw two lines whose beats are divided in the same way, by 1, 2, 3 or 4, as paper holds them exactly.

    Onsets decide how a beat is divided, so the upper line plays a triplet whole.
    """
    rows: list[tuple[float, float, int]] = []
    beats = draw(st.integers(2, 5))
    for beat in range(draw(st.integers(1, 12))):
        n_slots = draw(st.sampled_from([1, 2, 3, 4]))
        for low in (48, 72):
            for slot in range(n_slots):
                if draw(st.booleans()) or (n_slots == 3 and low == 72):
                    rows.append((beat + slot / n_slots, 1 / n_slots, low + draw(st.integers(0, 11))))
    return _song(*(rows or [(0, 1, 60)]), metres=(MetreChange(0, beats, 4),))


@settings(deadline=None, max_examples=60)
@given(_two_lines())
def test_what_stands_on_the_grid_sounds_exactly_as_it_did(song: Song) -> None:
    notes = song.parts[0].notes
    onset, end = notes.onset_tick * 24 // QUARTER, notes.end_tick * 24 // QUARTER
    expected = sorted(zip(onset.tolist(), end.tolist(), notes.pitch.tolist(), strict=True))
    assert _hear(musicxml_text(song))[0] == expected


def test_real_songs_come_back_through_the_reader(data: Path, tmp_path: Path) -> None:
    for name in (
        "freedoom/band_lola_harvey/d_map02__Dark_Underworld.mid",
        "freedoom/band_korp/d_e2m2__Voidgaze.mid",
        "mutopia/midi/AlkanCV__O31__alkan-op31-2__alkan-op31-2.mid",
    ):
        song = read_midi(data / name)
        path = tmp_path / "song.musicxml"
        path.write_text(musicxml_text(song), encoding="utf-8")
        again = read_musicxml(path)
        paper = Paper(song)
        parts = [part for part in song.parts if len(part.notes)]
        assert [part.program for part in again.parts] == [part.program for part in parts]
        for part, read in zip(parts, again.parts, strict=True):
            written = (paper.write_drums if part.is_drum else paper.write)(part.notes)
            onset = np.rint(read.notes.onset_tick * 24 / again.ticks_per_quarter).astype(int).tolist()
            assert list(zip(onset, read.notes.pitch.tolist(), strict=True)) == list(
                zip(written.onset.tolist(), written.pitch.tolist(), strict=True)
            )


def test_the_same_song_gives_the_same_text() -> None:
    song = _song((0, 1, 60), (1, 0.5, 64), (1.5, 2.5, 67))
    assert musicxml_text(song) == musicxml_text(song)


def test_a_song_without_notes_is_one_empty_bar() -> None:
    text = musicxml_text(Song(QUARTER, (Part("Nobody", 0, False, Notes.empty()),)))
    assert _hear(text) == [[]]
    assert text.count("<measure ") == 1
    assert '<rest measure="yes"/>' in text


# ---------------------------------------------------------------------- staves


@pytest.mark.parametrize(
    ("program", "pitches", "clef"),
    [
        (40, (67, 76, 81), "G2"),
        (42, (40, 48, 55), "F4"),
        (41, (55, 60, 67), "C3"),
        (30, (40, 47, 52), "G2-8"),
        (33, (28, 31, 40), "F4-8"),
        (72, (90, 95, 100), "G2+8"),
    ],
)
def test_clefs_fit_the_instrument(program: int, pitches: tuple[int, ...], clef: str) -> None:
    xml = _first_measure(_song(*((i, 1, pitch) for i, pitch in enumerate(pitches)), program=program)).find(".//clef")
    assert xml is not None
    change = int(xml.findtext("clef-octave-change") or 0) * 8
    assert f"{xml.findtext('sign')}{xml.findtext('line')}" + (f"{change:+d}" if change else "") == clef


def test_a_pianist_with_two_hands_gets_two_staves() -> None:
    rows = [(beat, 1, pitch) for beat in range(8) for pitch in (36, 43, 72, 76)]
    text = musicxml_text(_song(*rows))
    assert "<staves>2</staves>" in text
    assert len(_hear(text)[0]) == len(rows)
    assert "<staves>" not in musicxml_text(_song(*rows, program=30))


def test_held_notes_under_a_line_are_a_second_voice() -> None:
    measure = _first_measure(_song((0, 4, 60), (0, 1, 72), (1, 1, 74), (2, 1, 76), (3, 1, 77), program=40))
    voices = defaultdict(list)
    for note in measure.iter("note"):
        voices[note.findtext("voice")].append(note.findtext("type"))
    assert voices == {"1": ["quarter"] * 4, "2": ["whole"]}


def test_accidentals_show_once_a_bar_and_not_in_the_key() -> None:
    song = _song((0, 1, 66), (1, 1, 66), (2, 1, 65), (3, 1, 61), keys=(KeyChange(0, 1, False),))
    shown = [note.findtext("accidental") for note in _first_measure(song).iter("note")]
    assert shown == [None, None, "natural", "sharp"]


def test_a_drum_staff_has_crosses_and_feet_below() -> None:
    song = _song((0, 0.1, 36), (0, 0.1, 42), (1, 0.1, 38), (1, 0.1, 42), is_drum=True)
    measure = _first_measure(song)
    assert measure.findtext(".//clef/sign") == "percussion"
    drums = {
        (note.findtext("unpitched/display-step"), note.findtext("notehead"), note.findtext("stem"))
        for note in measure.iter("note")
        if note.find("rest") is None
    }
    assert drums == {("F", None, "down"), ("G", "x", "up"), ("C", None, "up")}
    assert "<tie " not in musicxml_text(song)


# -------------------------------------------------------------- over the staff


def test_a_pickup_is_bar_zero() -> None:
    song = _song((0, 1, 67), (1, 4, 72), metres=(MetreChange(0, 4, 4), MetreChange(QUARTER, 4, 4)))
    measures = ET.fromstring(musicxml_text(song)).findall("part/measure")
    assert [(measure.get("number"), measure.get("implicit")) for measure in measures] == [("0", "yes"), ("1", None)]


def test_tempo_metre_key_chords_sections_and_words_are_written() -> None:
    song = _song(
        (0, 1, 60),
        (1, 1, 64),
        (3, 3, 67),
        (6, 1.5, 65),
        tempos=(TempoChange(0, 90.0), TempoChange(6 * QUARTER, 120.0)),
        metres=(MetreChange(0, 3, 4), MetreChange(6 * QUARTER, 6, 8)),
        keys=(KeyChange(0, -2, True),),
        chords=(TextEvent(0, "Gm7"), TextEvent(QUARTER, "F#dim/A"), TextEvent(3 * QUARTER, "N.C.")),
        markers=(TextEvent(3 * QUARTER, "Verse & <more>"),),
        title="Käse {offset}",
    )
    lyrics = (TextEvent(0, "Hel-"), TextEvent(QUARTER, "lo"), TextEvent(3 * QUARTER + 5, "there"))
    lead = Part("Voice", 53, False, song.parts[0].notes, lyrics)
    song = song.with_parts((lead,))
    text = musicxml_text(song)
    root = ET.fromstring(text)
    assert root.findtext("work/work-title") == "Käse {offset}"
    assert [sound.get("tempo") for sound in root.iter("sound")] == ["90", "120"]
    assert [m.findtext("per-minute") for m in root.iter("metronome")] == ["90", "80"]
    assert root.find(".//metronome/beat-unit-dot") is not None
    assert [(time.findtext("beats"), time.findtext("beat-type")) for time in root.iter("time")] == [
        ("3", "4"),
        ("6", "8"),
    ]
    assert (root.findtext(".//fifths"), root.findtext(".//mode")) == ("-2", "minor")
    assert [r.text for r in root.iter("rehearsal")] == ["Verse & <more>"]
    assert [k.text for k in root.iter("kind")] == ["minor-seventh", "diminished", "none"]
    assert [(s.findtext("syllabic"), s.findtext("text")) for s in root.iter("lyric")] == [
        ("begin", "Hel"), ("end", "lo"), ("single", "there"),
    ]  # fmt: skip


def test_words_come_back_through_the_reader(tmp_path: Path) -> None:
    chords = tuple(
        TextEvent(i * QUARTER, c) for i, c in enumerate(("C", "Am7", "F#m7b5", "Bb7(b9)/D", "N.C.", "Gsus4"))
    )
    song = _song(*((i, 1, 60 + i) for i in range(6)), chords=chords, markers=(TextEvent(4 * QUARTER, "Coda 2"),))
    path = tmp_path / "chords.musicxml"
    path.write_text(musicxml_text(song), encoding="utf-8")
    again = read_musicxml(path)
    assert [(c.onset_tick * QUARTER // again.ticks_per_quarter, c.text) for c in again.chords] == [
        (c.onset_tick, c.text) for c in chords
    ]
    assert [marker.text for marker in again.markers] == ["Coda 2"]


def test_levels_are_marked_where_they_change_clearly() -> None:
    rows = [(beat * QUARTER, QUARTER, 60, 45 if beat < 16 else 100) for beat in range(32)]
    rows[3] = (3 * QUARTER, QUARTER, 60, 110)  # one loud note is an accent, not a new level
    song = Song(QUARTER, (Part("Lead", 0, False, Notes.from_rows(rows)),))
    measures = ET.fromstring(musicxml_text(song)).findall("part/measure")
    marks = [(m.get("number"), mark.tag) for m in measures for d in m.iter("dynamics") for mark in d]
    assert marks == [("1", "p"), ("5", "f")]


def test_played_rhythm_is_written_plainly() -> None:
    late = (0.02, -0.03, 0.04, 0.0, -0.02, 0.03, 0.01, -0.04, 0.03, -0.01, 0.02, 0.03)
    rows = [(max(i / 2 + late[i], 0), 0.4, 60 + i % 5) for i in range(12)]
    measure = _first_measure(_song(*rows, program=40))
    assert [note.findtext("type") for note in measure.iter("note")] == ["eighth"] * 8


def test_names_and_sounds_are_told() -> None:
    text = musicxml_text(_song((0, 1, 36), (1, 1, 46), is_drum=True))
    root = ET.fromstring(text)
    assert root.findtext(".//part-name") == "Lead"
    assert [i.findtext("midi-unpitched") for i in root.iter("midi-instrument")] == ["37", "47"]
    assert {i.findtext("midi-channel") for i in root.iter("midi-instrument")} == {"10"}
