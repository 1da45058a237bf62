"""An LSTM that learns faster on a processor than torch's own, with the same numbers to a rounding.

The layer is that of Hochreiter and Schmidhuber (1997), with the forget gate of Gers, Schmidhuber and Cummins (2000):

    i, f, g, o = split(weight_ih x + weight_hh h + bias)
    c' = sigmoid(f) c + sigmoid(i) tanh(g)
    h' = sigmoid(o) tanh(c')

Steps must come one after another, and all else need not: the product with the inputs is one for all steps before they
begin (Appleyard, Kočiský and Blunsom 2016), and so are the gradients of both weights and of the inputs after they end.
What a step leaves for its gradient is written over by that gradient, in memory that the layer keeps for its next
batch: fresh pages, half a gigabyte of them for each batch, are a fifth of the time that torch's own layer takes.

Where torch's layer is better it is what computes: in bf16, on graphics processors, and where nothing is to be learnt.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

State = tuple[Tensor, Tensor]
"""h and c, float[B, H] each"""


class LSTM(nn.Module):
    """One layer: its weights are shaped and ordered as torch's are, gates i, f, g, o; one bias, which is their sum."""

    def __init__(self, n_inputs: int, n_states: int) -> None:
        super().__init__()
        self.n_inputs, self.n_states = n_inputs, n_states
        self.weight_ih = nn.Parameter(torch.empty(4 * n_states, n_inputs))
        self.weight_hh = nn.Parameter(torch.empty(4 * n_states, n_states))
        self.bias = nn.Parameter(torch.empty(4 * n_states))
        self._memory = _Memory()
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -1 / math.sqrt(n_states), 1 / math.sqrt(n_states))

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """float[B, T, F], the state before the first step (None: zeros) -> float[B, T, H] all h, the last state."""
        if state is None:
            zeros = x.new_zeros(len(x), self.n_states, dtype=self.bias.dtype)
            state = zeros, zeros
        if self._learns_here(x):
            h, c = _Steps.apply(  # type: ignore[no-untyped-call]
                x.to(self.bias.dtype), *state, self.weight_ih, self.weight_hh, self.bias, self._memory
            )
            return h, (h[:, -1], c)
        weights = [self.weight_ih, self.weight_hh, self.bias, torch.zeros_like(self.bias)]
        h0, c0 = (one[None].to(self.bias.dtype) for one in state)
        h, last_h, last_c = torch.lstm(x, (h0, c0), weights, True, 1, 0.0, self.training, False, True)
        return h, (last_h[0], last_c[0])

    def extra_repr(self) -> str:
        return f"{self.n_inputs}, {self.n_states}"

    def _learns_here(self, x: Tensor) -> bool:
        """Say whether this is a step of training in fp32; a processor without bf16 takes fp32 where bf16 is wished."""
        if x.device.type != "cpu":
            return False
        if torch.is_autocast_enabled("cpu"):
            return not torch.ops.mkldnn._is_mkldnn_bf16_supported()
        return torch.is_grad_enabled()


class _Memory:
    """What batches leave to those that come after them. A copy of a layer begins with none."""

    def __init__(self) -> None:
        self._spare: Tensor | None = None

    def take(self, size: int, like: Tensor) -> Tensor:
        """Return [size] of anything; whoever takes it gives it back, or it is gone."""
        spare, self._spare = self._spare, None
        if spare is None or spare.numel() < size or spare.dtype != like.dtype:
            return like.new_empty(size)
        return spare

    def give(self, spare: Tensor) -> None:
        self._spare = spare

    def __deepcopy__(self, memo: dict[int, Any]) -> _Memory:
        return _Memory()

    def __reduce__(self) -> tuple[type[_Memory], tuple[()]]:
        return _Memory, ()


