"""Read one part of a MusicXML score: its notes, instruments, dynamics and words, measure by measure."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace

from bandroid.music.bar_lines import metre_length_unit
from bandroid.music.musicxml_harmony import spell_harmony
from bandroid.music.musicxml_instruments import (
    Instrument,
    drum_by_place,
    number_of,
    read_instruments,
    read_midi_instrument,
    text_of,
)
from bandroid.music.musicxml_timeline import Timeline, duration_unit, read_metre, read_metronome
from bandroid.music.written import (
    DEFAULT_VELOCITY,
    DYNAMICS,
    TIE_STARTS,
    TIE_STOPS,
    Metre,
    WrittenNote,
    WrittenPart,
    WrittenSyllable,
)

FORTE_VELOCITY = 90
"""what 100 per cent of MusicXML's dynamics attributes means"""
MINOR_MODES = frozenset({"minor", "aeolian", "dorian", "phrygian", "locrian"})
"""modes whose third is minor"""
MAX_DIVISIONS = 1 << 24

_PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SHORTENED = {"staccato": (1, 2), "staccatissimo": (1, 4), "spiccato": (1, 4), "detached-legato": (3, 4)}
"""how much of its written length a note sounds, as notation programs play it"""
_LEFT_OUT = {
    "ornaments": "{n} trills, tremolos and other ornaments are played as plain notes",
    "glissando": "{n} glides between notes were left out",
    "slide": "{n} glides between notes were left out",
    "pedal": "{n} pedal marks were left out",
    "wedge": "{n} crescendo and diminuendo signs were left out",
}
_ACCENTED = {"accent": 12, "strong-accent": 20}
"""added to the velocity"""


