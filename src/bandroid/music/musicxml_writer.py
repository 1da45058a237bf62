"""Write a song as MusicXML 4.0 that a musician can read: partwise, one part per instrument.

The hops, all in `notation/`: `paper` puts every note on the grid of its beat, `staves` finds clefs, hands and voices,
`note_values` makes ties, tuplets, rests and beams of a bar, `spelling` chooses sharps and flats, `directions` what
stands over and under the notes; this module says it in XML. No dates and no random ids: one song, one text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape

from bandroid import __version__
from bandroid.music.general_midi import drum_name, program_name
from bandroid.music.musicxml_harmony import KIND_SUFFIXES, NO_CHORD
from bandroid.music.notation.directions import (
    Heading,
    Syllable,
    plan_dynamics,
    plan_headings,
    plan_lyrics,
)
from bandroid.music.notation.drum_staff import DrumPlace
from bandroid.music.notation.metre_shape import VALUES, WRITTEN_TICKS
from bandroid.music.notation.note_values import Value
from bandroid.music.notation.paper import Paper, WrittenBar
from bandroid.music.notation.spelling import Spelling, key_alters
from bandroid.music.notation.staves import Staff, StavedPart, stave_part
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song

_FORTE_VELOCITY = 90
"""what 100 per cent of MusicXML's dynamics attribute means"""
_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_DRUM_CHANNEL = 10
_N_CHANNELS = 16
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


def musicxml_text(song: Song) -> str:
    """Return a song as a MusicXML document; parts without notes are left out."""
    paper = Paper(song)
    headings = plan_headings(song, paper)
    keys = [(heading.fifths, heading.is_minor) for heading in headings]
    parts = [part for part in song.parts if len(part.notes)] or [Part("Music", 0, False, Notes.empty())]
    channels = _channels(parts)
    staved = [stave_part(part, paper, keys) for part in parts]
    lines = [
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
        '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
        '"http://www.musicxml.org/dtds/partwise.dtd">',
        '<score-partwise version="4.0">',
    ]
    if song.title.strip():
        lines.append(f"<work><work-title>{_text(song.title.strip())}</work-title></work>")
    lines.append(f"<identification><encoding><software>bandroid {__version__}</software></encoding></identification>")
    lines.append("<part-list>")
    for number, (part, stave) in enumerate(zip(parts, staved, strict=True)):
        lines += _part_entry(f"P{number + 1}", part, stave, channels[number])
    lines.append("</part-list>")
    for number, (part, stave) in enumerate(zip(parts, staved, strict=True)):
        writer = _PartWriter(f"P{number + 1}", part, stave, paper)
        lines += writer.write(headings, is_first=number == 0)
    lines.append("</score-partwise>")
    return "\n".join(lines) + "\n"


def _channels(parts: Sequence[Part]) -> list[int]:
    """Give each part a MIDI channel, from 1; drums have 10, and from the sixteenth part on channels are shared."""
    free = [channel for channel in range(1, _N_CHANNELS + 1) if channel != _DRUM_CHANNEL]
    channels: list[int] = []
    for part in parts:
        n_pitched = sum(channel != _DRUM_CHANNEL for channel in channels)
        channels.append(_DRUM_CHANNEL if part.is_drum else free[n_pitched % len(free)])
    return channels


def _part_entry(identity: str, part: Part, staved: StavedPart, channel: int) -> list[str]:
    """Say who plays: name, sounds, volume and place."""
    instrument = program_name(part.program, part.is_drum)
    name = part.name.strip(" :") or instrument
    lines = [f'<score-part id="{identity}"><part-name>{_text(name)}</part-name>']
    lines.append(f"<part-abbreviation>{_text(_abbreviated(name))}</part-abbreviation>")
    sounds = [(f"{identity}-I{pitch}", drum_name(pitch), pitch) for pitch in sorted(staved.drums)]
    if not part.is_drum:
        sounds = [(f"{identity}-I1", instrument, -1)]
    for sound, sound_name, _ in sounds:
        lines.append(
            f'<score-instrument id="{sound}"><instrument-name>{_text(sound_name)}</instrument-name></score-instrument>'
        )
    volume, pan = _number(part.volume / 1.27), _number((part.pan - 64) * 90 / 63)
    for sound, _, pitch in sounds:
        unpitched = f"<midi-unpitched>{pitch + 1}</midi-unpitched>" if pitch >= 0 else ""
        lines.append(
            f'<midi-instrument id="{sound}"><midi-channel>{channel}</midi-channel>'
            f"<midi-program>{part.program + 1}</midi-program>{unpitched}"
            f"<volume>{volume}</volume><pan>{pan}</pan></midi-instrument>"
        )
    lines.append("</score-part>")
    return lines