class _Steps(torch.autograd.Function):
    """All steps of one batch. Inside, time comes first: a step's rows lie together."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, h0: Tensor, c0: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor, memory: _Memory
    ) -> tuple[Tensor, Tensor]:
        x = x.transpose(0, 1).contiguous()
        n_steps, n_rows, _ = x.shape
        size = n_steps * n_rows * h0.shape[1]
        buffer = memory.take(6 * size, like=x)
        gates, cells, squashed = _views(buffer, n_steps, n_rows, h0.shape[1])
        states = x.new_empty(n_steps, n_rows, h0.shape[1])
        torch.addmm(bias, x.flatten(0, 1), weight_ih.t(), out=gates.flatten(0, 1))
        from_state = weight_hh.t().contiguous()
        h, c = h0, c0
        for step in range(n_steps):
            all_gates, cell, tanh_cell = gates[step], cells[step], squashed[step]
            all_gates.addmm_(h, from_state)
            i, f, g, o = all_gates.chunk(4, dim=1)
            i.sigmoid_(), f.sigmoid_(), g.tanh_(), o.sigmoid_()
            torch.mul(f, c, out=cell).addcmul_(i, g)
            torch.tanh(cell, out=tanh_cell)
            h, c = torch.mul(o, tanh_cell, out=states[step]), cell
        ctx.save_for_backward(x, h0, c0, weight_ih, weight_hh, states)
        ctx.buffer, ctx.memory = buffer, memory
        return states.transpose(0, 1), cells[-1].clone()

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, d_states: Tensor, d_last_cell: Tensor) -> tuple[Tensor | None, ...]:
        x, h0, c0, weight_ih, weight_hh, states = ctx.saved_tensors
        if ctx.buffer is None:
            raise RuntimeError("an LSTM's gradients can be computed once only: they are written over what they need")
        n_steps, n_rows, n_states = states.shape
        gates, cells, squashed = _views(ctx.buffer, n_steps, n_rows, n_states)
        d_states = d_states.transpose(0, 1)
        d_c = d_last_cell.clone()
        d_h, product = d_states[-1].clone(), torch.empty_like(d_c)
        for step in reversed(range(n_steps)):
            tanh_cell, before = squashed[step], cells[step - 1] if step else c0
            i, f, g, o = gates[step].chunk(4, dim=1)
            _tanh_gradient(torch.mul(d_h, o, out=product), tanh_cell, grad_input=product)
            d_c += product
            _sigmoid_gradient(d_h.mul_(tanh_cell), o, grad_input=o)
            torch.mul(d_c, i, out=product)
            _sigmoid_gradient(torch.mul(d_c, g, out=d_h), i, grad_input=i)
            _tanh_gradient(product, g, grad_input=g)
            torch.mul(d_c, before, out=product)
            d_c *= f
            _sigmoid_gradient(product, f, grad_input=f)
            if step:
                torch.addmm(d_states[step - 1], gates[step], weight_hh, out=d_h)
            else:
                torch.mm(gates[step], weight_hh, out=d_h)
        flat = gates.flatten(0, 1)
        d_weight_hh = torch.mm(h0.t(), gates[0])
        if n_steps > 1:
            d_weight_hh.addmm_(states[:-1].flatten(0, 1).t(), gates[1:].flatten(0, 1))
        d_x = torch.mm(flat, weight_ih).view_as(x).transpose(0, 1) if ctx.needs_input_grad[0] else None
        d_weight_ih, d_bias = torch.mm(x.flatten(0, 1).t(), flat), flat.sum(dim=0)
        ctx.memory.give(ctx.buffer)
        ctx.buffer = None
        return d_x, d_h, d_c, d_weight_ih.t(), d_weight_hh.t(), d_bias, None


_sigmoid_gradient = torch.ops.aten.sigmoid_backward.grad_input
_tanh_gradient = torch.ops.aten.tanh_backward.grad_input


def _views(buffer: Tensor, n_steps: int, n_rows: int, n_states: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return gates [T, B, 4 H], cells [T, B, H] and their tanh [T, B, H]: places in one piece of memory."""
    size = n_steps * n_rows * n_states
    gates, cells, squashed = buffer[: 6 * size].split([4 * size, size, size])
    shape = n_steps, n_rows, n_states
    return gates.view(n_steps, n_rows, 4 * n_states), cells.view(shape), squashed.view(shape)
