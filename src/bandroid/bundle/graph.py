"""A small builder of ONNX graphs: named inputs, constants that may be kept in eight bits, nodes, a checked model.

Eight-bit constants are int8 with one float32 scale per row, widened to float32 when the graph is loaded: a file a
quarter the size, and the same arithmetic on every processor (eight-bit arithmetic differs between them).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
"""operator set that onnxruntime has read since 1.12 and onnxruntime-web reads too"""
_IR_VERSION = 8  # that goes with it
_TYPES = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}
_SMALL = 1024  # elements below which eight bits save nothing


class Graph:
    """Nodes in order; `build` returns the model's bytes, the same for the same calls."""

    def __init__(self, name: str, *, is_int8: bool) -> None:
        self._name, self._is_int8 = name, is_int8
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, dtype: str, shape: Sequence[str | int]) -> str:
        """Declare an input; words in its shape are dimensions of any size."""
        self._inputs.append(helper.make_tensor_value_info(name, _TYPES[dtype], list(shape)))
        return name

    def constant(self, value: NDArray[np.generic] | Sequence[int]) -> str:
        """Put in a constant as it is: integers as int64, floats as float32."""
        array = np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind in "iu" else np.float32)
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def weight(self, value: NDArray[np.float32]) -> str:
        """Put in a matrix float32[rows, columns], in eight bits where the graph is to be small."""
        if not self._is_int8 or value.size < _SMALL:
            return self.constant(value)
        levels, scale = in_eight_bits(value)
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(levels, name))
        return self.node("Mul", self.node("Cast", name, to=TensorProto.FLOAT), self.constant(scale))

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Append a node with one output, and return that output's name."""
        return self.nodes(operator, inputs, 1, **attributes)[0]

    def nodes(self, operator: str, inputs: Sequence[str], n_outputs: int, **attributes: Any) -> list[str]:
        """Append a node with several outputs."""
        outputs = [f"n{len(self._nodes)}_{i}" for i in range(n_outputs)]
        self._nodes.append(helper.make_node(operator, list(inputs), outputs, **attributes))
        return outputs

    def linear(self, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """Append x @ weight.T + bias, as torch's Linear computes it."""
        return self.node("Gemm", x, self.weight(weight), self.constant(bias), transB=1)

    def build(self, *outputs: tuple[str, str, Sequence[str | int]]) -> bytes:
        """Return the model; each output is float32: the node's output, a name, a shape.

        Raises onnx.checker.ValidationError for a graph that cannot be.
        """
        self._nodes += [helper.make_node("Identity", [output], [name]) for output, name, _ in outputs]
        graph = helper.make_graph(
            self._nodes,
            self._name,
            self._inputs,
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)) for _, name, shape in outputs],
            self._constants,
        )
        model = helper.make_model(
            graph, producer_name="bandroid", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR_VERSION
        )
        onnx.checker.check_model(model, full_check=True)
        content: bytes = model.SerializeToString(deterministic=True)
        return content


def in_eight_bits(value: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return int8[rows, columns] and float32[rows, 1] whose product is a matrix, rounded row by row."""
    scale = np.maximum(np.abs(value).max(axis=1, keepdims=True), 1e-12).astype(np.float32) / np.float32(127)
    return np.clip(np.rint(value / scale), -127, 127).astype(np.int8), scale


def rounded(value: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a matrix as a graph of eight-bit constants holds it."""
    if value.ndim != 2 or value.size < _SMALL:
        return value
    levels, scale = in_eight_bits(value)
    return levels.astype(np.float32) * scale
