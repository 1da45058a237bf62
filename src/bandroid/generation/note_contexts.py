"""Where to look for the next note of a new cell.

Besides the notes just written, three things tell much: the recent cells of this part that the new one resembles so
far (references: what came next there?), the part of this bar that plays the same rhythm (the partner), and what
sounds in the other parts (harmony).
"""

from __future__ import annotations

import itertools

from bandroid.generation.cell_contexts import family_of
from bandroid.generation.note_facts import DrumFacts, LengthFacts, PitchFacts, PositionFacts, VelocityFacts
from bandroid.representations.score_cursor import Content, Cursor
from bandroid.representations.sheet import LENGTH_CLASSES_TICK

_NOTHING = -1
_POSITION, _PITCH = 128 * 256, 256  # what they are worth in a note's code
_END = 999
_LONGEST_LINE = 48
_LATELY_BARS = 8
_KICKS = (35, 36)  # General MIDI's two bass drums
_LENGTHS_TICK = LENGTH_CLASSES_TICK.tolist()


class NoteContexts:
    """Facts along one cursor; ask for `position` before the other fields of a note, as the grammar does."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._first: Content = ()
        """the recent cell that resembles the new one most"""
        self._second: Content = ()
        self._partner: Content = ()
        """what the part with the same rhythm plays in this bar"""
        self._likeness = 0
        self._kicks: list[int] = []
        """where the bass drum strikes in this bar"""
        self._notes_before: list[tuple[int, int, int]] = []
        """onset, end and pitch class of the notes of this bar in the parts before"""
        self._lately_sounded: tuple[int, ...] = (0,) * 12
        self._tones_of_bars: list[list[int]] = []
        """per whole bar: how many notes each pitch class has"""

    def position(self) -> PositionFacts:
        """Look for: where the next note stands, or the end of the cell."""
        if not self._cursor.content:
            self._look_around()
        self._find_references()
        self._find_partner()
        cursor, content = self._cursor, self._cursor.content
        pitch = content[-1] // _PITCH % 128 if content else _NOTHING
        positions = [code // _POSITION for code in content]
        onsets = sorted(set(positions))
        last = onsets[-1] if onsets else _NOTHING
        partner = next((p for code in self._partner if (p := code // _POSITION) > last), _END)
        is_drum = cursor.parts[cursor.part].is_drum
        return PositionFacts(
            part=cursor.part,
            family=family_of(cursor),
            end=self._end_of_last(),
            last=last,
            chord=positions.count(last),
            step=onsets[-1] - onsets[-2] if len(onsets) > 1 else _NOTHING,
            chord_before=positions.count(onsets[-2]) if len(onsets) > 1 else 0,
            step_before=onsets[-2] - onsets[-3] if len(onsets) > 2 else _NOTHING,
            first=self._next_position(self._first),
            second=self._next_position(self._second),
            partner=partner if self._partner else _NOTHING,
            likeness=self._likeness,
            pitch=pitch,
            drums=tuple(code // _PITCH for code in content[-2:-4:-1]) if is_drum else (),
            bar_length=cursor.bar.length_tick,
            bar=len(cursor.bars) - 1,
            kick=next((position for position in self._kicks if position > last), _END),
        )

    def pitch(self) -> PitchFacts:
        """Look for: a pitch."""
        cursor, content = self._cursor, self._cursor.content
        position = cursor.position
        here = [code // _PITCH % 128 for code in content if code // _POSITION == position]
        lately = [code // _PITCH % 128 for code in content[-1:-4:-1]]
        lately += [_NOTHING] * (3 - len(lately))
        if not content:
            # At the start of a cell the line goes on from the part's last note, at most three bars back.
            past = next((cell for cell in reversed(cursor.history[cursor.part][-3:]) if cell), ())
            lately[0] = 1000 + past[-1] // _PITCH % 128 if past else _NOTHING
        low = here[-1] if here else _NOTHING
        first, second = (_next_pitch(reference, position, low) for reference in (self._first, self._second))
        bass, neighbour = self._harmony(position)
        beside = [code // _PITCH % 128 for code in self._partner if code // _POSITION == position]
        partner = next((pitch for pitch in beside if pitch > low), _NOTHING) if beside else neighbour
        # The note of the chord before that this one follows, voice by voice.
        earlier = [code for code in content if code // _POSITION < position]
        chord = [code // _PITCH % 128 for code in earlier if code // _POSITION == earlier[-1] // _POSITION]
        voice = chord[min(len(here), len(chord) - 1)] if chord else _NOTHING
        sequence, shared = self._sequence()
        return PitchFacts(
            part=cursor.part,
            family=family_of(cursor),
            position=position,
            n_here=len(here),
            lately=tuple(lately),
            first=first,
            second=second,
            partner=partner,
            bass=bass,
            voice=voice,
            sequence=sequence,
            shared=shared,
            sounding=self._sounding(position),
            lately_sounded=self._lately_sounded,
        )

    def drum(self) -> DrumFacts:
        """Look for: a drum."""
        cursor, content = self._cursor, self._cursor.content
        position = cursor.position
        stack, low = 0, _NOTHING
        for code in content:
            if code // _POSITION == position:
                low = code // _PITCH % 128
                stack = stack * 131 + low + 1
        lately = [code // _PITCH % 128 for code in content if code // _POSITION < position][-1:-4:-1]
        last = content[-1] // _PITCH % 128 if content else _NOTHING
        first, second = (_next_pitch(reference, position, low) for reference in (self._first, self._second))
        return DrumFacts(cursor.part, position, stack, tuple(lately), last, first, second, len(cursor.bars) - 1)

    def length(self) -> LengthFacts:
        """Look for: a length class."""
        cursor, content = self._cursor, self._cursor.content
        position, pitch = cursor.position, cursor.pitch
        lately = [code // 16 % 16 for code in content[-1:-4:-1]]
        lately += [_NOTHING] * (3 - len(lately))
        first, second, partner = (
            _field_at(reference, position, pitch, 16) for reference in (self._first, self._second, self._partner)
        )
        return LengthFacts(
            part=cursor.part,
            family=family_of(cursor),
            position=position,
            pitch=pitch,
            in_chord=cursor.is_chord_note,
            lately=tuple(lately),
            first=first,
            second=second,
            partner=partner,
            gap=_gap_after(self._first, position),
            partner_gap=_gap_after(self._partner, position),
            same_pitch=next((c // 16 % 16 for c in reversed(content) if c // _PITCH % 128 == pitch), _NOTHING),
            left=cursor.bar.length_tick - position,
        )

    def velocity(self) -> VelocityFacts:
        """Look for: a velocity class."""
        cursor, content = self._cursor, self._cursor.content
        part, position, pitch = cursor.parts[cursor.part], cursor.position, cursor.pitch
        lately = [code % 16 for code in content[-1:-4:-1]]
        lately += [_NOTHING] * (3 - len(lately))
        if not content:
            past = next((cell for cell in reversed(cursor.history[cursor.part][-4:]) if cell), ())
            lately[0] = 20 + past[-1] % 16 if past else _NOTHING
        first, second = (_field_at(reference, position, pitch, 1) for reference in (self._first, self._second))
        same_pitch = [code % 16 for code in reversed(content) if code // _PITCH % 128 == pitch][:2]
        if not same_pitch:
            same_pitch = [30 + velocity for velocity in self._velocity_in_recent(pitch)]
        same_pitch += [_NOTHING] * (2 - len(same_pitch))
        return VelocityFacts(
            part=cursor.part,
            family=family_of(cursor),
            position=position,
            pitch=pitch,
            in_chord=cursor.is_chord_note,
            lately=tuple(lately),
            first=first,
            second=second,
            same_pitch=tuple(same_pitch),
            n_typical=len(part.velocities),
            loud=part.velocities[-1] // 8,
            middle=part.velocities[len(part.velocities) // 2] // 8,
        )

    def _look_around(self) -> None:
        """Note what the parts before play in this bar, and which tones the last bars had."""
        cursor = self._cursor
        bar = len(cursor.bars) - 1
        is_pitched = [not part.is_drum for part in cursor.parts]
        while len(self._tones_of_bars) < bar:
            tones = [0] * 12
            for part, history in enumerate(cursor.history):
                if is_pitched[part]:
                    for code in history[len(self._tones_of_bars)]:
                        tones[code // _PITCH % 128 % 12] += 1
            self._tones_of_bars.append(tones)
        self._kicks, self._notes_before = [], []
        for other in range(cursor.part):
            for code in cursor.history[other][bar]:
                position, pitch = code // _POSITION, code // _PITCH % 128
                if is_pitched[other]:
                    end = position + _LENGTHS_TICK[code // 16 % 16]
                    self._notes_before.append((position, end, pitch % 12))
                elif pitch in _KICKS:
                    self._kicks.append(position)
        self._lately_sounded = tuple(map(sum, zip(*self._tones_of_bars[-_LATELY_BARS:], strict=True))) or (0,) * 12

    def _sounding(self, position: int) -> tuple[int, ...]:
        """Return how many notes of each pitch class sound in the parts before."""
        sounding = [0] * 12
        for onset, end, tone in self._notes_before:
            if onset <= position < end:
                sounding[tone] += 1
        return tuple(sounding)

    def _find_references(self) -> None:
        """Choose the two recent cells that share most of the last six notes with the new one."""
        recent, lately = self._cursor.recent[self._cursor.part], self._cursor.content[-6:]
        best, most = 0, -1
        if lately:
            wanted = {code // _PITCH for code in lately}
            for index, cell in enumerate(recent[:24]):
                shared = len(wanted.intersection([code // _PITCH for code in cell]))
                if shared > most:
                    best, most = index, shared
        self._first = recent[best] if recent else ()
        other = 1 if best == 0 else 0
        self._second = recent[other] if len(recent) > 1 else ()

    def _find_partner(self) -> None:
        """Choose the sounding part of this bar whose rhythm up to here is most like the new cell's."""
        cursor = self._cursor
        bar = len(cursor.bars) - 1
        onsets = {code // _POSITION for code in cursor.content}
        last = max(onsets, default=_NOTHING)
        self._partner, best = (), 0
        for other in range(cursor.part):
            cell = cursor.history[other][bar]
            if not cell:
                continue
            theirs = {p for code in cell if (p := code // _POSITION) <= last}
            score = 4 * len(onsets & theirs) - len(onsets) - len(theirs) - (2 if cursor.parts[other].is_drum else 0)
            if not self._partner or not onsets or score >= best:
                self._partner, best = cell, score
        if not onsets:
            self._likeness = 0
        else:
            self._likeness = 1 if best < 0 else 2 if best < 2 * len(onsets) else 3

    def _end_of_last(self) -> int:
        """Return the position at which the last onset's longest note ends; before the first note, the last bar's."""
        cursor = self._cursor
        if cursor.parts[cursor.part].is_drum:
            return _NOTHING
        content, offset_tick = cursor.content, 0
        if not content:
            history = cursor.history[cursor.part]
            if not history or not history[-1]:
                return _NOTHING
            content, offset_tick = list(history[-1]), cursor.bars[-2].length_tick
        last = content[-1] // _POSITION
        length_class = max(code // 16 % 16 for code in content if code // _POSITION == last)
        return last + int(_LENGTHS_TICK[length_class]) - offset_tick

    def _next_position(self, reference: Content) -> int:
        """Return where a reference goes on after the last note's position and pitch."""
        if not reference:
            return _NOTHING
        content = self._cursor.content
        after = content[-1] | (_PITCH - 1) if content else _NOTHING
        return next((code // _POSITION for code in reference if code > after), _END)

    def _sequence(self) -> tuple[int, int]:
        """Return the pitch that would go on a sequence, and how many intervals it shares with what it follows.

        Looks for where this part last moved by the same interval, better by the same two, and goes on as it did then:
        a figure on another degree is the same figure.
        """
        cursor = self._cursor
        line = [code // _PITCH % 128 for cell in cursor.history[cursor.part][-4:] for code in cell][-_LONGEST_LINE:]
        line += [code // _PITCH % 128 for code in cursor.content]
        moves = [b - a for a, b in itertools.pairwise(line)]
        if len(moves) < 2:
            return _NOTHING, 0
        found, shared = _NOTHING, 0
        for at in range(len(moves) - 2, -1, -1):
            if moves[at] == moves[-1]:
                n = 1
                while n < 4 and at >= n and moves[at - n] == moves[-1 - n]:
                    n += 1
                if n > shared:
                    found, shared = line[-1] + moves[at + 1], n
                    if n == 4:
                        break
        return found, shared

    def _harmony(self, position: int) -> tuple[int, int]:
        """Return the lowest pitch of the first, and of the last, pitched part that has begun to sound in this bar."""
        cursor = self._cursor
        bar = len(cursor.bars) - 1
        bass = neighbour = _NOTHING
        for other in range(cursor.part):
            if cursor.parts[other].is_drum:
                continue
            begun = [code for code in cursor.history[other][bar] if code // _POSITION <= position]
            if begun:
                onset = begun[-1] // _POSITION
                neighbour = next(code for code in begun if code // _POSITION == onset) // _PITCH % 128
                bass = neighbour if bass == _NOTHING else bass
        return bass, neighbour

    def _velocity_in_recent(self, pitch: int) -> list[int]:
        """Return the velocity class that this pitch had last in the four most recent cells."""
        for cell in self._cursor.recent[self._cursor.part][:4]:
            for code in reversed(cell):
                if code // _PITCH % 128 == pitch:
                    return [code % 16]
        return []


def _next_pitch(reference: Content, position: int, low: int) -> int:
    """Return a reference's next pitch at or after a position, above `low` there; 200 is added where it stands later."""
    after = position * 128 + low
    for code in reference:
        if code // _PITCH > after:
            return code // _PITCH % 128 + (0 if code // _POSITION == position else 200)
    return _NOTHING


def _field_at(reference: Content, position: int, pitch: int, worth: int) -> int:
    """Return the length (worth 16) or velocity (worth 1) class at a position, by preference of this pitch's note."""
    found = _NOTHING
    for code in reference:
        if code // _POSITION == position:
            found = code // worth % 16
            if code // _PITCH % 128 == pitch:
                break
    return found


def _gap_after(reference: Content, position: int) -> int:
    """Return how far the next onset of a reference is; _END where none follows."""
    return next((p - position for code in reference if (p := code // _POSITION) > position), _END)
