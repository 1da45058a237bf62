"""The instruments of a MusicXML part: MIDI programs, volumes, pans, and which drum an unpitched note means."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace

from bandroid.errors import WishError
from bandroid.music.general_midi import DRUMS, parse_program
from bandroid.music.musicxml_timeline import Timeline

DRUM_CHANNEL = 10

_DRUM_WORDS = (
    ("kick", 36), ("bass drum", 36), ("side stick", 37), ("rim", 37), ("snare", 38), ("open hi", 46), ("foot", 44),
    ("pedal hi", 44), ("hi-hat", 42), ("hi hat", 42), ("hihat", 42), ("floor tom", 43), ("low tom", 45),
    ("high tom", 50), ("tom", 47), ("ride bell", 53), ("ride", 51), ("crash", 49), ("splash", 55), ("cymbal", 49),
    ("tambourine", 54), ("cowbell", 56), ("clap", 39), ("shaker", 82), ("maracas", 70), ("triangle", 81),
    ("wood block", 76), ("woodblock", 76), ("claves", 75), ("conga", 63), ("bongo", 60), ("timbale", 65),
)  # fmt: skip
"""General MIDI drums by words in an instrument's name, the more exact words first"""
_DRUM_STAFF = {
    "D4": 44, "F4": 36, "A4": 43, "B4": 45, "C5": 38, "D5": 47, "E5": 50, "F5": 51, "G5": 42, "A5": 49, "B5": 57,
}  # fmt: skip
"""General MIDI drums by their usual places on a drum staff (N. Weinberg, Guide to Standardized Drumset Notation)"""


@dataclass(frozen=True, slots=True)
class Instrument:
    """One <midi-instrument> of a part."""

    name: str = ""
    program: int = 0
    is_drum: bool = False
    unpitched: int | None = None
    """the General MIDI drum that it stands for"""
    volume: int = 100
    pan: int = 64


def read_instruments(score_part: ET.Element | None, name: str, timeline: Timeline) -> dict[str, Instrument]:
    """Return the instruments of a part by id, at least one."""
    instruments: dict[str, Instrument] = {}
    if score_part is not None:
        for named in score_part.iterfind("score-instrument"):
            instruments[named.get("id", "")] = Instrument(text_of(named, "instrument-name"))
        for midi in score_part.iterfind("midi-instrument"):
            identity = midi.get("id", "")
            instruments[identity] = read_midi_instrument(midi, instruments.get(identity, Instrument()))
        if score_part.find("midi-instrument") is None:
            guess = _guess_instrument(name)
            if guess is not None:
                timeline.faults[f"part {name!r} names no MIDI instrument; it was chosen by its name"] += 1
                instruments = {identity: replace(guess, name=i.name) for identity, i in instruments.items()}
                instruments = instruments or {"": guess}
    for identity, instrument in instruments.items():
        if instrument.unpitched is None:
            instruments[identity] = replace(instrument, unpitched=_drum_by_name(instrument.name))
    return instruments or {"": Instrument()}


def read_midi_instrument(midi: ET.Element, known: Instrument) -> Instrument:
    """MusicXML counts channels, programs and unpitched sounds from 1, volume in per cent, pan in degrees."""
    program = round(number_of(midi.findtext("midi-program"), known.program + 1)) - 1
    channel = number_of(midi.findtext("midi-channel"), DRUM_CHANNEL if known.is_drum else 1)
    unpitched = midi.findtext("midi-unpitched")
    volume = number_of(midi.findtext("volume"), known.volume / 1.27) * 1.27
    pan = number_of(midi.findtext("pan"), (known.pan - 64) * 90 / 63)
    return Instrument(
        known.name,
        program if 0 <= program <= 127 else 0,
        channel == DRUM_CHANNEL,
        known.unpitched if unpitched is None else max(0, min(127, round(number_of(unpitched, 39)) - 1)),
        max(0, min(127, round(volume))),
        max(0, min(127, 64 + round(pan * 63 / 90))),
    )


def _guess_instrument(name: str) -> Instrument | None:
    try:
        program = parse_program(name)
    except WishError:
        return None
    return Instrument(is_drum=True) if program == DRUMS else Instrument(program=program)


def _drum_by_name(name: str) -> int | None:
    return next((drum for words, drum in _DRUM_WORDS if words in name.lower()), None)


def drum_by_place(unpitched: ET.Element) -> int:
    """Return the General MIDI drum that is usual at a note's place on the drum staff; a snare where none is."""
    place = text_of(unpitched, "display-step") + text_of(unpitched, "display-octave")
    return _DRUM_STAFF.get(place, 38)


def text_of(element: ET.Element | None, path: str) -> str:
    """Return the words at a path, "" where there are none."""
    return " ".join(((element.findtext(path) if element is not None else "") or "").split())[:100]


def number_of(text: str | None, default: float = 0.0) -> float:
    """Return a finite number, or the default where the text is none."""
    try:
        number = float(text) if text else default
    except ValueError:
        return default
    return number if abs(number) < 1e9 else default