class PartReader:
    """Reads the measures of one score-part into one WrittenPart for each of its sounds."""

    def __init__(self, score_part: ET.Element | None, number: int, timeline: Timeline) -> None:
        self.timeline = timeline
        self.name = text_of(score_part, "part-name") or f"Part {number}"
        self.instruments = read_instruments(score_part, self.name, timeline)
        self.default = next(iter(self.instruments.values()))
        self.sounds: dict[tuple[int, bool], WrittenPart] = {}
        self.metre: Metre | None = None
        self.divisions = 1
        self.velocity = DEFAULT_VELOCITY
        self.transpose_semitone = 0
        self.transpose_fifths = 0
        self.voices: dict[str, int] = {}
        self.keys: dict[tuple[int, int], tuple[int, bool]] = {}
        self.repeat_bars = 0  # simile marks: how many bars back the music of this one stands
        self.bar = 0
        self.position_unit = 0
        self.chord_onset_unit = 0
        self.chord_play = (1, 1, 0)  # of the chord's first note: share of its length that sounds, accent
        self.fermatas: set[tuple[int, int]] = set()  # (bar, unit) of the notes that bear one
        self.graces: dict[int, list[tuple[int, int, int]]] = {}  # voice -> (column, pitch, velocity)
        self.grace_instrument: dict[int, Instrument] = {}

    def read(self, measures: Sequence[tuple[ET.Element, ET.Element]]) -> list[WrittenPart]:
        """Read (measure, element that holds the part's music in it) pairs."""
        handlers = {
            "note": self._read_note,
            "attributes": self._read_attributes,
            "direction": self._read_direction,
            "sound": self._read_sound,
            "harmony": self._read_harmony,
        }
        for self.bar, (measure, music) in enumerate(measures):
            self.position_unit = reach_unit = 0
            if measure.get("implicit") == "yes":
                self.timeline.is_implicit[self.bar] = True
            for element in music:
                tag = element.tag
                if tag in handlers:
                    handlers[tag](element)
                elif tag == "backup":
                    back_unit = duration_unit(element.findtext("duration"), self.divisions)
                    self.position_unit = max(self.position_unit - back_unit, 0)
                elif tag == "forward":
                    self.position_unit += duration_unit(element.findtext("duration"), self.divisions)
                elif tag == "barline":
                    self.timeline.read_barline(element, self.bar)
                reach_unit = max(reach_unit, self.position_unit)
            for voice in list(self.graces):
                self._place_graces(voice, self.position_unit)
            if self.repeat_bars:
                self._repeat_bar()
            self.timeline.content_unit[self.bar] = max(self.timeline.content_unit[self.bar], reach_unit)
        self.timeline.end_part()
        self.timeline.fermatas = self.timeline.fermatas or self.fermatas
        is_pitched = not all(is_drum for _, is_drum in self.sounds)
        for place, key in self.keys.items():
            if is_pitched:
                self.timeline.keys.setdefault(place, key)
        return self._named_parts()

    def _named_parts(self) -> list[WrittenPart]:
        """Name each sound by its instrument where the part has several."""
        parts = list(self.sounds.values())
        if len(parts) > 1:
            for part in parts:
                part.name = f"{self.name}: {part.name}" if part.name and part.name != self.name else self.name
        else:
            for part in parts:
                part.name = self.name
        return parts

    # ------------------------------------------------------------------ notes

    def _read_note(self, note: ET.Element) -> None:
        pitch: int | None = None
        length_unit = 0
        is_chord = is_grace = is_rest = is_cue = False
        ties = 0
        voice_name = "1"
        instrument = self.default
        play = (1, 1, 0)
        has_fermata = False
        lyrics: list[ET.Element] = []
        unpitched: ET.Element | None = None
        for child in note:
            tag = child.tag
            if tag == "pitch":
                pitch = self._read_pitch(child)
            elif tag == "duration":
                length_unit = duration_unit(child.text, self.divisions)
            elif tag == "voice":
                voice_name = child.text or "1"
            elif tag == "lyric":
                lyrics.append(child)
            elif tag == "tie":
                ties |= {"start": TIE_STARTS, "stop": TIE_STOPS}.get(child.get("type", ""), 0)
            elif tag == "notations":
                play = self._read_notations(child)
                has_fermata |= child.find("fermata") is not None
            elif tag == "rest":
                is_rest = True
                if child.get("measure") == "yes" and self.metre and length_unit == 0:
                    length_unit = metre_length_unit(self.metre)
            elif tag == "chord":
                is_chord = True
            elif tag == "grace":
                is_grace = True
            elif tag == "cue":
                is_cue = True
            elif tag == "instrument":
                instrument = self.instruments.get(child.get("id", ""), self.default)
            elif tag == "unpitched":
                unpitched = child
        if is_rest and self.metre and _is_whole_bar(note):
            length_unit = min(length_unit, metre_length_unit(self.metre))
        if unpitched is not None:
            pitch = self._drum(unpitched, instrument)
            instrument = replace(instrument, is_drum=True, program=instrument.program if instrument.is_drum else 0)
        if is_chord:
            onset_unit = self.chord_onset_unit
            play = self.chord_play if play == (1, 1, 0) else play
        else:
            onset_unit = self.chord_onset_unit = self.position_unit
            self.chord_play = play
        voice = self.voices.setdefault(voice_name, len(self.voices))
        velocity = _velocity_of(note, self.velocity, play[2])
        if is_grace:
            if pitch is not None and not is_cue:
                self._keep_grace(voice, pitch, velocity, is_chord, instrument)
            return
        if not is_chord:
            if voice in self.graces:
                self._place_graces(voice, onset_unit)
            self.position_unit += length_unit
        if pitch is None or is_rest or is_cue:
            return
        if not length_unit:
            self.timeline.faults["{n} notes without a length were left out"] += 1
            return
        if play[0] != play[1] and not ties & TIE_STARTS:
            length_unit = max(length_unit * play[0] // play[1], 1)
        if has_fermata:
            self.fermatas.add((self.bar, onset_unit))
        part = self._sound(instrument)
        part.notes.append(WrittenNote(self.bar, onset_unit, length_unit, pitch, velocity, voice, ties, 0))
        for lyric in lyrics:
            self._read_lyric(lyric, part, onset_unit)

    def _read_pitch(self, pitch: ET.Element) -> int | None:
        try:
            alter = float(pitch.findtext("alter") or 0)
            step = _PITCH_CLASSES[(pitch.findtext("step") or "").strip()]
            number = 12 * (int(pitch.findtext("octave") or "") + 1) + step + round(alter) + self.transpose_semitone
        except (ValueError, KeyError, OverflowError):
            self.timeline.faults["{n} notes without a readable pitch were left out"] += 1
            return None
        if alter != round(alter):
            self.timeline.faults["{n} quarter tones were read as the semitone beside them"] += 1
        if not 0 <= number <= 127:
            self.timeline.faults["{n} notes too low or too high for MIDI were left out"] += 1
            return None
        return number

    def _drum(self, unpitched: ET.Element, instrument: Instrument) -> int:
        if instrument.unpitched is not None:
            return instrument.unpitched
        self.timeline.faults["{n} drum notes name no sound; it was taken from their place on the staff"] += 1
        return drum_by_place(unpitched)

    def _sound(self, instrument: Instrument) -> WrittenPart:
        key = (instrument.program, instrument.is_drum)
        if key not in self.sounds:
            name = instrument.name if not instrument.is_drum else ""
            self.sounds[key] = WrittenPart(
                name, instrument.program, instrument.is_drum, instrument.volume, instrument.pan
            )
        return self.sounds[key]

    def _keep_grace(self, voice: int, pitch: int, velocity: int, is_chord: bool, instrument: Instrument) -> None:
        kept = self.graces.setdefault(voice, [])
        self.grace_instrument[voice] = instrument
        column = kept[-1][0] + (not is_chord) if kept else 0
        kept.append((column, pitch, velocity))

    def _place_graces(self, voice: int, main_unit: int) -> None:
        graces = self.graces.pop(voice)
        part = self._sound(self.grace_instrument[voice])
        count = graces[-1][0] + 1
        part.notes.extend(
            WrittenNote(self.bar, main_unit, 0, pitch, velocity, voice, 0, count - column)
            for column, pitch, velocity in graces
        )

    def _repeat_bar(self) -> None:
        """Play again what a simile mark stands for, unless the bar is written out."""
        for part in self.sounds.values():
            if part.notes and part.notes[-1].bar == self.bar:
                return
        for part in self.sounds.values():
            source = [note for note in part.notes if note.bar == self.bar - self.repeat_bars]
            part.notes.extend(note._replace(bar=self.bar) for note in source)

    def _read_notations(self, notations: ET.Element) -> tuple[int, int, int]:
        share, accent = (1, 1), 0
        for child in notations:
            if child.tag == "articulations":
                for mark in child:
                    share = _SHORTENED.get(mark.tag, share)
                    accent = max(accent, _ACCENTED.get(mark.tag, 0))
            elif child.tag == "dynamics":
                self._read_dynamics(child)
            elif child.tag in _LEFT_OUT:
                self.timeline.faults[_LEFT_OUT[child.tag]] += child.get("type") != "stop"
        return (*share, accent)

    def _read_lyric(self, lyric: ET.Element, part: WrittenPart, onset_unit: int) -> None:
        text = "‿".join((child.text or "").strip() for child in lyric if child.tag == "text").strip("‿ ")
        if not text:
            return
        syllabics = [child.text for child in lyric if child.tag == "syllabic"]
        if syllabics and syllabics[-1] in ("begin", "middle"):
            text += "-"
        numbers = re.findall(r"\d{1,2}", lyric.get("number", "1"))
        verse = int(numbers[-1]) if numbers else 1
        part.syllables.append(WrittenSyllable(self.bar, onset_unit, max(verse, 1), text[:100]))

    # ------------------------------------------------- attributes, directions

    def _read_attributes(self, attributes: ET.Element) -> None:
        for child in attributes:
            if child.tag == "divisions":
                value = number_of(child.text)
                if 0 < value <= MAX_DIVISIONS:
                    self.divisions = round(value) or 1
            elif child.tag == "time":
                self.metre = read_metre(child)
                self.timeline.metres.setdefault(self.bar, self.metre)
            elif child.tag == "key":
                self._read_key(child)
            elif child.tag == "transpose":
                self._read_transpose(child)
            elif child.tag == "measure-style":
                repeat = child.find("measure-repeat")
                if repeat is not None:
                    bars_back = int(number_of(repeat.text)) if repeat.get("type") == "start" else 0
                    self.repeat_bars = bars_back if 0 < bars_back <= self.bar else 0

    def _read_key(self, key: ET.Element) -> None:
        if key.find("fifths") is None:
            if key.find("key-step") is not None:
                self.timeline.faults["{n} key signatures of an unusual kind were left out"] += 1
            return
        fifths = int(number_of(key.findtext("fifths"))) + self.transpose_fifths
        if abs(fifths) > 24:
            return
        while abs(fifths) > 7:
            fifths -= 12 if fifths > 0 else -12
        is_minor = text_of(key, "mode").lower() in MINOR_MODES
        self.keys.setdefault((self.bar, self.position_unit), (fifths, is_minor))

    def _read_transpose(self, transpose: ET.Element) -> None:
        chromatic = max(-120, min(120, round(number_of(transpose.findtext("chromatic")))))
        octaves = max(-10, min(10, round(number_of(transpose.findtext("octave-change")))))
        if transpose.find("double") is not None:
            octaves += 1 if transpose.find("double").get("above") == "yes" else -1  # type: ignore[union-attr]
        before = self.transpose_fifths
        self.transpose_semitone = chromatic + 12 * octaves
        # Without <diatonic>, take the usual name of the interval: 3 semitones are a minor third.
        usual = (0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6)[chromatic % 12] + 7 * (chromatic // 12)
        diatonic = transpose.findtext("diatonic")
        steps = round(number_of(diatonic)) if diatonic else usual
        self.transpose_fifths = 7 * chromatic - 12 * steps if abs(steps) < 100 else 0
        here = self.keys.get((self.bar, self.position_unit))
        if here is not None and before != self.transpose_fifths:  # <transpose> stands after <key>
            fifths = here[0] + self.transpose_fifths - before
            while abs(fifths) > 7:
                fifths -= 12 if fifths > 0 else -12
            self.keys[self.bar, self.position_unit] = (fifths, here[1])

    def _read_direction(self, direction: ET.Element) -> None:
        at_unit = self.position_unit
        sound = direction.find("sound")
        for kind in direction.iterfind("direction-type"):
            for child in kind:
                if child.tag == "words" and child.text:
                    self.timeline.read_words(child.text, self.bar, at_unit)
                    if child.get("enclosure", "none") != "none":
                        self._add_marker(child.text, at_unit)
                elif child.tag == "rehearsal" and child.text:
                    self._add_marker(child.text, at_unit)
                elif child.tag in ("segno", "coda"):
                    self.timeline.read_sign(child.tag, self.bar, at_unit)
                elif child.tag == "dynamics":
                    self._read_dynamics(child)
                elif child.tag in _LEFT_OUT:
                    self.timeline.faults[_LEFT_OUT[child.tag]] += child.get("type") != "stop"
                elif child.tag == "metronome" and (sound is None or "tempo" not in sound.attrib):
                    tempo_qpm = read_metronome(child, self.timeline.last_tempo_qpm)
                    if tempo_qpm is not None:
                        self.timeline.add_tempo(self.bar, at_unit, tempo_qpm)
        if sound is not None:
            self._read_sound(sound)

    def _add_marker(self, text: str, at_unit: int) -> None:
        text = " ".join(text.split())[:100]
        if text:
            self.timeline.markers.setdefault((self.bar, at_unit), text)

    def _read_dynamics(self, dynamics: ET.Element) -> None:
        for mark in dynamics:
            name = (mark.text or "").strip() if mark.tag == "other-dynamics" else mark.tag
            if name in DYNAMICS:
                self.velocity = DYNAMICS[name]
            elif name in ("fp", "sfp"):
                self.velocity = DYNAMICS["p"]

    def _read_sound(self, sound: ET.Element) -> None:
        if "tempo" in sound.attrib:
            self.timeline.add_tempo(self.bar, self.position_unit, number_of(sound.get("tempo")))
        if "dynamics" in sound.attrib:
            self.velocity = _clamped_velocity(number_of(sound.get("dynamics")) * FORTE_VELOCITY / 100)
        self.timeline.read_jumps(sound, self.bar, self.position_unit)
        for midi in sound.iterfind("midi-instrument"):
            name = midi.get("id", "")
            if name in self.instruments:
                was_default = self.instruments[name] is self.default
                self.instruments[name] = read_midi_instrument(midi, self.instruments[name])
                if was_default:
                    self.default = self.instruments[name]

    def _read_harmony(self, harmony: ET.Element) -> None:
        offset = harmony.findtext("offset") or "0"
        distance_unit = duration_unit(offset.strip().lstrip("-"), self.divisions)
        at_unit = self.position_unit + (-distance_unit if offset.strip().startswith("-") else distance_unit)
        symbol = spell_harmony(harmony, self.transpose_fifths)
        if symbol is None:
            self.timeline.faults["{n} chord symbols without a root were left out"] += 1
        else:
            self.timeline.chords.setdefault((self.bar, max(at_unit, 0)), symbol)


def _is_whole_bar(note: ET.Element) -> bool:
    rest = note.find("rest")
    return rest is not None and rest.get("measure") == "yes"


def _velocity_of(note: ET.Element, velocity: int, accent: int) -> int:
    if "dynamics" in note.attrib:
        return _clamped_velocity(number_of(note.get("dynamics"), 100) * FORTE_VELOCITY / 100)
    return min(velocity + accent, 127)


def _clamped_velocity(velocity: float) -> int:
    return max(1, min(127, round(velocity)))
