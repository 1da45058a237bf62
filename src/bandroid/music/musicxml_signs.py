"""The small XML of a score: pitches, clefs, chord symbols, tempo and section marks, syllables.

A sign whose place is not known yet holds {offset}, and {staff} where a part has several; `placed` fills them in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape

from bandroid.music.musicxml_harmony import KIND_SUFFIXES, NO_CHORD
from bandroid.music.notation.directions import Syllable
from bandroid.music.notation.drum_staff import DrumPlace
from bandroid.music.notation.spelling import Spelling
from bandroid.music.notation.staves import Staff

_CHORD = re.compile(r"([A-G])(bb|##|[#b♯♭]?)(.*?)(?:/([A-G])(bb|##|[#b♯♭]?))?$")
_SIGNS = {"": 0, "#": 1, "♯": 1, "##": 2, "b": -1, "♭": -1, "bb": -2}
_KINDS = {suffix: kind for kind, suffix in reversed(KIND_SUFFIXES.items()) if kind != "other"} | {
    "M": "major",
    "maj": "major",
    "min": "minor",
    "-": "minor",
    "M7": "major-seventh",
    "Maj7": "major-seventh",
    "min7": "minor-seventh",
    "-7": "minor-seventh",
    "aug": "augmented",
    "aug7": "augmented-seventh",
    "o": "diminished",
    "°": "diminished",
    "o7": "diminished-seventh",
    "°7": "diminished-seventh",
    "ø": "half-diminished",
    "ø7": "half-diminished",
    "sus": "suspended-fourth",
}


def pitch_xml(spelling: Spelling) -> str:
    """Say a pitch as it is spelt."""
    alter = f"<alter>{spelling.alter}</alter>" if spelling.alter else ""
    return f"<pitch><step>{spelling.step}</step>{alter}<octave>{spelling.octave}</octave></pitch>"


def unpitched_xml(place: DrumPlace) -> str:
    """Say where a drum stands."""
    return (
        f"<unpitched><display-step>{place.step}</display-step>"
        f"<display-octave>{place.octave}</display-octave></unpitched>"
    )


def clef_xml(staff: Staff, number: int) -> str:
    """Say a clef; `number` counts the staves of a part from 1, 0 where it has only one."""
    clef = staff.clef
    attribute = f' number="{number}"' if number else ""
    if clef.sign == "percussion":
        return f"<clef{attribute}><sign>percussion</sign></clef>"
    octaves = f"<clef-octave-change>{clef.octave_change}</clef-octave-change>" if clef.octave_change else ""
    return f"<clef{attribute}><sign>{clef.sign}</sign><line>{clef.line}</line>{octaves}</clef>"


def placed(xml: str, offset: int, staff: str) -> str:
    """Put a direction or chord symbol a few ticks behind where it stands in the file, and on a staff of several."""
    element = f"<offset>{offset}</offset>" if offset else ""
    return xml.replace("{offset}", element, 1).replace("{staff}", staff, 1)


def rehearsal_xml(text: str) -> str:
    """Say the name of a section."""
    return (
        f'<direction placement="above"><direction-type><rehearsal>{plain_text(text)}</rehearsal></direction-type>'
        "{offset}{staff}</direction>"
    )


def tempo_xml(tempo_qpm: float, is_shown: bool, is_compound: bool) -> str:
    """Say a tempo, in dotted quarters where the metre has them; one that is not shown is only for playing."""
    tempo = plain_number(tempo_qpm)
    if not is_shown:
        return f'<sound tempo="{tempo}">{{offset}}</sound>'
    unit, per_minute = "quarter</beat-unit>", tempo_qpm
    if is_compound:
        unit, per_minute = "quarter</beat-unit><beat-unit-dot/>", tempo_qpm / 1.5
    return (
        f'<direction placement="above"><direction-type><metronome><beat-unit>{unit}'
        f"<per-minute>{round(per_minute)}</per-minute></metronome></direction-type>{{offset}}{{staff}}"
        f'<sound tempo="{tempo}"/></direction>'
    )


def dynamics_xml(mark: str) -> str:
    """Say how loud."""
    return (
        f'<direction placement="below"><direction-type><dynamics><{mark}/></dynamics></direction-type>'
        "{offset}{staff}</direction>"
    )


def harmony_xml(text: str) -> str:
    """Say a chord symbol, its own spelling kept; what is none is written as text over no chord."""
    match = _CHORD.match(text)
    if text == NO_CHORD or match is None:
        root = f'<root><root-step text="">C</root-step></root><kind text={_quoted(text)}>none</kind>'
        return f"<harmony>{root}{{offset}}{{staff}}</harmony>"
    step, sign, suffix, bass_step, bass_sign = match.groups()
    kind = _KINDS.get(suffix)
    if kind is None:
        known = [name for name in _KINDS if name and suffix.startswith(name)]
        kind = _KINDS[max(known, key=len)] if known else "other"
    root = _step_xml("root", step, sign)
    bass = _step_xml("bass", bass_step, bass_sign or "") if bass_step else ""
    return f"<harmony>{root}<kind text={_quoted(suffix)}>{kind}</kind>{bass}{{offset}}{{staff}}</harmony>"


def _step_xml(name: str, step: str, sign: str) -> str:
    alter = f"<{name}-alter>{_SIGNS[sign]}</{name}-alter>" if sign else ""
    return f"<{name}><{name}-step>{step}</{name}-step>{alter}</{name}>"


def lyrics_xml(syllables: Sequence[Syllable]) -> str:
    """Say the syllables under a note."""
    if not syllables:
        return ""
    words = "<elision>‿</elision>".join(
        f"<syllabic>{syllable.syllabic}</syllabic><text>{plain_text(syllable.text)}</text>" for syllable in syllables
    )
    return f'<lyric number="1">{words}</lyric>'


def plain_number(value: float) -> str:
    """Write a number with at most four decimals and no needless zeros."""
    return f"{round(value, 4) + 0.0:.4f}".rstrip("0").rstrip(".")


def plain_text(text: str) -> str:
    """Escape text, leaving out what XML cannot hold; braces too, which mark what `placed` fills in."""
    return escape("".join(c for c in text if c.isprintable()), {"{": "&#123;"})


def _quoted(text: str) -> str:
    return '"' + plain_text(text).replace('"', "&quot;") + '"'
