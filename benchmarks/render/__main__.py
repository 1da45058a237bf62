"""How fast a song becomes sound, and whether it sounds at the right pitch."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from bandroid.music.midi_reader import read_midi
from bandroid.render.soundfont import SoundFont, load_soundfont
from bandroid.render.synth import synthesize
from benchmarks.figures import Figure, log, run
from benchmarks.render.pitch import RATE_HZ, compare_pitches

FOLDERS = ("freedoom/band_lola_harvey", "freedoom/band_korp", "freedoom/other_current")
SONGS_PER_FOLDER = 3
"""every n-th of a folder's songs, so that quick and slow ones are among them"""


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Render songs for speed, and notes of many programs for pitch."""
    font = load_soundfont(options.soundfont)
    yield Figure("x_realtime", round(_speed(options.data, font), 1), "x", "higher", floor=100, goal=300)
    comparisons = compare_pitches(font)
    if comparisons is None:
        log("pitch_cents_worst is left out: FluidSynth is not installed (Debian: apt-get install fluidsynth)")
        return
    for one in sorted(comparisons, key=lambda one: -abs(one.cent))[:5]:
        log(f"program {one.program}, key {one.key}: {one.cent:+.2f} cents, likeness {one.likeness:.3f}")
    log(f"median {statistics.median(abs(one.cent) for one in comparisons):.3f} cents of {len(comparisons)} notes")
    worst = max(abs(one.cent) for one in comparisons)
    yield Figure("pitch_cents_worst", round(worst, 2), "cents", "lower", floor=20, goal=5)


def _speed(data: Path, font: SoundFont) -> float:
    """Return seconds of sound per second of processor time, over all songs together, as a user hears them."""
    sound_second = work_second = 0.0
    for path in _songs(data):
        song = read_midi(path)
        begin_second = time.process_time()
        n_frames = synthesize(song, font).shape[0]
        spent_second = time.process_time() - begin_second
        log(f"{path.name}: {song.n_notes} notes, {n_frames / RATE_HZ / spent_second:.0f} x real time")
        sound_second += n_frames / RATE_HZ
        work_second += spent_second
    return sound_second / work_second


def _songs(data: Path) -> list[Path]:
    """Return a few songs of each folder; of other data, the first MIDI files that are there."""
    chosen: list[Path] = []
    for folder in FOLDERS:
        songs = sorted((data / folder).glob("*.mid"))
        chosen += songs[:: max(len(songs) // SONGS_PER_FOLDER, 1)][:SONGS_PER_FOLDER]
    chosen = chosen or sorted(data.rglob("*.mid"))[: SONGS_PER_FOLDER * len(FOLDERS)]
    if not chosen:
        raise SystemExit(f"{data} holds no MIDI files to render; --data names another folder")
    return chosen


if __name__ == "__main__":
    extra = argparse.ArgumentParser(prog="python -m benchmarks.render")
    extra.add_argument("--soundfont", type=Path, help="a SoundFont 2 file; default: the installed one")
    run("render", measure, packages=("bandroid", "numpy", "soundfile"), parser=extra)