_SHORT_WORDS = {
    "acoustic": "Ac.", "alto": "A.", "baritone": "Bar.", "bassoon": "Bn.", "cello": "Vc.", "choir": "Ch.",
    "clarinet": "Cl.", "clean": "Cl.", "contrabass": "Cb.", "distortion": "Dist.", "drums": "Dr.", "electric": "El.",
    "ensemble": "Ens.", "finger": "", "flute": "Fl.", "french": "Fr.", "grand": "Gr.", "guitar": "Gtr.", "horn": "Hn.",
    "muted": "M.", "nylon": "Nyl.", "oboe": "Ob.", "organ": "Org.", "overdriven": "Od.", "piano": "Pno.", "pick": "",
    "pizzicato": "Pizz.", "section": "Sec.", "soprano": "S.", "square": "Sq.", "steel": "St.", "string": "Str.",
    "strings": "Str.", "synth": "Syn.", "tenor": "T.", "trombone": "Tbn.", "trumpet": "Tpt.", "tuba": "Tba.",
    "viola": "Vla.", "violin": "Vln.", "voice": "V.",
}  # fmt: skip
"""usual abbreviations of instruments in scores (Gould, Behind Bars, chapter 17), and of General MIDI's adjectives"""


def _abbreviated(name: str) -> str:
    """Shorten a part's name for the later systems: "Distortion Guitar" -> "Dist. Gtr."."""
    if len(name) <= 8:
        return name
    words = [_SHORT_WORDS.get(word.lower(), word) for word in re.findall(r"[^\s()]+", name)]
    return " ".join([word if len(word) <= 6 else f"{word[:5].rstrip('.,-:')}." for word in words if word][:3])


