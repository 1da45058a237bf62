"""The command line's shared machinery: errors -> exit status, plain words, progress, --json. Nothing heavy.

Exit status: 0 done, 2 the user's input or wish is at fault, 1 the machine (disk, memory) or a bug, 130 Ctrl-C.
stdout holds what was asked for; progress, remarks and errors go to stderr.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from bandroid.errors import BandroidError

DONE, BUG, WISH, INTERRUPTED = 0, 1, 2, 130
"""exit statuses; 130 is what a shell gives a program that Ctrl-C ended (128 + SIGINT)"""

Report: TypeAlias = Callable[[int, int], None]
"""called with how much is done and how much there is, in whatever counts"""

_N_LOGS_KEPT = 20


def run(work: Callable[[], object]) -> int:
    """Do the work and return the exit status; every error becomes one or two plain lines on stderr."""
    try:
        status = work()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _interrupted()
    except BandroidError as error:
        complain(str(error))
        return error.exit_status
    except MemoryError:
        complain("there is not enough memory for this: try fewer bars, fewer variations or smaller files")
        return BUG
    except BrokenPipeError:  # `bandroid styles list | head -1`: whoever read us has seen enough
        # What Python still holds for stdout must go somewhere when it leaves.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BUG
    except Exception as error:
        return _unexpected(error)
    if status == INTERRUPTED:  # typer turns Ctrl-C inside a command into this
        return _interrupted()
    return status if isinstance(status, int) else DONE


def deafen() -> None:
    """Hear no further Ctrl-C: it must not spoil the way out."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _interrupted() -> int:
    deafen()
    complain("stopped; what was finished is kept")
    try:
        sys.stdout.flush()
    except OSError:
        pass
    return INTERRUPTED


def _unexpected(error: Exception) -> int:
    """Tell of an error that nobody foresaw, and whose fault it is."""
    if type(error).__name__ == "Abort":  # older typers turn Ctrl-C into this
        return _interrupted()
    if hasattr(error, "format_message"):  # typer: an unknown verb, option or value
        complain(_usage(error))
        return WISH
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        complain("no room left on the disk: free some space or choose another place with -o")
        return BUG
    what = " ".join(plain(f"{type(error).__name__}: {error}").split())[:200]
    log = write_log(error)
    where = f"please report it with {log}" if log else "and no log could be written"
    complain(f"something went wrong inside bandroid ({what}); {where}")
    return BUG


def _usage(error: Any) -> str:
    """Put typer's own words into ours: what is wrong, and where to read more."""
    message = str(error.format_message()).replace("\n\t", " ").strip().rstrip(".?")
    message = message.replace(" (Possible options: ", "; did you mean ").rstrip(")").replace(". Did you", "; did you")
    message = message.replace("Input should be", "it should be")
    context = getattr(error, "ctx", None)
    verb = context.command_path if context else "bandroid"
    return f"{message[:1].lower()}{message[1:]}{'?' if '; did you' in message else ''} (see {verb} --help)"


def complain(message: str) -> None:
    """Write a line to stderr under our name; never fails."""
    try:
        print(f"bandroid: {plain(message)}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        pass


def remark(message: str) -> None:
    """Tell something on the way, on stderr; never fails."""
    try:
        print(plain(message), file=sys.stderr, flush=True)
    except (OSError, ValueError):
        pass


def say(text: str = "") -> None:
    """Print what was asked for, on stdout, whatever letters the terminal knows."""
    try:
        print(plain(text), flush=True)  # at once, also through a pipe
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        print(plain(text).encode(encoding, "replace").decode(encoding))


def plain(text: str) -> str:
    """Keep what a file says from steering the terminal: no control characters but line breaks and tabs."""
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def print_json(value: object) -> None:
    """Print one JSON object on stdout; paths become strings."""
    print(json.dumps(value, indent=2, default=str, allow_nan=False))


def logs_folder() -> Path:
    """Return where logs of bugs go: BANDROID_HOME/logs, or the system's log folder."""
    if named := os.environ.get("BANDROID_HOME"):
        return Path(named).expanduser() / "logs"
    from platformdirs import user_log_path

    return user_log_path("bandroid", appauthor=False)


def write_log(error: BaseException) -> Path | None:
    """Write what happened where, and return the file; None where nothing can be written."""
    import tempfile
    import traceback

    from bandroid import __version__

    words = [f"bandroid {__version__}, Python {sys.version}, {sys.platform}", f"arguments: {sys.argv[1:]}", ""]
    text = "\n".join(words) + "".join(traceback.format_exception(error))
    name = f"bandroid-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    for folder in (logs_folder(), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        for old in sorted(folder.glob("bandroid-*.log"))[:-_N_LOGS_KEPT]:
            old.unlink(missing_ok=True)
        return folder / name
    return None


@contextmanager
def progress(label: str, *, quiet: bool = False) -> Iterator[Report]:
    """Show a bar with the time left on stderr while the block works, where stderr is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield _silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _silent(done: int, total: int) -> None:
    """Report progress to nobody."""
