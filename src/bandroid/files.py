"""Read a file within bounds; write one whole or not at all: beside its place first, then renamed into it."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bandroid.errors import MachineError, MusicFileError, UserError

WITH_OUT = "choose another place with -o"
WITH_HOME = "set BANDROID_HOME to another place"
"""what to do where files cannot be written: those that were asked for, and those that bandroid keeps"""


@contextmanager
def replacing(path: Path, elsewhere: str = WITH_OUT) -> Iterator[Path]:
    """Give a temporary path in the same folder; rename it to `path` if the block ends well, else remove it.

    `elsewhere` says what to do where the place is full or shut. Raises MachineError where the disk is full or failing,
    UserError where the place cannot be written.
    """
    handle = -1
    beside = path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        beside = Path(name)
        yield beside
        beside.chmod(0o666 & ~_umask())
        beside.replace(path)
    except OSError as error:
        raise writing_error(error, path, elsewhere) from error
    finally:
        if handle != -1:
            beside.unlink(missing_ok=True)


def read_at_most(path: Path, most_byte: int, kind: type[MusicFileError]) -> bytes:
    """Return a music file's bytes; raises `kind` with a plain reason for a file that cannot be read or is too large."""
    try:
        with path.open("rb") as file:
            content = file.read(most_byte + 1)
    except FileNotFoundError:
        raise kind(path, "there is no such file") from None
    except IsADirectoryError:
        raise kind(path, "this is a folder, not a file") from None
    except OSError as error:
        raise kind(path, f"it cannot be read ({error.strerror or error})") from error
    if len(content) > most_byte:
        raise kind(path, f"it is larger than {most_byte >> 20} MiB, the most that is read")
    if not content.strip():
        raise kind(path, "the file is empty")
    return content


def write_atomically(path: Path, content: bytes, elsewhere: str = WITH_OUT) -> None:
    """Write bytes to `path`, whole or not at all; raises as `replacing` does."""
    with replacing(path, elsewhere) as beside:
        beside.write_bytes(content)


def writing_error(error: OSError, path: Path, elsewhere: str = WITH_OUT) -> UserError | MachineError:
    """Say in plain words why a file could not be written, and whose fault it is."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return MachineError(f"no room left on the disk for {path}: free some space or {elsewhere}")
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return UserError(f"{path}: you may not write there; {elsewhere}")
    if isinstance(error, (NotADirectoryError, IsADirectoryError, FileExistsError)):
        return UserError(f"{path}: a file stands where a folder is needed, or a folder where a file is")
    if error.errno in (errno.ENAMETOOLONG, errno.EINVAL):
        return UserError(f"{path}: this name cannot be used for a file here")
    return MachineError(f"{path}: could not be written ({error.strerror or error})")


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