class _PartWriter:
    """Writes one part's measures; holds what XML needs to remember between them."""

    def __init__(self, identity: str, part: Part, staved: StavedPart, paper: Paper) -> None:
        self.identity = identity
        self.part = part
        self.staved = staved
        self.paper = paper
        self.pitch = staved.notes.pitch.tolist()
        self.loudness = [_number(v * 100 / _FORTE_VELOCITY) for v in staved.notes.velocity.tolist()]
        self.dynamics = plan_dynamics(staved.notes, paper)
        top = staved.staves[0]
        carriers = {
            bar.onset + value.start: None
            for bar, voices in zip(paper.bars, top.bars, strict=True)
            for voice in voices
            for value in voice
            if value.notes and not value.is_tied_from
        }
        self.lyrics = plan_lyrics(part.lyrics, sorted(carriers), paper)

    def write(self, headings: Sequence[Heading], is_first: bool) -> list[str]:
        bars = self.paper.bars
        has_pickup = bars[0].skip > 0
        lines = [f'<part id="{self.identity}">']
        for index, bar in enumerate(bars):
            if index == 0 and has_pickup:
                lines.append('<measure number="0" implicit="yes">')
            else:
                lines.append(f'<measure number="{index + (not has_pickup)}">')
            before = (bars[index - 1], headings[index - 1]) if index else None
            lines += self._attributes(bar, headings[index], before)
            over = self._directions(index, headings[index] if is_first else None)
            lines += self._music(index, bar, headings[index].fifths, over)
            if index + 1 == len(bars):
                lines.append('<barline location="right"><bar-style>light-heavy</bar-style></barline>')
            lines.append("</measure>")
        lines.append("</part>")
        return lines

    def _attributes(self, bar: WrittenBar, heading: Heading, before: tuple[WrittenBar, Heading] | None) -> list[str]:
        """Say what is new in this bar: key, metre, and in the first one all."""
        lines: list[str] = []
        if before is None:
            lines.append(f"<divisions>{WRITTEN_TICKS}</divisions>")
        key = (heading.fifths, heading.is_minor)
        if not self.part.is_drum and (before is None or key != (before[1].fifths, before[1].is_minor)):
            mode = "minor" if heading.is_minor else "major"
            lines.append(f"<key><fifths>{heading.fifths}</fifths><mode>{mode}</mode></key>")
        metre = (bar.numerator, bar.denominator)
        if before is None or metre != (before[0].numerator, before[0].denominator):
            symbol = ' symbol="common"' if metre == (4, 4) else ""
            lines.append(f"<time{symbol}><beats>{metre[0]}</beats><beat-type>{metre[1]}</beat-type></time>")
        if before is None:
            staves = self.staved.staves
            if len(staves) > 1:
                lines.append(f"<staves>{len(staves)}</staves>")
            for number, staff in enumerate(staves, 1):
                lines.append(_clef_xml(staff, number if len(staves) > 1 else 0))
        return ["<attributes>", *lines, "</attributes>"] if lines else []

    def _directions(self, index: int, heading: Heading | None) -> list[tuple[int, str]]:
        """Return (position, XML) of what stands over and under this bar, in order of time."""
        over: list[tuple[int, str]] = []
        if heading is not None:
            bar = self.paper.bars[index]
            over += [(at, _rehearsal_xml(text)) for at, text in heading.markers]
            over += [(m.position, _tempo_xml(m.tempo_qpm, m.is_shown, bar.shape.is_compound)) for m in heading.tempos]
            over += [(at, _harmony_xml(text)) for at, text in heading.chords]
        over += [(at, _dynamics_xml(mark)) for (bar_index, at), mark in self.dynamics.items() if bar_index == index]
        return sorted(over, key=lambda item: item[0])

    def _music(self, index: int, bar: WrittenBar, fifths: int, over: list[tuple[int, str]]) -> list[str]:
        """Write the notes of a bar: staff by staff, voice by voice, going back in between."""
        lines: list[str] = []
        two_staves = len(self.staved.staves) > 1
        for number, staff in enumerate(self.staved.staves):
            voices = staff.bars[index]
            accidentals = self._accidentals(voices, fifths) if not self.part.is_drum else {}
            shown = [(v, values) for v, values in enumerate(voices) if values]
            suffix = f"<staff>{number + 1}</staff>" if two_staves else ""
            if number:
                lines.append(f"<backup><duration>{bar.length}</duration></backup>")
            if not shown:
                lines += [_placed(xml, at, suffix) for at, xml in over]
                lines.append(
                    f'<note><rest measure="yes"/><duration>{bar.length}</duration>'
                    f"<voice>{4 * number + 1}</voice>{suffix}</note>"
                )
            for order, (v, values) in enumerate(shown):
                if order:
                    lines.append(f"<backup><duration>{bar.length}</duration></backup>")
                voice = f"<voice>{4 * number + v + 1}</voice>"
                lines += self._voice(bar, values, voice, suffix, len(shown) > 1, order > 0, accidentals, over)
                over = []
        return lines

    def _voice(
        self,
        bar: WrittenBar,
        values: Sequence[Value],
        voice: str,
        suffix: str,
        is_shared: bool,
        hides_rests: bool,
        accidentals: dict[tuple[int, int], str],
        over: list[tuple[int, str]],
    ) -> list[str]:
        lines: list[str] = []
        waiting = list(over)
        stem = ""
        if is_shared or self.part.is_drum:
            is_lower = voice.endswith(("2</voice>", "6</voice>"))
            stem = f"<stem>{'down' if is_lower else 'up'}</stem>"
        hidden = 0
        if len(values) == 1 and not values[0].notes and values[0].length == bar.length:
            lines += [_placed(xml, at, suffix) for at, xml in waiting]
            return [*lines, f'<note><rest measure="yes"/><duration>{bar.length}</duration>{voice}{suffix}</note>']
        for value in values:
            while waiting and waiting[0][0] < value.start + value.length:
                at, xml = waiting.pop(0)
                lines.append(_placed(xml, max(at - value.start, 0), suffix))
            if hides_rests and not value.notes and not value.is_triplet:
                hidden += value.length
                continue
            if hidden:
                lines.append(f"<forward><duration>{hidden}</duration>{voice}{suffix}</forward>")
                hidden = 0
            lines += self._value(bar, value, voice, suffix, stem, accidentals)
        if hidden:
            lines.append(f"<forward><duration>{hidden}</duration>{voice}{suffix}</forward>")
        lines += [_placed(xml, 0, suffix) for _, xml in waiting]
        return lines

    def _value(
        self,
        bar: WrittenBar,
        value: Value,
        voice: str,
        suffix: str,
        stem: str,
        accidentals: dict[tuple[int, int], str],
    ) -> list[str]:
        """Write one chord or rest."""
        kind, n_dots = VALUES[value.nominal]
        shape = f"<type>{kind}</type>" + "<dot/>" * n_dots
        ratio = beams = ""
        notations = ""
        if value.is_triplet:
            ratio = (
                "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"
            )
            if value.tuplet:
                notations = f'<tuplet type="{value.tuplet}" number="1"' + (
                    ' bracket="yes"/>' if value.tuplet == "start" and not value.beams else "/>"
                )
        duration = f"<duration>{value.length}</duration>"
        if not value.notes:
            notations = f"<notations>{notations}</notations>" if notations else ""
            return [f"<note><rest/>{duration}{voice}{shape}{ratio}{suffix}{notations}</note>"]
        if value.beams:
            beams = "".join(f'<beam number="{n}">{beam}</beam>' for n, beam in enumerate(value.beams, 1))
        ties = '<tie type="stop"/>' * value.is_tied_from + '<tie type="start"/>' * value.is_tied_on
        tied = '<tied type="stop"/>' * value.is_tied_from + '<tied type="start"/>' * value.is_tied_on
        words = "" if value.is_tied_from else _lyrics_xml(self.lyrics.pop(bar.onset + value.start, ()))
        staccato = "<articulations><staccato/></articulations>" if value.is_staccato else ""
        lines = []
        for order, i in enumerate(value.notes):
            chord = "<chord/>" if order else ""
            if self.part.is_drum:
                place = self.staved.drums[self.pitch[i]]
                sounding = _unpitched_xml(place)
                sound = f'<instrument id="{self.identity}-I{self.pitch[i]}"/>'
                head = "" if place.head == "normal" else f"<notehead>{place.head}</notehead>"
                accidental = ""
            else:
                sounding = _pitch_xml(self.staved.spellings[i])
                sound = head = ""
                accidental = accidentals.get((id(value), i), "")
            marks = tied + ("" if order else notations + staccato)
            lines.append(
                f'<note dynamics="{self.loudness[i]}">{chord}{sounding}{duration}{ties}{sound}{voice}{shape}'
                f"{accidental}{ratio}{stem}{head}{suffix}{'' if order else beams}"
                f"{f'<notations>{marks}</notations>' if marks else ''}{'' if order else words}</note>"
            )
        return lines

    def _accidentals(self, voices: tuple[list[Value], list[Value]], fifths: int) -> dict[tuple[int, int], str]:
        """Return the accidentals that must be shown in a bar of a staff, by (id of value, note)."""
        shown: dict[tuple[int, int], str] = {}
        key = key_alters(fifths)
        heard: dict[tuple[str, int], int] = {}
        values = [value for voice in voices for value in voice if value.notes]
        for value in sorted(values, key=lambda value: value.start):
            if value.is_tied_from:
                continue
            for i in value.notes:
                step, alter, octave = self.staved.spellings[i]
                if heard.get((step, octave), key[step]) != alter:
                    shown[id(value), i] = f"<accidental>{_ACCIDENTALS[alter]}</accidental>"
                    heard[step, octave] = alter
        return shown


