"""A latent space's weights, read out of its graphs: so a style need not carry them twice to be learnt further.

Export reorders weights (gates, both ways of a recurrence), so a net of the same shape is exported whose weights are
their own numbers; what stands there in its graphs stands here in the style's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor

from bandroid.bundle.export_space import export_space
from bandroid.models.vae import SpaceNet

_DIGIT = 1 << 12
"""numbers of weights are told in two digits: float32 holds no more than 2^24 exactly"""
_FIRST = 1 << 6
"""other constants of a graph are smaller"""


def weights_of_graphs(graphs: Mapping[str, bytes], net: SpaceNet) -> dict[str, Tensor]:
    """Return weights by name, float32, as the graphs of a net shaped like `net` hold them; those in no graph left out.

    `net` is filled with numbers on the way. Raises ValueError where graphs are not of its shape.
    """
    sizes = [parameter.numel() for parameter in net.parameters()]
    high, low = (_constants_of(net, digit) for digit in (0, 1))
    found = np.full(sum(sizes), np.nan, dtype=np.float32)
    for name, numbers in high.items():
        for above, below, value in zip(numbers, low[name], _constants(graphs[name]), strict=True):
            if above.shape != value.shape:
                raise ValueError(f"{name} has another shape")
            is_weight = above >= _FIRST
            at = (above[is_weight] - _FIRST).astype(np.int64) * _DIGIT + (below[is_weight] - _FIRST).astype(np.int64)
            found[at] = value[is_weight]
    pieces = np.split(found, np.cumsum(sizes)[:-1])
    return {
        name: torch.from_numpy(piece.reshape(tuple(parameter.shape)))
        for (name, parameter), piece in zip(net.named_parameters(), pieces, strict=True)
        if not np.isnan(piece).any()
    }


def _constants_of(net: SpaceNet, digit: int) -> dict[str, list[NDArray[np.float32]]]:
    """Export a net whose weights are one digit of their own numbers."""
    first = 0
    with torch.no_grad():
        for parameter in net.parameters():
            number = torch.arange(first, first + parameter.numel())
            number = number % _DIGIT if digit else number // _DIGIT
            parameter.copy_((number + _FIRST).float().reshape(parameter.shape))
            first += parameter.numel()
    return {name: list(_constants(graph)) for name, graph in export_space(net, is_int8=False).items()}


def _constants(graph: bytes) -> Iterator[NDArray[np.float32]]:
    """Yield a graph's float constants in order, those of eight bits widened by the scale that follows them."""
    levels: NDArray[np.generic] | None = None
    for tensor in onnx.load_from_string(graph).graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise ValueError("it points outside of itself")
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.int8:
            levels = array
        elif array.dtype == np.float32:
            yield array if levels is None else levels.astype(np.float32) * array
            levels = None
