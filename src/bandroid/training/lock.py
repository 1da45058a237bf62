"""One training per name: a lock that the system itself lets go of when its process dies, however it dies.

A file with a process id in it cannot tell a dead process from another one that has got its number since, and asking
for a process by number kills it on Windows. So the lock is the system's own lock on an open file; the number in it is
for the message alone.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bandroid.files import WITH_HOME, writing_error

_FAR_BYTE = 1 << 30
"""Windows locks bytes, and nobody else can read those: one far behind the number"""


class AlreadyLockedError(Exception):
    """Somebody else holds the lock; says who, as far as that can be read."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file while the block works; the file is made where it is missing, and stays.

    Raises AlreadyLockedError, MachineError, UserError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as error:
        raise writing_error(error, path, WITH_HOME) from error
    with file:
        if not _try_lock(file):
            raise AlreadyLockedError(_owner(path))
        _sign(file)
        try:
            yield
        finally:
            _unlock(file)


def _sign(file: BinaryIO) -> None:
    try:
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
    except OSError:
        pass  # a full disk: the number is for a message alone


def _owner(path: Path) -> str:
    try:
        word = path.read_bytes()[:20].decode("ascii", "replace").strip()
    except OSError:
        word = ""
    return f"process {word}" if word.isdigit() else "another process"


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: BinaryIO) -> bool:
        file.seek(_FAR_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: BinaryIO) -> None:
        file.seek(_FAR_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # Some network disks have no locks: training there is better than none.
            return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
        return True

    def _unlock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
