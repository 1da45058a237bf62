"""Errors -> exit status and plain lines; never a traceback."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from bandroid import terminal
from bandroid.errors import CorpusError, MachineError


@pytest.fixture(autouse=True)
def _hears_ctrl_c_again():
    """terminal.run stops listening at the end of a process; these tests go on."""
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


def raising(error: BaseException):
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (CorpusError("no music here"), 2, "bandroid: no music here\n"),
        (MachineError("the disk is full"), 1, "bandroid: the disk is full\n"),
        (MemoryError(), 1, "not enough memory"),
        (OSError(errno.ENOSPC, "full"), 1, "no room left on the disk"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_errors_become_a_line_and_a_status(capsys, error, status, words):
    assert terminal.run(raising(error)) == status
    captured = capsys.readouterr()
    assert words in captured.err and captured.out == ""
    assert captured.err.count("\n") == 1


def test_bugs_leave_a_log(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("BANDROID_HOME", str(tmp_path))
    assert terminal.run(raising(ZeroDivisionError("oh\nno"))) == 1
    line = capsys.readouterr().err
    (log,) = (tmp_path / "logs").iterdir()
    assert str(log) in line and line.count("\n") == 1 and "Traceback" not in line
    assert "ZeroDivisionError: oh\nno" in log.read_text() and "Traceback" in log.read_text()


def test_a_bug_where_no_log_can_be_written(capsys, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BANDROID_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "file"))
    assert terminal.run(raising(ZeroDivisionError("oh"))) == 1
    assert "no log could be written" in capsys.readouterr().err


def test_old_logs_go(tmp_path, monkeypatch):
    monkeypatch.setenv("BANDROID_HOME", str(tmp_path))
    (tmp_path / "logs").mkdir()
    for number in range(40):
        (tmp_path / "logs" / f"bandroid-2000{number:04}-000000-1.log").write_text("")
    newest = terminal.write_log(ValueError("x"))
    logs = sorted((tmp_path / "logs").iterdir())
    assert len(logs) == 20 and logs[-1] == newest


def test_done(capsys):
    assert terminal.run(lambda: None) == 0
    assert terminal.run(lambda: 3) == 3
    assert terminal.run(lambda: 130) == 130
    assert "stopped" in capsys.readouterr().err


def test_a_reader_that_leaves_early():
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "-m", "bandroid", "compose", "--help"]
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, text=True)
    os.close(write_end)
    assert done.returncode == 1 and done.stderr == ""


def test_what_files_say_cannot_steer_the_terminal():
    assert terminal.plain("a\x1b[31mb\r\nc\x07") == "a\N{REPLACEMENT CHARACTER}[31mb\N{REPLACEMENT CHARACTER}\nc" + (
        "\N{REPLACEMENT CHARACTER}"
    )


def test_progress_is_silent_without_a_terminal(capsys):
    with terminal.progress("working") as report:
        report(1, 2)
    captured = capsys.readouterr()
    assert captured.err == "" and captured.out == ""
