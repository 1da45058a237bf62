"""Play a sound through what the platform has, until it ends or Ctrl-C."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import MachineError
from bandroid.render.audio import write_audio

_PLAYERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "darwin": (("afplay",),),
    "linux": (
        ("pw-play",),
        ("paplay",),
        ("aplay", "-q"),
        ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
        ("mpv", "--no-video", "--really-quiet"),
    ),
}
"""per platform: commands that play the WAV file named after them, the likeliest first"""


def play(samples: NDArray[np.float32], sample_rate_hz: int) -> None:
    """Play float32[frames, channels] and return when it has ended.

    Ctrl-C (KeyboardInterrupt) stops the sound and is raised again; nothing stays behind either way.
    Raises MachineError where the platform has no player, or where none can play.
    """
    command = find_player()
    with tempfile.TemporaryDirectory(prefix="bandroid-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "sound.wav"
        write_audio(path, samples, sample_rate_hz)
        play_file(path, command, length_second=samples.shape[0] / sample_rate_hz)


def find_player() -> tuple[str, ...]:
    """Return the command that plays WAV files here; empty on Windows, which plays them itself.

    Raises MachineError, with what to install, where there is none.
    """
    if sys.platform == "win32":
        return ()
    for command in _PLAYERS.get(sys.platform, _PLAYERS["linux"]):
        found = shutil.which(command[0])
        if found:
            return (found, *command[1:])
    raise MachineError(
        "there is no program here that plays sound: install pipewire-bin, pulseaudio-utils, alsa-utils, ffmpeg or "
        "mpv, or write a file with `bandroid render` and play it elsewhere"
    )


def play_file(path: Path, command: tuple[str, ...], *, length_second: float) -> None:
    """Play a WAV file with a command from `find_player`; raises as `play`."""
    if sys.platform == "win32":
        _play_on_windows(path, length_second)
        return
    try:
        process = subprocess.Popen(
            [*command, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise MachineError(f"{command[0]} could not be started ({error.strerror or error})") from error
    with process:
        try:
            _, complaint = process.communicate()
        except BaseException:  # Ctrl-C above all: never leave the sound going on alone
            process.terminate()
            try:
                process.wait(timeout=2.0)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    if process.returncode:
        lines = complaint.strip().splitlines()
        raise MachineError(
            f"{Path(command[0]).name} could not play the sound ({lines[-1] if lines else 'it gave no reason'}): "
            "is there a sound device?"
        )


def _play_on_windows(path: Path, length_second: float) -> None:
    """Play in the background and wait: PlaySound itself would not hear Ctrl-C."""
    if sys.platform == "win32":  # for the type checker, which knows winsound only there
        import winsound

        try:
            winsound.PlaySound(str(path), winsound.SND_FILENAME | winsound.SND_ASYNC | winsound.SND_NODEFAULT)
        except RuntimeError as error:
            raise MachineError("Windows could not play the sound: is there a sound device?") from error
        end = time.monotonic() + length_second
        try:
            while time.monotonic() < end:
                time.sleep(0.1)
        finally:
            winsound.PlaySound(None, winsound.SND_PURGE)
