"""Write a song as MusicXML 4.0 that a musician can read: partwise, one part per instrument.

The hops, all in `notation/`: `paper` puts every note on the grid of its beat, `staves` finds clefs, hands and voices,
`note_values` makes ties, tuplets, rests and beams of a bar, `spelling` chooses sharps and flats, `directions` what
stands over and under the notes; this module says it in XML. No dates and no random ids: one song, one text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bandroid import __version__
from bandroid.music.choir import VOICES, voice_named
from bandroid.music.musicxml_parts import channels_of, part_entry
from bandroid.music.musicxml_signs import (
    clef_xml,
    dynamics_xml,
    harmony_xml,
    lyrics_xml,
    pitch_xml,
    placed,
    plain_number,
    plain_text,
    rehearsal_xml,
    tempo_xml,
    unpitched_xml,
)
from bandroid.music.notation.directions import (
    Heading,
    plan_dynamics,
    plan_fermatas,
    plan_headings,
    plan_lyrics,
)
from bandroid.music.notation.metre_shape import VALUES, WRITTEN_TICKS
from bandroid.music.notation.note_values import Value
from bandroid.music.notation.paper import Paper, WrittenBar
from bandroid.music.notation.spelling import key_alters
from bandroid.music.notation.staves import BASS, TREBLE, StavedPart, stave_pair, stave_part
from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song

_CLOSED = 2
"""staves of a closed score"""
_FORTE_VELOCITY = 90
"""what 100 per cent of MusicXML's dynamics attribute means"""
_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}


def musicxml_text(song: Song, *, n_staves: int = 2) -> str:
    """Return a song as a MusicXML document; parts without notes are left out.

    Four voices of a choir stand on two staves, or each on its own where `n_staves` is 4.
    """
    paper = Paper(song)
    headings = plan_headings(song, paper)
    keys = [(heading.fifths, heading.is_minor) for heading in headings]
    parts = [part for part in song.parts if len(part.notes)] or [Part("Music", 0, False, Notes.empty())]
    waiting = plan_fermatas(song, paper)
    if n_staves == _CLOSED and (choir := _choir(parts)) is not None:
        pairs = [(choir[:2], TREBLE), (choir[2:], BASS)]
        staved = [stave_pair(pair, clef, paper, keys) for pair, clef in pairs]
        parts = [_together(pair) for pair, _ in pairs]
    else:
        staved = [stave_part(part, paper, keys) for part in parts]
    channels = channels_of(parts)
    lines = [
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
        '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
        '"http://www.musicxml.org/dtds/partwise.dtd">',
        '<score-partwise version="4.0">',
    ]
    if song.title.strip():
        lines.append(f"<work><work-title>{plain_text(song.title.strip())}</work-title></work>")
    lines.append(f"<identification><encoding><software>bandroid {__version__}</software></encoding></identification>")
    lines.append("<part-list>")
    for number, (part, stave) in enumerate(zip(parts, staved, strict=True)):
        lines += part_entry(f"P{number + 1}", part, stave, channels[number])
    lines.append("</part-list>")
    for number, (part, stave) in enumerate(zip(parts, staved, strict=True)):
        writer = _PartWriter(f"P{number + 1}", part, stave, paper, waiting)
        lines += writer.write(headings, is_first=number == 0)
    lines.append("</score-partwise>")
    return "\n".join(lines) + "\n"


def _choir(parts: Sequence[Part]) -> list[Part] | None:
    """Return the voices of a choir, from the top; None where the parts are anything else."""
    voices = [voice_named(part.name) for part in parts]
    is_choir = sorted(voice for voice in voices if voice is not None) == list(range(len(VOICES)))
    if not is_choir or len(parts) != len(VOICES) or any(part.is_drum for part in parts):
        return None
    return [parts[voices.index(voice)] for voice in range(len(VOICES))]


def _together(pair: Sequence[Part]) -> Part:
    """Return the part that two voices on one staff make."""
    return replace(pair[0], name=", ".join(part.name for part in pair), lyrics=pair[0].lyrics or pair[1].lyrics)


class _PartWriter:
    """Writes one part's measures; holds what XML needs to remember between them."""

    def __init__(self, identity: str, part: Part, staved: StavedPart, paper: Paper, waiting: Sequence[int]) -> None:
        self.identity = identity
        self.part = part
        self.staved = staved
        self.paper = paper
        self.waiting = waiting
        self.pitch = staved.notes.pitch.tolist()
        self.loudness = [plain_number(v * 100 / _FORTE_VELOCITY) for v in staved.notes.velocity.tolist()]
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
                lines.append(clef_xml(staff, number if len(staves) > 1 else 0))
        return ["<attributes>", *lines, "</attributes>"] if lines else []

    def _directions(self, index: int, heading: Heading | None) -> list[tuple[int, str]]:
        """Return (position, XML) of what stands over and under this bar, in order of time."""
        over: list[tuple[int, str]] = []
        if heading is not None:
            bar = self.paper.bars[index]
            over += [(at, rehearsal_xml(text)) for at, text in heading.markers]
            over += [(m.position, tempo_xml(m.tempo_qpm, m.is_shown, bar.shape.is_compound)) for m in heading.tempos]
            over += [(at, harmony_xml(text)) for at, text in heading.chords]
        over += [(at, dynamics_xml(mark)) for (bar_index, at), mark in self.dynamics.items() if bar_index == index]
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
                lines += [placed(xml, at, suffix) for at, xml in over]
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
            lines += [placed(xml, at, suffix) for at, xml in waiting]
            return [*lines, f'<note><rest measure="yes"/><duration>{bar.length}</duration>{voice}{suffix}</note>']
        for value in values:
            while waiting and waiting[0][0] < value.start + value.length:
                at, xml = waiting.pop(0)
                lines.append(placed(xml, max(at - value.start, 0), suffix))
            if hides_rests and not value.notes and not value.is_triplet:
                hidden += value.length
                continue
            if hidden:
                lines.append(f"<forward><duration>{hidden}</duration>{voice}{suffix}</forward>")
                hidden = 0
            lines += self._value(bar, value, voice, suffix, stem, accidentals)
        if hidden:
            lines.append(f"<forward><duration>{hidden}</duration>{voice}{suffix}</forward>")
        lines += [placed(xml, 0, suffix) for _, xml in waiting]
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
        words = "" if value.is_tied_from else lyrics_xml(self.lyrics.pop(bar.onset + value.start, ()))
        onset = bar.onset + value.start
        if any(onset <= at < onset + value.length for at in self.waiting):
            is_lower = "down" in stem
            notations += f'<fermata type="{"inverted" if is_lower else "upright"}"/>'
        staccato = "<articulations><staccato/></articulations>" if value.is_staccato else ""
        lines = []
        for order, i in enumerate(value.notes):
            chord = "<chord/>" if order else ""
            if self.part.is_drum:
                place = self.staved.drums[self.pitch[i]]
                sounding = unpitched_xml(place)
                sound = f'<instrument id="{self.identity}-I{self.pitch[i]}"/>'
                head = "" if place.head == "normal" else f"<notehead>{place.head}</notehead>"
                accidental = ""
            else:
                sounding = pitch_xml(self.staved.spellings[i])
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
