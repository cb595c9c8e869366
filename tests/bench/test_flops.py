"""Arithmetic counted by hand."""

from __future__ import annotations

import pytest

from nextclose.bench.flops import fit_flops
from nextclose.bench.plan import TUTORIAL, Size


def test_the_tutorial_takes_1250_multiply_adds_a_window():
    assert fit_flops(TUTORIAL, 100) == 2 * 685 * 100 * ((460 + 10) + (10 + 300) + (460 + 10)) == 171_250_000


def test_two_steps_of_two_units_by_hand():
    """F 3, H 2, K 1, L 2: W_x x twice (6 each), W_h h once (4), head 2; back 2 and 4; gradients as forward."""
    size = Size(windows=1, seq_len=2, input_size=3, hidden_size=2)
    assert fit_flops(size, 1) == 2 * ((12 + 4 + 2) + (2 + 4) + (12 + 4 + 2))


@pytest.mark.parametrize(("cell", "gates"), [("gru", 3), ("lstm", 4)])
def test_a_gate_costs_as_much_as_an_elman_cell(cell, gates):
    head = 3 * 32
    plain, gated = (fit_flops(Size(cell=name, windows=1, seq_len=20, hidden_size=32), 1) // 2 for name in ("rnn", cell))
    assert gated - head == gates * (plain - head)
