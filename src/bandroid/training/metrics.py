"""metrics.jsonl: one line a step, one a test, in the order of training; and the same for TensorBoard.

Lines are held back until the next checkpoint and written before it. The checkpoint knows how long the file was, so
that going on from it cuts off whatever came later: a run with breaks leaves the lines of one without.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandroid.errors import BandroidError
from bandroid.files import WITH_HOME, writing_error
from bandroid.training.judging import Evaluation
from bandroid.training.run_folder import RunFolder

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class MetricsFile:
    """A file of JSON lines that only grows, or is cut back to a length that it had."""

    def __init__(self, path: Path, length_byte: int = 0) -> None:
        """Begin at a length; whatever lies behind it is cut off by the first `write`."""
        self._path = path
        self._pending: list[bytes] = []
        self.length_byte = length_byte
        """of what is safely written"""

    def add(self, kind: str, **values: Any) -> None:
        """Note a line down; it is written by the next `write`."""
        plain = {name: _finite(value) for name, value in values.items()}
        self._pending.append(json.dumps({"kind": kind, **plain}).encode() + b"\n")

    def write(self) -> None:
        """Write what was noted down; raises MachineError, UserError, and then keeps it for the next time."""
        content = b"".join(self._pending)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                # A line that a full disk cut off goes; a file that somebody emptied is not filled up with zeros.
                self.length_byte = min(self.length_byte, file.tell())
                file.truncate(self.length_byte)
                file.write(content)
        except OSError as error:
            raise writing_error(error, self._path, WITH_HOME) from error
        self.length_byte += len(content)
        self._pending.clear()


def read_evaluations(run: RunFolder) -> tuple[Evaluation, ...]:
    """Return the tests of a run in order; lines that are cut off are left out."""
    found = []
    try:
        lines = run.metrics_file.read_bytes().splitlines()
    except OSError:
        return ()
    for line in lines:
        try:
            values = json.loads(line)
            if values.pop("kind") == "test":
                found.append(Evaluation.from_json(values))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return tuple(found)


class Board:
    """The curves for TensorBoard, where it is installed; silent where it is not, or the disk is full."""

    def __init__(self, run: RunFolder, step: int) -> None:
        """Go on after a step: what TensorBoard holds of later ones is hidden."""
        self._writer: SummaryWriter | None = None
        try:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(run.tensorboard), purge_step=step + 1 if step else None)
        except (ImportError, OSError, BandroidError):
            return

    def add(self, step: int, **values: float | None) -> None:
        """Note values down for a step; None and what is no number is left out."""
        if self._writer is None:
            return
        try:
            for name, value in values.items():
                if value is not None and math.isfinite(value):
                    self._writer.add_scalar(name, value, step)
        except OSError:
            self._writer = None

    def close(self) -> None:
        """Write everything."""
        if self._writer is not None:
            try:
                self._writer.close()
            except OSError:
                pass


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
