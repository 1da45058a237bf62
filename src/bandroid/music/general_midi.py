"""The names of General MIDI: 128 programs in 16 families, and the sounds of a drum part.

Source: General MIDI System Level 1 (MMA, 1991) for programs and drums 35 to 81; General MIDI 2 (1999) for drums
27 to 34 and 82 to 87. Programs count from 0 here, as in a file; many keyboards count them from 1.
"""

from __future__ import annotations

import difflib
import re

from bandroid.errors import WishError

DRUMS = 128
"""no program: stands for the drum kit wherever an instrument is wished for by name"""

PROGRAM_NAMES: tuple[str, ...] = (
    "Acoustic Grand Piano",
    "Bright Acoustic Piano",
    "Electric Grand Piano",
    "Honky-tonk Piano",
    "Electric Piano 1",
    "Electric Piano 2",
    "Harpsichord",
    "Clavinet",
    "Celesta",
    "Glockenspiel",
    "Music Box",
    "Vibraphone",
    "Marimba",
    "Xylophone",
    "Tubular Bells",
    "Dulcimer",
    "Drawbar Organ",
    "Percussive Organ",
    "Rock Organ",
    "Church Organ",
    "Reed Organ",
    "Accordion",
    "Harmonica",
    "Tango Accordion",
    "Acoustic Guitar (nylon)",
    "Acoustic Guitar (steel)",
    "Electric Guitar (jazz)",
    "Electric Guitar (clean)",
    "Electric Guitar (muted)",
    "Overdriven Guitar",
    "Distortion Guitar",
    "Guitar Harmonics",
    "Acoustic Bass",
    "Electric Bass (finger)",
    "Electric Bass (pick)",
    "Fretless Bass",
    "Slap Bass 1",
    "Slap Bass 2",
    "Synth Bass 1",
    "Synth Bass 2",
    "Violin",
    "Viola",
    "Cello",
    "Contrabass",
    "Tremolo Strings",
    "Pizzicato Strings",
    "Orchestral Harp",
    "Timpani",
    "String Ensemble 1",
    "String Ensemble 2",
    "Synth Strings 1",
    "Synth Strings 2",
    "Choir Aahs",
    "Voice Oohs",
    "Synth Voice",
    "Orchestra Hit",
    "Trumpet",
    "Trombone",
    "Tuba",
    "Muted Trumpet",
    "French Horn",
    "Brass Section",
    "Synth Brass 1",
    "Synth Brass 2",
    "Soprano Sax",
    "Alto Sax",
    "Tenor Sax",
    "Baritone Sax",
    "Oboe",
    "English Horn",
    "Bassoon",
    "Clarinet",
    "Piccolo",
    "Flute",
    "Recorder",
    "Pan Flute",
    "Blown Bottle",
    "Shakuhachi",
    "Whistle",
    "Ocarina",
    "Lead 1 (square)",
    "Lead 2 (sawtooth)",
    "Lead 3 (calliope)",
    "Lead 4 (chiff)",
    "Lead 5 (charang)",
    "Lead 6 (voice)",
    "Lead 7 (fifths)",
    "Lead 8 (bass + lead)",
    "Pad 1 (new age)",
    "Pad 2 (warm)",
    "Pad 3 (polysynth)",
    "Pad 4 (choir)",
    "Pad 5 (bowed)",
    "Pad 6 (metallic)",
    "Pad 7 (halo)",
    "Pad 8 (sweep)",
    "FX 1 (rain)",
    "FX 2 (soundtrack)",
    "FX 3 (crystal)",
    "FX 4 (atmosphere)",
    "FX 5 (brightness)",
    "FX 6 (goblins)",
    "FX 7 (echoes)",
    "FX 8 (sci-fi)",
    "Sitar",
    "Banjo",
    "Shamisen",
    "Koto",
    "Kalimba",
    "Bagpipe",
    "Fiddle",
    "Shanai",
    "Tinkle Bell",
    "Agogo",
    "Steel Drums",
    "Woodblock",
    "Taiko Drum",
    "Melodic Tom",
    "Synth Drum",
    "Reverse Cymbal",
    "Guitar Fret Noise",
    "Breath Noise",
    "Seashore",
    "Bird Tweet",
    "Telephone Ring",
    "Helicopter",
    "Applause",
    "Gunshot",
)

FAMILY_NAMES: tuple[str, ...] = (
    "Piano",
    "Chromatic Percussion",
    "Organ",
    "Guitar",
    "Bass",
    "Strings",
    "Ensemble",
    "Brass",
    "Reed",
    "Pipe",
    "Synth Lead",
    "Synth Pad",
    "Synth Effects",
    "Ethnic",
    "Percussive",
    "Sound Effects",
)
"""a family is eight programs in a row"""

FIRST_DRUM = 27

