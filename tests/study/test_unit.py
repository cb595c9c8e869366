from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import walk_bars

from nextclose.study.explain import explain
from nextclose.study.unit import curve, head_sum, unit_sums

NETS = [
    {"activation": "relu", "h0": "random"},
    {"activation": "identity", "num_layers": 2, "memory": False},
    {"cell": "gru", "bias": True, "num_layers": 2},
    {"cell": "lstm", "num_layers": 2, "h0": "random"},
    {"cell": "mlp", "bias": True},
]


@pytest.fixture(params=NETS, ids=lambda net: " ".join(f"{name}={value}" for name, value in net.items()))
def explained(request):
    return explain(walk_bars(120, seed=5), settings={"epochs": 3, "hidden_size": 5, "seq_len": 3} | request.param)


def spots(explained):
    """Every (layer, step, unit)."""
    steps = 1 if explained.flat else len(explained.steps)
    return [(lay, t, u) for lay in range(len(explained.steps[0].layers)) for t in range(steps) for u in range(5)]


def test_products_and_biases_add_up_to_what_explain_prints(explained):
    for layer, step, unit in spots(explained):
        terms = explained.steps[step].layers[layer]
        for place, gate in enumerate(unit_sums(explained, layer, step, unit).gates):
            for part, name in ((gate.x, "w_x x"), (gate.h, "w_h h")):
                if part is None:
                    assert explained.cell == "mlp"
                    continue
                np.testing.assert_array_equal(part.products, part.weights * part.values)
                assert part.total == terms[name][place * 5 + unit]
                assert part.total == pytest.approx(part.products.sum() + (part.bias or 0.0), abs=1e-12)


def test_the_curve_passes_through_each_gate(explained):
    for spot in spots(explained):
        for gate in unit_sums(explained, *spot).gates:
            there = curve(gate.curve, abs(gate.sum))[:, -1 if gate.sum > 0.0 else 0]
            np.testing.assert_allclose(there, [gate.sum, gate.value], atol=1e-12)


def test_the_gates_make_the_state(explained):
    for spot in spots(explained):
        unit = unit_sums(explained, *spot)
        value = {gate.name: gate.value for gate in unit.gates}
        if explained.cell == "lstm":
            assert unit.c == pytest.approx(value["f"] * unit.c_before + value["i"] * value["g"], abs=1e-12)
            assert unit.h == pytest.approx(value["o"] * np.tanh(unit.c), abs=1e-12)
        elif explained.cell == "gru":
            assert unit.h == pytest.approx(value["n"] + value["z"] * (unit.h_before - value["n"]), abs=1e-12)
        else:
            assert unit.h == value["h"]


def test_the_first_step_starts_from_the_nets_own_state(explained):
    if explained.cell == "mlp":
        assert explained.start == ()
        assert np.isnan(unit_sums(explained, 0, 0, 0).h_before)
        return
    for layer, start in enumerate(explained.start):
        given = explained.weights["h_0"][layer] if "h_0" in explained.weights else np.zeros(5)
        np.testing.assert_array_equal(start["h"], given)
        assert unit_sums(explained, layer, 0, 4).h_before == given[4]


def test_the_head_adds_up(explained):
    said = head_sum(explained, -1)
    assert said.total == explained.output[0]
    assert said.products.sum() + said.bias == pytest.approx(said.total, abs=1e-12)
