from __future__ import annotations

import numpy as np
import pytest

from nextclose.core.cells import CELLS, NetShape, initial_params, initial_state
from nextclose.core.seeds import draws, permutation, uniform


def test_draws_are_splitmix64():
    """The reference implementation's first outputs for seed 1234567 (Vigna, prng.di.unimi.it/splitmix64.c)."""
    expected = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert draws(1234567, 5).tolist() == expected


def test_streams_differ_by_seed_and_by_purpose():
    one = uniform(0, "w_x", (50,))
    assert not np.array_equal(one, uniform(1, "w_x", (50,)))
    assert not np.array_equal(one, uniform(0, "w_h", (50,)))
    np.testing.assert_array_equal(one, uniform(0, "w_x", (50,)))


def test_uniform_draws_fill_the_interval():
    values = uniform(3, "w_x", (100, 200))
    assert -1.0 <= values.min() < -0.999
    assert 0.999 < values.max() < 1.0
    assert abs(values.mean()) < 0.02
    assert abs(values.var() - 1.0 / 3.0) < 0.01


@pytest.mark.parametrize("count", [1, 2, 3, 64, 685])
def test_an_epoch_visits_every_sample_once(count):
    assert sorted(permutation(5, 3, count).tolist()) == list(range(count))


def test_every_order_is_about_equally_likely():
    orders = np.array([permutation(seed, 0, 4) for seed in range(4_800)])
    _, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(counts) == 24
    assert abs(counts / 200.0 - 1.0).max() < 0.35


def test_a_bias_moves_no_other_weight():
    bare = NetShape(cell="gru", input_size=3, hidden_size=5, output_size=2)
    full = NetShape(cell="gru", input_size=3, hidden_size=5, output_size=2, bias=True, num_layers=2)
    without, with_bias = (initial_params(shape, scheme="linear", seed=4) for shape in (bare, full))
    for name, array in without.items():
        np.testing.assert_array_equal(array, with_bias[name])


@pytest.mark.parametrize("cell", CELLS)
def test_the_two_schemes_keep_their_bounds(cell):
    shape = NetShape(cell=cell, input_size=400, hidden_size=100, output_size=50, bias=True)
    linear = initial_params(shape, scheme="linear", seed=0)
    rnn = initial_params(shape, scheme="rnn", seed=0)
    assert np.abs(linear["w_x"]).max() == pytest.approx(1.0 / 20.0, rel=1e-2)
    assert np.abs(linear["b_x"]).max() == pytest.approx(1.0 / 20.0, rel=5e-2)
    assert np.abs(linear["w_y"]).max() == pytest.approx(0.1, rel=1e-2)
    assert np.abs(rnn["w_x"]).max() == pytest.approx(0.1, rel=1e-2)
    assert np.abs(rnn["w_y"]).max() == pytest.approx(0.1, rel=1e-2)


def test_a_random_state_is_drawn_once_a_seed():
    state = initial_state(2, 3, 8)
    assert state.shape == (3, 8)
    np.testing.assert_array_equal(state, initial_state(2, 3, 8))
    assert np.abs(state).max() <= 1.0