DRUM_NAMES: tuple[str, ...] = (
    "High Q",
    "Slap",
    "Scratch Push",
    "Scratch Pull",
    "Sticks",
    "Square Click",
    "Metronome Click",
    "Metronome Bell",
    "Acoustic Bass Drum",
    "Bass Drum",
    "Side Stick",
    "Acoustic Snare",
    "Hand Clap",
    "Electric Snare",
    "Low Floor Tom",
    "Closed Hi-hat",
    "High Floor Tom",
    "Pedal Hi-hat",
    "Low Tom",
    "Open Hi-hat",
    "Low-mid Tom",
    "Hi-mid Tom",
    "Crash Cymbal 1",
    "High Tom",
    "Ride Cymbal 1",
    "Chinese Cymbal",
    "Ride Bell",
    "Tambourine",
    "Splash Cymbal",
    "Cowbell",
    "Crash Cymbal 2",
    "Vibraslap",
    "Ride Cymbal 2",
    "High Bongo",
    "Low Bongo",
    "Mute High Conga",
    "Open High Conga",
    "Low Conga",
    "High Timbale",
    "Low Timbale",
    "High Agogo",
    "Low Agogo",
    "Cabasa",
    "Maracas",
    "Short Whistle",
    "Long Whistle",
    "Short Guiro",
    "Long Guiro",
    "Claves",
    "High Woodblock",
    "Low Woodblock",
    "Mute Cuica",
    "Open Cuica",
    "Mute Triangle",
    "Open Triangle",
    "Shaker",
    "Jingle Bell",
    "Belltree",
    "Castanets",
    "Mute Surdo",
    "Open Surdo",
)
"""names of the drum pitches 27 to 87"""

_EVERYDAY_NAMES: dict[str, int] = {
    "drum": DRUMS,
    "drums": DRUMS,
    "drum kit": DRUMS,
    "drum set": DRUMS,
    "drumkit": DRUMS,
    "drumset": DRUMS,
    "percussion": DRUMS,
    "grand piano": 0,
    "keyboard": 0,
    "keys": 0,
    "electric piano": 4,
    "rhodes": 4,
    "epiano": 4,
    "e piano": 4,
    "clavi": 7,
    "vibes": 11,
    "organ": 16,
    "hammond": 16,
    "guitar": 27,  # in a band "the guitar" is the electric one, and clean is its plainest sound
    "acoustic guitar": 25,
    "nylon guitar": 24,
    "classical guitar": 24,
    "spanish guitar": 24,
    "electric guitar": 27,
    "rhythm guitar": 27,
    "lead guitar": 29,
    "bass": 33,
    "bass guitar": 33,
    "electric bass": 33,
    "double bass": 32,
    "upright bass": 32,
    "strings": 48,
    "string ensemble": 48,
    "orchestra": 48,
    "harp": 46,
    "choir": 52,
    "voice": 53,
    "voices": 52,
    "vocals": 53,
    "singer": 53,
    "brass": 61,
    "horns": 61,
    "horn": 60,
    "sax": 65,
    "saxophone": 65,
    "synth": 80,
    "synthesizer": 80,
    "lead": 80,
    "synth lead": 80,
    "pad": 88,
    "synth pad": 88,
    "panpipes": 75,
}

_WORD_FORMS = {"distorted": "distortion", "overdrive": "overdriven", "saxophone": "sax", "synthesizer": "synth"}


def program_name(program: int, is_drum: bool = False) -> str:
    """Name what a part plays: 33 -> "Electric Bass (finger)"; a drum part -> "Drums"."""
    return "Drums" if is_drum else PROGRAM_NAMES[program]


def drum_name(pitch: int) -> str:
    """Name a pitch of a drum part: 38 -> "Acoustic Snare"; outside of General MIDI "Drum 12"."""
    if FIRST_DRUM <= pitch < FIRST_DRUM + len(DRUM_NAMES):
        return DRUM_NAMES[pitch - FIRST_DRUM]
    return f"Drum {pitch}"


def parse_program(text: str) -> int:
    """Return the program, 0 to 127, or DRUMS that a musician's word for an instrument means.

    "bass" -> 33, "distortion guitar" -> 30, "piano 2" (the family's second) -> 1, "drums" -> DRUMS, "30" -> 30.
    Raises WishError, with near names, where the words mean none.
    """
    wish = _plain(text)
    if wish.isdigit():
        if int(wish) > 127:
            raise WishError(f"no instrument {wish}: programs go from 0 (grand piano) to 127")
        return int(wish)
    if wish in _EVERYDAY_NAMES:
        return _EVERYDAY_NAMES[wish]
    if wish in _PLAIN_NAMES:
        return _PLAIN_NAMES.index(wish)
    numbered = re.fullmatch(r"(.+?) ([1-8])", wish)
    if numbered and numbered[1].removeprefix("synth ") in _FAMILY_WORDS:
        return _FAMILY_WORDS[numbered[1].removeprefix("synth ")] * 8 + int(numbered[2]) - 1
    words = wish.split()
    matches = [
        program
        for program, name in enumerate(_PLAIN_NAMES)
        if words and all(any(has.startswith(word) for has in name.split()) for word in words)
    ]
    if matches and len({program // 8 for program in matches}) == 1:
        return matches[0]
    raise WishError(f"no instrument {text.strip()!r}; {_near(wish, matches)}")


def _plain(text: str) -> str:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return " ".join(_WORD_FORMS.get(word, word) for word in words)


_PLAIN_NAMES = tuple(_plain(name) for name in PROGRAM_NAMES)
_FAMILY_WORDS = {"piano": 0, "organ": 2, "guitar": 3, "bass": 4, "lead": 10, "pad": 11, "fx": 12, "effects": 12}


def _near(wish: str, matches: list[int]) -> str:
    names = [PROGRAM_NAMES[program] for program in matches[:4]]
    if not names:
        known = dict(zip(_PLAIN_NAMES, PROGRAM_NAMES, strict=True))
        known |= {name: name for name in _EVERYDAY_NAMES}
        names = [known[near] for near in difflib.get_close_matches(wish, known, n=4, cutoff=0.55)]
    if not names:
        return "try piano, guitar, bass, drums, strings, or a General MIDI name such as 'Rock Organ'"
    return "did you mean " + " or ".join(names) + "?"
