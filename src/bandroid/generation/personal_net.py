"""A folder's own space within a large one at work: the same verbs, with few numbers that mean this music alone.

narrow.onnx   a point of the large space -> mean and log variance in the folder's own
widen.onnx    a point of the folder's own -> a point of the large space
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bandroid.errors import StyleError
from bandroid.generation.net import open_graph, shapes_of
from bandroid.generation.space_net import Posterior, SpaceRuntime, run_graph
from bandroid.representations.window import Frames, Patches, WindowKind

NARROW_GRAPH, WIDEN_GRAPH = "narrow.onnx", "widen.onnx"


class PersonalRuntime(SpaceRuntime):
    """The graphs of a large space and of the folder's own, ready to run: z is the folder's own."""

    def __init__(self, graphs: Mapping[str, bytes], kind: WindowKind) -> None:
        """`graphs` holds ONNX models by file name; raises StyleError for what is none of ours."""
        super().__init__(graphs, kind)
        self._narrow, self._widen = open_graph(graphs, NARROW_GRAPH), open_graph(graphs, WIDEN_GRAPH)
        size = shapes_of(self._widen).get("personal", [None])[-1]
        large: list[int | str] = ["batch", self.z_size]
        own: list[int | str] = ["batch", size if isinstance(size, int) else 0]
        is_ours = shapes_of(self._narrow) == {"z": large, "mean": own, "log_variance": own}
        if not isinstance(size, int) or not is_ours or shapes_of(self._widen) != {"personal": own, "z": large}:
            raise StyleError(f"its {NARROW_GRAPH} and {WIDEN_GRAPH} do not fit together")
        self.z_size = size

    def encode(self, patches: Patches) -> Posterior:
        """Return where windows lie in the folder's own space."""
        return Posterior(*run_graph(self._narrow, NARROW_GRAPH, {"z": super().encode(patches).mean}))

    def plan(
        self, z: NDArray[np.float32], frames: Frames
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Plan from points of the folder's own space."""
        return super().plan(self.widened(z), frames)

    def widened(self, personal: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32[N, K] -> float32[N, Z]: the points of the large space that they stand for."""
        return run_graph(self._widen, WIDEN_GRAPH, {"personal": personal.astype(np.float32)})[0]
