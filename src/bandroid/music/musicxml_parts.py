"""The list of parts of a MusicXML score: who plays, on which channel, how loud and where."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bandroid.music.choir import voice_named
from bandroid.music.general_midi import drum_name, program_name
from bandroid.music.musicxml_signs import plain_number, plain_text
from bandroid.music.notation.staves import StavedPart
from bandroid.music.song import Part

_DRUM_CHANNEL = 10
_N_CHANNELS = 16


def channels_of(parts: Sequence[Part]) -> list[int]:
    """Give each part a MIDI channel, from 1; drums have 10, and from the sixteenth part on channels are shared."""
    free = [channel for channel in range(1, _N_CHANNELS + 1) if channel != _DRUM_CHANNEL]
    channels: list[int] = []
    for part in parts:
        n_pitched = sum(channel != _DRUM_CHANNEL for channel in channels)
        channels.append(_DRUM_CHANNEL if part.is_drum else free[n_pitched % len(free)])
    return channels


def part_entry(identity: str, part: Part, staved: StavedPart, channel: int) -> list[str]:
    """Say who plays: name, sounds, volume and place."""
    instrument = program_name(part.program, part.is_drum)
    name = part.name.strip(" :") or instrument
    lines = [f'<score-part id="{identity}"><part-name>{plain_text(name)}</part-name>']
    lines.append(f"<part-abbreviation>{plain_text(_abbreviated(name))}</part-abbreviation>")
    sounds = [(f"{identity}-I{pitch}", drum_name(pitch), pitch) for pitch in sorted(staved.drums)]
    if not part.is_drum:
        sounds = [(f"{identity}-I1", instrument, -1)]
    for sound, sound_name, _ in sounds:
        named = f"<instrument-name>{plain_text(sound_name)}</instrument-name>"
        lines.append(f'<score-instrument id="{sound}">{named}</score-instrument>')
    volume, pan = plain_number(part.volume / 1.27), plain_number((part.pan - 64) * 90 / 63)
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
    names = re.findall(r"[^\s(),]+", name)
    if all(voice_named(word) is not None for word in names):
        return " ".join(f"{word[0]}." for word in names)
    words = [_SHORT_WORDS.get(word.lower(), word) for word in names]
    return " ".join([word if len(word) <= 6 else f"{word[:5].rstrip('.,-:')}." for word in words if word][:3])