def _pitch_xml(spelling: Spelling) -> str:
    alter = f"<alter>{spelling.alter}</alter>" if spelling.alter else ""
    return f"<pitch><step>{spelling.step}</step>{alter}<octave>{spelling.octave}</octave></pitch>"


def _unpitched_xml(place: DrumPlace) -> str:
    return (
        f"<unpitched><display-step>{place.step}</display-step>"
        f"<display-octave>{place.octave}</display-octave></unpitched>"
    )


def _clef_xml(staff: Staff, number: int) -> str:
    clef = staff.clef
    attribute = f' number="{number}"' if number else ""
    if clef.sign == "percussion":
        return f"<clef{attribute}><sign>percussion</sign></clef>"
    octaves = f"<clef-octave-change>{clef.octave_change}</clef-octave-change>" if clef.octave_change else ""
    return f"<clef{attribute}><sign>{clef.sign}</sign><line>{clef.line}</line>{octaves}</clef>"


def _placed(xml: str, offset: int, staff: str) -> str:
    """Put a direction or chord symbol a few ticks behind where it stands in the file, and on a staff of several."""
    element = f"<offset>{offset}</offset>" if offset else ""
    return xml.replace("{offset}", element, 1).replace("{staff}", staff, 1)


def _rehearsal_xml(text: str) -> str:
    return (
        f'<direction placement="above"><direction-type><rehearsal>{_text(text)}</rehearsal></direction-type>'
        "{offset}{staff}</direction>"
    )


def _tempo_xml(tempo_qpm: float, is_shown: bool, is_compound: bool) -> str:
    tempo = _number(tempo_qpm)
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


def _dynamics_xml(mark: str) -> str:
    return (
        f'<direction placement="below"><direction-type><dynamics><{mark}/></dynamics></direction-type>'
        "{offset}{staff}</direction>"
    )


def _harmony_xml(text: str) -> str:
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


def _lyrics_xml(syllables: Sequence[Syllable]) -> str:
    if not syllables:
        return ""
    words = "<elision>‿</elision>".join(
        f"<syllabic>{syllable.syllabic}</syllabic><text>{_text(syllable.text)}</text>" for syllable in syllables
    )
    return f'<lyric number="1">{words}</lyric>'


def _number(value: float) -> str:
    """Write a number with at most four decimals and no needless zeros."""
    return f"{round(value, 4) + 0.0:.4f}".rstrip("0").rstrip(".")


def _text(text: str) -> str:
    """Escape text, leaving out what XML cannot hold; braces too, which mark what `_placed` fills in."""
    return escape("".join(c for c in text if c.isprintable()), {"{": "&#123;"})


def _quoted(text: str) -> str:
    return '"' + _text(text).replace('"', "&quot;") + '"'
