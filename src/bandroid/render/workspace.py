"""Arrays that are used again and again.

Fresh memory costs more than the arithmetic on it: the system hands it out page by page, and takes it back when numpy
lets go of it. A render asks for the same few sizes thousands of times.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PIECE = 1 << 13
"""frames worked on at a time where temporary arrays are needed: 64 kB of float64 stay in the cache and in the heap"""


class Workspace:
    """Named float32 arrays; asking for a name again gives the same memory, with what was left in it."""

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[np.float32]] = {}

    def array(self, name: str, n_frames: int) -> NDArray[np.float32]:
        """Return float32[n_frames], contents unspecified."""
        held = self._arrays.get(name)
        if held is None or held.size < n_frames:
            held = np.empty(max(n_frames, 2 * held.size if held is not None else 0), dtype=np.float32)
            self._arrays[name] = held
        return held[:n_frames]

    def zeros(self, name: str, n_frames: int) -> NDArray[np.float32]:
        """Return float32[n_frames] of silence."""
        array = self.array(name, n_frames)
        array.fill(0.0)
        return array
