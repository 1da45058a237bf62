"""Sound files: what is written can be read again, the same bytes every time, and errors are plain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandroid.errors import MachineError, WishError
from bandroid.render import play as play_module
from bandroid.render.audio import SUFFIXES, to_mono, write_audio
from bandroid.render.play import find_player, play, play_file
from bandroid.render.resample import resample

RATE_HZ = 44_100


@pytest.fixture(scope="module")
def tone() -> np.ndarray:
    phase = np.arange(RATE_HZ) * 2 * np.pi * 440 / RATE_HZ
    return np.stack([0.5 * np.sin(phase), 0.25 * np.cos(phase)], axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "bits", "step"),
    [("a.wav", 16, 2**-15), ("a.wav", 24, 2**-23), ("a.wav", 32, 0), ("a.flac", 16, 2**-15), ("a.flac", 24, 2**-23)],
)
def test_lossless_files_hold_every_frame(tmp_path: Path, tone: np.ndarray, name: str, bits: int, step: float) -> None:
    write_audio(tmp_path / name, tone, RATE_HZ, bits=bits)
    read, rate_hz = soundfile.read(tmp_path / name, dtype="float64", always_2d=True)
    assert rate_hz == RATE_HZ
    assert read.shape == tone.shape
    assert np.abs(read - tone).max() <= step


@pytest.mark.parametrize("suffix", [".ogg", ".mp3", ".opus"])
def test_lossy_files_sound_like_it(tmp_path: Path, tone: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_audio(path, tone, RATE_HZ)
    read, rate_hz = soundfile.read(path, dtype="float32")
    assert rate_hz == (48_000 if suffix == ".opus" else RATE_HZ)
    middle = read[rate_hz // 4 : rate_hz * 3 // 4, 0]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(middle.size)))
    assert spectrum.argmax() * rate_hz / middle.size == pytest.approx(440, abs=2)
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3"])
def test_the_same_bytes_every_time(tmp_path: Path, tone: np.ndarray, suffix: str) -> None:
    one, other = tmp_path / f"one{suffix}", tmp_path / f"other{suffix}"
    write_audio(one, tone, RATE_HZ)
    time.sleep(1.1)  # a time stamp would count seconds
    write_audio(other, tone, RATE_HZ)
    assert one.read_bytes() == other.read_bytes()


def test_mono_and_odd_sizes(tmp_path: Path, tone: np.ndarray) -> None:
    mono = to_mono(tone)[:1_001]
    write_audio(tmp_path / "a.wav", mono, RATE_HZ, bits=24)
    read, _ = soundfile.read(tmp_path / "a.wav", dtype="float64")
    assert read.shape == (1_001,)
    assert np.abs(read - mono).max() <= 2**-23
    assert (tmp_path / "a.wav").stat().st_size % 2 == 0


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_too_loud_is_clipped_and_never_wraps(tmp_path: Path, tone: np.ndarray, suffix: str) -> None:
    if suffix in (".ogg", ".mp3", ".opus"):
        pytest.skip("lossy formats overshoot by themselves")
    write_audio(tmp_path / f"a{suffix}", tone * 10, RATE_HZ)
    read, _ = soundfile.read(tmp_path / f"a{suffix}", dtype="float32")
    loud = np.abs(tone) > 0.11
    assert (np.sign(read[loud]) == np.sign(tone[loud])).all()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_silence_of_no_frames(tmp_path: Path, suffix: str) -> None:
    write_audio(tmp_path / f"a{suffix}", np.zeros((0, 2), dtype=np.float32), RATE_HZ)
    assert (tmp_path / f"a{suffix}").exists()


def test_long_vorbis_in_one_call(tmp_path: Path) -> None:
    """One long write crashes libsndfile 1.2.2; ours is in blocks."""
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (20 * RATE_HZ, 2)).astype(np.float32)
    write_audio(tmp_path / "a.ogg", noise, RATE_HZ)
    assert soundfile.info(tmp_path / "a.ogg").frames == noise.shape[0]


def test_unknown_suffixes_list_the_known_ones(tmp_path: Path, tone: np.ndarray) -> None:
    for name in ("a.aac", "a"):
        with pytest.raises(WishError, match=r"\.wav, \.flac, \.ogg, \.opus, \.mp3"):
            write_audio(tmp_path / name, tone, RATE_HZ)
    with pytest.raises(WishError, match="16, 24"):
        write_audio(tmp_path / "a.flac", tone, RATE_HZ, bits=32)
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, tone: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise AssertionError  # as soundfile does on a full disk

    monkeypatch.setattr(soundfile.SoundFile, "write", fail)
    with pytest.raises(MachineError, match="disk"):
        write_audio(path, tone, RATE_HZ)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.flac"]


@pytest.mark.parametrize(("from_hz", "to_hz"), [(44_100, 48_000), (48_000, 44_100), (96_000, 44_100), (22_050, 48_000)])
def test_resampling_keeps_the_sound_and_lets_no_alias_in(from_hz: int, to_hz: int) -> None:
    second = np.arange(from_hz) / from_hz
    wave = np.sin(2 * np.pi * 1_000 * second) + np.sin(2 * np.pi * 0.49 * from_hz * second)
    low = resample(wave[:, np.newaxis].astype(np.float32), from_hz, to_hz)[:, 0]
    assert low.size == to_hz
    expected = np.sin(2 * np.pi * 1_000 * np.arange(to_hz) / to_hz)
    if to_hz < from_hz:
        assert np.abs(low - expected)[500:-500].max() < 2e-3
    plain = resample(np.sin(2 * np.pi * 1_000 * second)[:, np.newaxis].astype(np.float32), from_hz, to_hz)[:, 0]
    assert np.abs(plain - expected)[500:-500].max() < 1e-3


def test_playing_ends_and_leaves_nothing(tmp_path: Path, tone: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = tmp_path / "heard"
    player = (sys.executable, "-c", f"import shutil, sys; shutil.copy(sys.argv[1], {str(heard)!r})")
    monkeypatch.setattr(play_module, "find_player", lambda: player)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    play(tone, RATE_HZ)
    assert soundfile.info(heard).frames == RATE_HZ
    assert not list((tmp_path / "temporary").iterdir())


def test_a_player_that_fails_is_named(tmp_path: Path) -> None:
    player = (sys.executable, "-c", "import sys; sys.exit('no card')")
    with pytest.raises(MachineError, match="no card"):
        play_file(tmp_path / "a.wav", player, length_second=1.0)
    with pytest.raises(MachineError, match="could not be started"):
        play_file(tmp_path / "a.wav", (str(tmp_path / "nothing"),), length_second=1.0)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process alone")
def test_ctrl_c_stops_the_player(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    player = f"import os, pathlib, time; pathlib.Path({str(mark)!r}).write_text(str(os.getpid())); time.sleep(60)"
    code = (
        "import sys, numpy as np; from bandroid.render import play as module;"
        f"module.find_player = lambda: (sys.executable, '-c', {player!r});"
        "module.play(np.zeros((10, 2), dtype=np.float32), 44100)"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, env=environment)
    deadline = time.monotonic() + 10
    while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=10)
    assert "KeyboardInterrupt" in complaint
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
    assert [p.name for p in tmp_path.iterdir()] == ["mark"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows plays by itself")
def test_without_a_player_we_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(MachineError, match="install"):
        find_player()
    monkeypatch.setattr("shutil.which", lambda name: "/bin/aplay" if name == "aplay" else None)
    monkeypatch.setattr(sys, "platform", "linux")
    assert find_player() == ("/bin/aplay", "-q")
