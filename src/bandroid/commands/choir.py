"""`bandroid harmonise` and `infill`: voices that are given -> four voices on the disk."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandroid import near, terminal
from bandroid.commands.continue_song import read_one_song
from bandroid.commands.options import within
from bandroid.commands.palette import Place, bars_wished, files_for, word_of
from bandroid.commands.wishes import drawn_seed, key, lead_of, programs
from bandroid.errors import WishError
from bandroid.music.choir import BASS, CHOIR_PROGRAM, SOPRANO, VOICES, four_voices, mean_pitch, voice_named

if TYPE_CHECKING:
    from bandroid.generation.chorale_style import ChoraleStyle
    from bandroid.generation.harmony import Harmony, HarmonyWish
    from bandroid.music.song import Song
    from bandroid.render.output import PieceFiles

DEFAULT_STYLE = "chorale"
_FEW_FAULTS = 4
"""that are named one by one"""


@dataclass(frozen=True, slots=True)
class How:
    """How voices are to be written."""

    seed: int | None
    variations: int
    temperature: float
    is_strict: bool = False
    instruments: str | None = None


def harmonise(
    file: Path,
    *,
    style: str | None,
    given: str | None,
    parts: str | None,
    key_text: str | None,
    tempo_qpm: float | None,
    how: How,
    place: Place,
) -> None:
    """Write the voices that are not given to those that are."""
    from bandroid.generation.chorale_given import given_voices
    from bandroid.generation.harmony import harmonise as harmonise_it
    from bandroid.representations.chorale_song import Key

    within("--variations", how.variations, 1, 64)
    wished_key = None if key_text is None else Key(*key(key_text))
    seed, wish = drawn_seed(how.seed), harmony_wish(how)
    song = with_tempo(read_one_song(file), tempo_qpm)
    task = given_voices(song, voices_of(song, given, parts), wished_key)
    loaded = load_choir(style)
    for remark in task.remarks:
        terminal.remark(f"{file.name}: {remark}")
    name = f"{word_of(file)}-harmonised-{seed}"
    to = files_for(name, how.variations, place, [file])
    with terminal.progress("harmonising", quiet=place.as_json) as report:
        found = harmonise_it(loaded, task, wish, seed, how.variations, report)
    whose = " and ".join(VOICES[voice] for voice in sorted(task.notes))
    _finish(found, to, loaded, place, f"{file.name}: to its {whose}, in {found[0].key_name}, seed {seed}", file)


def infill(file: Path, *, style: str | None, at: str, parts: str | None, how: How, place: Place) -> None:
    """Write some bars of some voices anew."""
    from bandroid.generation.infill import infill as infill_it

    within("--variations", how.variations, 1, 64)
    seed, wish = drawn_seed(how.seed), harmony_wish(how)
    bars = bars_wished(at)
    song = read_one_song(file)
    voices = [voice_of(word) for word in words_of(parts)] if parts else list(range(len(VOICES)))
    loaded = load_choir(style)
    name = f"{word_of(file)}-infilled-{seed}"
    to = files_for(name, how.variations, place, [file])
    with terminal.progress("filling in", quiet=place.as_json) as report:
        found = infill_it(loaded, song, bars, voices, wish, seed, how.variations, report)
    which = f"bars {bars[0]} to {bars[1]}" if bars[1] > bars[0] else f"bar {bars[0]}"
    whose = " and ".join(VOICES[voice] for voice in sorted(set(voices)))
    _finish(found, to, loaded, place, f"{file.name}: {which} of {whose} anew, seed {seed}", file)


# --- what is given ---


def voices_of(song: Song, given: str | None, parts: str | None) -> dict[int, int]:
    """Return which part is given as which voice: {voice: part's index}; raises WishError where it cannot be told."""
    voices = [voice_of(word) for word in words_of(given)] if given else None
    if voices is not None and len(set(voices)) < len(voices):
        raise WishError(f"--given {given}: it names a voice twice")
    if parts is not None:
        indices = [part_of(song, word) for word in words_of(parts)]
        voices = voices or ([SOPRANO] if len(indices) == 1 else [])
        if len(indices) != len(voices) or len(set(indices)) < len(indices):
            raise WishError(f"--parts {parts}: name one part for each voice of --given")
        return dict(zip(voices, indices, strict=True))
    named = _named(song)
    sung = four_voices(song)
    if sung is not None:
        named = dict(enumerate(sung))
    if voices is None:
        if sung is None and len(named) > 1:
            return named
        voices = [SOPRANO]
    if all(voice in named for voice in voices):
        return {voice: named[voice] for voice in voices}
    pitched = [index for index, part in enumerate(song.parts) if not part.is_drum and len(part.notes)]
    if not pitched:
        raise WishError("it plays drums alone, and voices sing pitches")
    if len(voices) == 1:
        return {voices[0]: _likely(song, voices[0], pitched)}
    if len(pitched) == len(voices):
        order = sorted(pitched, key=lambda index: -mean_pitch(song.parts[index].notes))
        return dict(zip(sorted(voices), order, strict=True))
    names = ", ".join(repr(song.parts[index].name) for index in pitched)
    raise WishError(f"--given {given}: say which parts they are with --parts; there are {names}")


def _named(song: Song) -> dict[int, int]:
    """Return the parts that are named as voices."""
    found: dict[int, int] = {}
    for index, part in enumerate(song.parts):
        voice = voice_named(part.name)
        if voice is not None and len(part.notes) and not part.is_drum:
            found.setdefault(voice, index)
    return found


def _likely(song: Song, voice: int, pitched: Sequence[int]) -> int:
    """Return the part that is meant by one voice: the lead, or the lowest for a bass; a remark says which."""
    if len(pitched) == 1:
        return pitched[0]
    lead = lead_of(song)
    if voice == BASS:
        chosen = min(pitched, key=lambda index: mean_pitch(song.parts[index].notes))
    elif lead is not None:
        chosen = lead
    else:
        chosen = max(pitched, key=lambda index: mean_pitch(song.parts[index].notes))
    terminal.remark(f"part {song.parts[chosen].name!r} was taken as the {VOICES[voice]}; --parts names another")
    return chosen


def part_of(song: Song, word: str) -> int:
    """Return the part of a name or a number from 1; raises WishError, offering near names."""
    names = [part.name for part in song.parts]
    lowered = [name.lower() for name in names]
    if word.lower() in lowered:
        return lowered.index(word.lower())
    if word.isdecimal() and 1 <= int(word) <= len(names):
        return int(word) - 1
    within_name = [index for index, name in enumerate(lowered) if word.lower() in name]
    if len(within_name) == 1:
        return within_name[0]
    raise WishError(f"--parts: {near.unknown('part', word, names)}")


def voice_of(word: str) -> int:
    """Return a voice by its name; raises WishError, offering near ones."""
    voice = voice_named(word)
    if voice is None:
        raise WishError(near.unknown("voice", word, VOICES))
    return voice


def words_of(text: str) -> list[str]:
    """Read a list: "alto, bass" -> ["alto", "bass"]; raises WishError for an empty one."""
    words = [word.strip() for word in re.split(r"[,;+|]", text) if word.strip()]
    if not words:
        raise WishError(f"{text!r} names nothing: write names with commas")
    return words


def with_tempo(song: Song, tempo_qpm: float | None) -> Song:
    """Return a song in another tempo; raises WishError out of range."""
    from bandroid.music.song import TempoChange
    from bandroid.representations.sheet import TEMPO_RANGE_QPM

    if tempo_qpm is None:
        return song
    within("--tempo", tempo_qpm, *TEMPO_RANGE_QPM)
    return replace(song, tempos=(TempoChange(0, tempo_qpm),))


def harmony_wish(how: How) -> HarmonyWish:
    """Gather how voices are written; raises WishError out of range."""
    from bandroid.generation.harmony import HarmonyWish
    from bandroid.generation.sampling import Sampling

    program = CHOIR_PROGRAM
    if how.instruments is not None:
        chosen = programs(how.instruments)
        if len(chosen) != 1 or chosen[0] < 0:
            raise WishError("--instruments: four voices sound alike; name one instrument, such as organ or strings")
        program = chosen[0]
    return HarmonyWish(sampling=Sampling(how.temperature), is_strict=how.is_strict, program=program)


def load_choir(name: str | None) -> ChoraleStyle:
    """Load a style of four voices by name, the one that ships where none is named; raises StyleError."""
    from bandroid.bundle import store
    from bandroid.generation.styles import load_chorale_style_for

    return load_chorale_style_for(store.find_style(name or DEFAULT_STYLE))


# --- results ---


def _finish(
    found: Sequence[Harmony],
    to: Sequence[PieceFiles],
    style: ChoraleStyle,
    place: Place,
    headline: str,
    file: Path,
) -> None:
    """Write harmonies and say what was written, and what a choirmaster would mark."""
    from bandroid.render.song_files import SongWriter

    wish = place.wish
    writer = SongWriter(replace(wish, stems="midi") if wish.stems == "none" else wish)
    if not place.as_json:
        terminal.say(headline)
    rows = []
    with terminal.progress("writing", quiet=place.as_json) as report:
        for number, (one, where) in enumerate(zip(found, to, strict=True), 1):
            written = writer.write(one.song, where, comment=one.comment)
            rows.append(_row(one) | written.as_json())
            report(number, len(found))
            if not place.as_json:
                terminal.say("\n".join([*_lines(one), *written.lines()]))
    if place.as_json:
        of_style = {"style": style.name, "style_hash": style.style_hash, "folder": to[0].folder}
        terminal.print_json({"file": file, **of_style, "pieces": rows})


def _lines(one: Harmony) -> list[str]:
    """Say what was written: how likely it is, and what is still wrong with it."""
    kinds = Counter(fault.kind for fault in one.faults.each)
    told = ", ".join(f"{count} x {kind}" for kind, count in kinds.most_common()) or "nothing that a choirmaster marks"
    lines = [f"  {one.nats_each:.2f} nats a cell; {told}"]
    for fault in one.faults.each[:_FEW_FAULTS]:
        lines.append(f"    bar {_bar_of(one, fault.frame)}: {fault.sentence}")
    if len(one.faults.each) > _FEW_FAULTS:
        lines.append(f"    and {len(one.faults.each) - _FEW_FAULTS} more, with --json all of them")
    return lines


def _bar_of(one: Harmony, frame: int) -> int:
    """Return the bar of a frame, from 1; a pickup is one of them."""
    from bandroid.music.clock import bar_grid

    return int(bar_grid(one.song).bar_of(one.edges[frame])) + 1


def _row(one: Harmony) -> dict[str, Any]:
    return {
        "key": one.key_name,
        "notes": one.song.n_notes,
        "nats_per_cell": round(one.nats_each, 4),
        "faults": [
            {"bar": _bar_of(one, fault.frame), "kind": fault.kind, "says": fault.sentence} for fault in one.faults.each
        ],
        "remarks": list(one.remarks),
    }
