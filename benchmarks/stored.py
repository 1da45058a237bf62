"""How benchmarks keep the nets that they trained: in eight bits, a scale for each row of a matrix, as styles do."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from bandroid.bundle.graph import in_eight_bits

_SCALE = ".scale"

Net = TypeVar("Net", bound=nn.Module)


def save(net: nn.Module, path: Path) -> None:
    """Write a net's weights down."""
    arrays: dict[str, Any] = {}
    for name, tensor in net.state_dict().items():
        if tensor.dim() > 1:
            levels, scale = in_eight_bits(tensor.flatten(1).numpy())
            arrays[name] = levels.reshape(tensor.shape)
            arrays[f"{name}{_SCALE}"] = scale.reshape(-1, *[1] * (tensor.dim() - 1))
        else:
            arrays[name] = tensor.numpy()
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    path.write_bytes(content.getvalue())


def load(net: Net, path: Path) -> Net:
    """Read what `save` wrote into a net of the same shape, ready to be asked."""
    with np.load(path, allow_pickle=False) as arrays:
        scales = {key.removesuffix(_SCALE): arrays[key] for key in arrays.files if key.endswith(_SCALE)}
        whole = {key: arrays[key].astype(np.float32) * scales.get(key, 1.0) for key in net.state_dict()}
    net.load_state_dict({key: torch.from_numpy(np.asarray(array, dtype=np.float32)) for key, array in whole.items()})
    return net.eval()
