"""A name is trained by one process at a time."""

import os
import subprocess
import sys

import pytest

from bandroid.training.lock import AlreadyLockedError, locked


def test_a_lock_is_held_once(tmp_path):
    path = tmp_path / "runs" / ".mine.lock"
    with locked(path), pytest.raises(AlreadyLockedError, match=f"process {os.getpid()}"), locked(path):
        pass
    with locked(path):
        pass


def test_a_dead_process_holds_nothing(tmp_path):
    path = tmp_path / "lock"
    program = f"""
import os, pathlib
from bandroid.training.lock import locked
with locked(pathlib.Path({str(path)!r})):
    print("held", flush=True)
    input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout.readline() == "held\n"
        with pytest.raises(AlreadyLockedError, match=f"process {child.pid}"), locked(path):
            pass
        child.kill()
        child.wait()
    with locked(path):
        assert path.read_text() == str(os.getpid())
