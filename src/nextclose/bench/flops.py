"""Arithmetic of a fit, counted from its matrix products alone."""

from __future__ import annotations

from nextclose.bench.plan import Size
from nextclose.core.cells import cell_spec


def fit_flops(size: Size, epochs: int) -> int:
    """Operations of a fit, two a multiply-add; activations, biases and the optimiser's step count nothing.

    With G gates (1 Elman, 3 GRU, 4 LSTM), a sample and an epoch:

        forward           L G H F + (L-1) G H H     inputs, and states from the second step on, since h_0 = 0
                          K H                       head
        backward          K H                       delta at h_L
                          (L-1) G H H               W_h^T delta; none to the inputs, which are not trained
        weight gradients  L G H F + (L-1) G H H
                          K H

    At H 10, L 4: (460 + 10) + (10 + 300) + (460 + 10) = 1,250 multiply-adds, times 2 * 685 * 100 = 171,250,000.
    """
    gates = len(cell_spec(size.cell).gates)
    H, L = size.hidden_size, size.seq_len
    inputs, states, head = L * gates * H * size.input_size, (L - 1) * gates * H * H, size.output_size * H
    forward = inputs + states + head
    backward = head + states
    weight_gradients = inputs + states + head
    return 2 * size.windows * epochs * (forward + backward + weight_gradients)
