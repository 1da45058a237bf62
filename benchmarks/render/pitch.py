"""How far our pitches lie from FluidSynth's with the same SoundFont, measured on the audio."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import mido
import numpy as np
from numpy.typing import NDArray

from bandroid.music.notes import Notes
from bandroid.music.song import Part, Song
from bandroid.render.soundfont import SoundFont
from bandroid.render.synth import synthesize

PROGRAMS = range(104)
"""General MIDI's instruments that have a pitch; 104 on are ethnic, percussive and sound effects"""
KEYS = (48, 60, 72)
RATE_HZ = 44_100
_VELOCITY = 100
_TICKS_PER_QUARTER = 480
_LENGTH_QUARTER, _SLOT_QUARTER = 4, 8  # at 120 a minute: notes of 2 seconds, 2 seconds of rest
_SLOT_SECOND = _SLOT_QUARTER / 2.0
_FROM_SECOND, _TO_SECOND = 0.15, 1.65  # after the attack, before the release
_WIDEST_CENT = 1_400


class Comparison(NamedTuple):
    """One note, rendered twice."""

    program: int
    key: int
    cent: float
    """ours above FluidSynth's"""
    likeness: float
    """correlation of the two spectra at that shift, 0 to 1"""


def compare_pitches(font: SoundFont) -> list[Comparison] | None:
    """Compare every program at every key; None where FluidSynth is not installed."""
    program = shutil.which("fluidsynth")
    if program is None:
        return None
    ours = synthesize(_song(), font, sample_rate_hz=RATE_HZ, reverb=0.0).mean(axis=1)
    with tempfile.TemporaryDirectory() as folder:
        theirs = _fluidsynth(program, font.path, Path(folder)).mean(axis=1)
    comparisons = []
    for slot, (which, key) in enumerate((which, key) for which in PROGRAMS for key in KEYS):
        spectra = _spectrum(ours, slot), _spectrum(theirs, slot)
        if any(spectrum.any() for spectrum in spectra):  # some fonts have no sample there
            comparisons.append(Comparison(which, key, *_shift(*spectra)))
    return comparisons


def _onset_tick(slot: int) -> int:
    return slot * _SLOT_QUARTER * _TICKS_PER_QUARTER


def _song() -> Song:
    """Return one part per program, each with its keys one after the other, all of them in turn."""
    length = _LENGTH_QUARTER * _TICKS_PER_QUARTER
    parts = tuple(
        Part(
            f"program {which}",
            which,
            False,
            Notes.from_rows(
                (_onset_tick(index * len(KEYS) + place), length, key, _VELOCITY) for place, key in enumerate(KEYS)
            ),
        )
        for index, which in enumerate(PROGRAMS)
    )
    return Song(_TICKS_PER_QUARTER, parts)


def _fluidsynth(program: str, font: Path, folder: Path) -> NDArray[np.float32]:
    """Return float32[frames, 2]: the same notes by FluidSynth, dry."""
    import soundfile

    file = mido.MidiFile(ticks_per_beat=_TICKS_PER_QUARTER)
    track = mido.MidiTrack()
    for index, which in enumerate(PROGRAMS):
        for place, key in enumerate(KEYS):
            rest = _SLOT_QUARTER - _LENGTH_QUARTER if index + place else 0
            track.append(mido.Message("program_change", program=which, time=rest * _TICKS_PER_QUARTER))
            track.append(mido.Message("note_on", note=key, velocity=_VELOCITY, time=0))
            track.append(mido.Message("note_off", note=key, time=_LENGTH_QUARTER * _TICKS_PER_QUARTER))
    file.tracks.append(track)
    file.save(folder / "notes.mid")
    options = ["-R", "0", "-C", "0", "-g", "0.5", "-r", str(RATE_HZ), "-O", "float", "-q"]
    command = [program, "-ni", *options, "-F", str(folder / "notes.wav"), str(font), str(folder / "notes.mid")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)
    samples, _ = soundfile.read(folder / "notes.wav", dtype="float32", always_2d=True)
    return np.asarray(samples)


def _spectrum(wave: NDArray[np.float32], slot: int) -> NDArray[np.float64]:
    """Return float64[cents]: the square root of the amplitude from 50 Hz to 9.6 kHz, one value per cent."""
    first = round((slot * _SLOT_SECOND + _FROM_SECOND) * RATE_HZ)
    piece = wave[first : first + round((_TO_SECOND - _FROM_SECOND) * RATE_HZ)]
    size = 1 << 19  # bins of 0.08 Hz: a cent at 150 Hz
    amplitude = np.abs(np.fft.rfft(piece * np.hanning(piece.size), size))
    frequency = 50.0 * 2.0 ** (np.arange(9_100) / 1_200.0)
    curve = np.sqrt(np.interp(frequency * size / RATE_HZ, np.arange(amplitude.size), amplitude))
    curve -= curve.mean()
    return np.asarray(curve / max(np.linalg.norm(curve), 1e-12))


def _shift(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[float, float]:
    """Return by how many cents `ours` lies above `theirs` where they agree best, and how well they agree there."""
    size = 1 << 15
    product = np.fft.irfft(np.fft.rfft(ours, size) * np.conj(np.fft.rfft(theirs, size)), size)
    near = np.concatenate([product[-_WIDEST_CENT:], product[: _WIDEST_CENT + 1]])
    best = int(near.argmax())
    if best in (0, near.size - 1):
        return float(best - _WIDEST_CENT), float(near[best])
    below, at, above = near[best - 1 : best + 2]
    curve = below - 2.0 * at + above
    return best - _WIDEST_CENT + float(0.5 * (below - above) / curve if curve else 0.0), float(at)
