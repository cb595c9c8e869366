"""Gradients, Jacobians and the memory of a start: against autograd, against moved weights and states, and by hand."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from tests.engine.reference import make_net, tensor, windows

from nextclose import engine
from nextclose.core.cells import initial_state
from nextclose.core.errors import FitError, SettingsError
from nextclose.engine.through_time import (
    State,
    gradient_back,
    jacobians,
    last_state,
    occlusion,
    session_before,
    spectral_radii,
    state_memory,
    with_spectral_radius,
)

L, F, H, K = 5, 3, 7, 2
RTOL = 1e-10
NETS = [
    {"cell": "rnn"},
    {"cell": "rnn", "activation": "relu", "bias": True, "layers": 2},
    {"cell": "rnn", "activation": "identity", "layers": 2, "output_bias": False, "h0": "random"},
    {"cell": "gru", "bias": True},
    {"cell": "gru", "layers": 2, "h0": "random"},
    {"cell": "lstm", "bias": True},
    {"cell": "lstm", "layers": 2, "bias": True, "h0": "random"},
]
MLPS = [{"cell": "mlp"}, {"cell": "mlp", "activation": "relu", "bias": True}]


def named(settings):
    return " ".join(map(str, settings.values()))


every_net = pytest.mark.parametrize("settings", [*NETS, *MLPS], ids=named)
every_recurrent = pytest.mark.parametrize("settings", NETS, ids=named)


@cache
def _net(settings):
    return make_net(**dict(settings), dtype="float64", L=L, F=F, H=H, K=K)


def net_of(settings):
    """The torch net, its weights, and how the engine is called on it."""
    net = _net(tuple(settings.items()))
    return net, net.params(), {"cell": net.settings.cell, "activation": net.settings.activation}


def some(N=1, seed=0):
    X = windows(N, L, F, K, "float64", seed)[0] - 0.3
    return X[0] if N == 1 else X


def close(got, expected):
    """Equal to 1e-10 of the largest expected value."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=RTOL, atol=RTOL * np.abs(expected).max())


def walk(net, x, starts):
    """Every layer's states from given ones, as tensors that keep their gradients, and yhat (K,)."""
    fed = list(net.time_major(x[None]))
    seen = []
    for cell, start in zip(net.cells, starts, strict=True):
        states = [start]
        for row in fed:
            states.append(cell(row, states[-1]))
        seen.append(states)
        fed = [state[0] for state in states[1:]]
    return seen, net.head(fed[-1])[0]


def starts_of(net, h=None, c=None):
    """Leaf states (1, H) a layer: h_0, and c_0 of an LSTM."""
    found = []
    for layer in range(len(net.cells)):
        first = net.h_0[layer] if h is None else tensor(h[layer])
        parts = [first, torch.zeros(H) if c is None else tensor(c[layer])][: 1 + (net.settings.cell == "lstm")]
        found.append(tuple(part.double().detach().clone()[None].requires_grad_() for part in parts))
    return found


def autograd(net, x, dy, starts):
    """(states by layer, step and kind; their gradients; d x; yhat)."""
    x = tensor(x).requires_grad_()
    seen, yhat = walk(net, x, starts)
    flat = [part for states in seen for state in states for part in state]
    *grads, dx = torch.autograd.grad((yhat * tensor(dy)).sum(), [*flat, x], allow_unused=True)
    at = iter(np.zeros(H) if grad is None else grad[0].numpy() for grad in grads)
    return [[[next(at) for _ in state] for state in states] for states in seen], dx.numpy(), yhat.detach().numpy()


@every_net
def test_gradients_at_every_state_and_input_are_autograds(settings):
    net, params, call = net_of(settings)
    dy = np.array([0.7, -1.3])
    got = gradient_back(params, some(), dy=dy, **call)
    grads, dx, yhat = autograd(net, some(), dy, starts_of(net))
    close(got.yhat, yhat)
    close(got.dx, dx)
    close(got.x_norm, np.linalg.norm(dx, axis=1))
    close(got.dh, [[state[0] for state in states] for states in grads])
    if call["cell"] == "lstm":
        close(got.dc, [[state[1] for state in states] for states in grads])
    else:
        assert got.dc is None
        close(got.state_norm, np.linalg.norm(got.dh, axis=-1))


@every_net
def test_outputs_are_the_engines_and_a_batch_is_its_windows(settings):
    _, params, call = net_of(settings)
    X = some(4)
    got = gradient_back(params, X, **call)
    close(got.yhat, engine.predict(params, X, **call))
    for number, x in enumerate(X):
        one = gradient_back(params, x, **call)
        for name in ("yhat", "dh", "dx", "state_norm", "x_norm"):
            close(getattr(got, name)[number], getattr(one, name))


@pytest.mark.parametrize("settings", [own for own in NETS if own["cell"] == "lstm"], ids=named)
def test_an_lstm_s_size_is_that_of_the_pair_it_hands_on(settings):
    """Had the state after step t been another, pair by pair: the walk goes on from leaves in its place."""
    net, params, call = net_of(settings)
    x, top = some(), len(net.cells) - 1
    got = gradient_back(params, x, **call)
    seen, _ = walk(net, tensor(x), starts_of(net))
    fed = tensor(x) if top == 0 else torch.cat([state[0] for state in seen[top - 1][1:]]).detach()
    for t in range(L):
        leaves = [part.detach().clone().requires_grad_() for part in seen[top][t]]
        state = tuple(leaves)
        for row in fed[t:]:
            state = net.cells[top](row[None], state)
        pair = torch.autograd.grad(net.head(state[0]).sum(), leaves)
        assert got.state_norm[top, t] == pytest.approx(float(torch.cat(pair, dim=1).norm()), rel=RTOL)
    assert got.state_norm[top, L] == pytest.approx(float(net.head.w_y.detach().sum(dim=0).norm()), rel=RTOL)


@every_recurrent
def test_one_window_may_start_from_a_state_carried_over(settings):
    net, params, call = net_of(settings)
    before, x = some(), some(seed=9)
    carried = last_state(params, before, **call)
    seen, _ = walk(net, tensor(before), starts_of(net))
    close(carried.h, torch.cat([states[-1][0] for states in seen]).detach())
    if call["cell"] == "lstm":
        close(carried.c, torch.cat([states[-1][1] for states in seen]).detach())
    grads, dx, yhat = autograd(net, x, np.ones(K), starts_of(net, carried.h, carried.c))
    got = gradient_back(params, x, start=carried, **call)
    close(got.yhat, yhat)
    close(got.dx, dx)
    close(got.dh, [[state[0] for state in states] for states in grads])
    assert np.abs(got.yhat - gradient_back(params, x, **call).yhat).max() > 1e-6


@every_recurrent
def test_each_step_s_jacobian_is_autograds(settings):
    net, params, call = net_of(settings)
    got = jacobians(params, some(), **call)
    seen, _ = walk(net, tensor(some()), starts_of(net))
    for layer, cell in enumerate(net.cells):
        fed = tensor(some()) if layer == 0 else torch.cat([state[0] for state in seen[layer - 1][1:]]).detach()
        for t in range(L):
            state = torch.cat(seen[layer][t], dim=1)[0].detach()

            def step(flat, cell=cell, row=fed[t : t + 1]):
                return torch.cat(cell(row, flat[None].split(H, dim=1)), dim=1)[0]

            expected = torch.autograd.functional.jacobian(step, state)
            close(got.matrix[layer, t], expected)
            assert got.norm[layer, t] == pytest.approx(float(torch.linalg.matrix_norm(expected, 2)), rel=RTOL)
            radius = float(torch.linalg.eigvals(expected).abs().max())
            assert got.radius[layer, t] == pytest.approx(radius, rel=1e-9, abs=1e-12)


@every_recurrent
def test_what_is_kept_is_the_jacobian_over_k_steps(settings):
    net, params, call = net_of(settings)
    got = jacobians(params, some(), **call)
    seen, _ = walk(net, tensor(some()), starts_of(net))
    top = len(net.cells) - 1
    fed = tensor(some()) if top == 0 else torch.cat([state[0] for state in seen[top - 1][1:]]).detach()
    assert got.kept[top, 0] == 1.0
    for k in range(1, L + 1):

        def steps(flat, k=k):
            state = flat[None].split(H, dim=1)
            for row in fed[L - k :]:
                state = net.cells[top](row[None], state)
            return torch.cat(state, dim=1)[0]

        whole = torch.autograd.functional.jacobian(steps, torch.cat(seen[top][L - k], dim=1)[0].detach())
        assert got.kept[top, k] == pytest.approx(float(torch.linalg.matrix_norm(whole, 2)), rel=1e-9)


@pytest.mark.parametrize("settings", [own for own in NETS + MLPS if own.get("activation") != "relu"], ids=named)
def test_gradients_agree_with_finite_differences(settings):
    """Not of relu: a difference across a corner is no slope."""
    _, params, call = net_of(settings)
    x, e = some(), 1e-6
    dx = gradient_back(params, x, dy=[1.0, 0.0], **call).dx
    for t, f in np.ndindex(L, F):
        up, down = x.copy(), x.copy()
        up[t, f] += e
        down[t, f] -= e
        slope = (engine.predict(params, np.stack([up, down]), **call)[:, 0] @ [1.0, -1.0]) / (2 * e)
        assert dx[t, f] == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_an_elman_net_by_hand():
    """The net of docs/backpropagation.md, section 3: F = H = K = 1, two steps."""
    params = {name: np.array([[value]]) for name, value in (("w_x", 0.8), ("w_h", 0.5), ("w_y", 1.5))}
    params["b_y"] = np.array([-0.2])
    x = np.array([[0.6], [0.9]])
    h_1 = np.tanh(0.8 * 0.6)
    h_2 = np.tanh(0.8 * 0.9 + 0.5 * h_1)
    got = gradient_back(params, x)
    assert got.yhat == pytest.approx([1.5 * h_2 - 0.2], rel=1e-14)
    delta_2 = 1.5 * (1 - h_2**2)
    delta_1 = 0.5 * delta_2 * (1 - h_1**2)
    assert got.dh[0, :, 0] == pytest.approx([0.5 * delta_1, 0.5 * delta_2, 1.5], rel=1e-14)
    assert got.state_norm[0] == pytest.approx(np.abs(got.dh[0, :, 0]), rel=1e-15)
    assert got.dx[:, 0] == pytest.approx([0.8 * delta_1, 0.8 * delta_2], rel=1e-14)
    steps = jacobians(params, x)
    each = [0.5 * (1 - h_1**2), 0.5 * (1 - h_2**2)]
    assert steps.matrix[0, :, 0, 0] == pytest.approx(each, rel=1e-14)
    assert steps.kept[0] == pytest.approx([1.0, each[1], each[1] * each[0]], rel=1e-14)


@pytest.mark.parametrize("rho", [0.5, 1.0, 1.5])
def test_a_linear_net_keeps_exactly_the_power_of_its_radius(rho):
    """With the identity and a rotation for W_h, a gradient is rho^k long after k steps back: where it vanishes and explodes."""
    rng = np.random.default_rng(5)
    rotation = np.linalg.qr(rng.standard_normal((H, H)))[0]
    params = {"w_x": rng.standard_normal((H, F)), "w_h": 0.3 * rotation, "w_y": rng.standard_normal((1, H))}
    scaled, x = with_spectral_radius(params, rho), rng.standard_normal((60, F))
    powers = rho ** np.arange(61.0)
    back = gradient_back(scaled, x, activation="identity")
    np.testing.assert_allclose(back.state_norm[0, ::-1] / back.state_norm[0, -1], powers, rtol=1e-9)
    steps = jacobians(scaled, x, activation="identity")
    np.testing.assert_allclose(steps.kept[0], powers, rtol=1e-9)
    np.testing.assert_allclose(steps.radius[0], rho, rtol=1e-9)


@every_recurrent
def test_scaling_gives_every_gate_s_block_the_radius_and_moves_nothing_else(settings):
    _, params, _ = net_of(settings)
    kept = {name: array.copy() for name, array in params.items()}
    scaled = with_spectral_radius(params, 1.25)
    np.testing.assert_allclose(spectral_radii(scaled), 1.25, rtol=1e-10)
    assert list(scaled) == list(params)
    for name, array in params.items():
        np.testing.assert_array_equal(array, kept[name])
        if not name.startswith("w_h"):
            np.testing.assert_array_equal(scaled[name], array)
            continue
        for block, own in zip(scaled[name].reshape(-1, H, H), array.reshape(-1, H, H), strict=True):
            ratio = block / own
            np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-10)
            assert ratio[0, 0] > 0
    np.testing.assert_array_equal(with_spectral_radius(params, 0.0)["w_h"], 0.0)


def test_radii_stand_by_layer_and_gate():
    w_h = np.concatenate([np.diag([0.5, -2.0]), [[0.0, -3.0], [3.0, 0.0]], np.eye(2)])
    np.testing.assert_allclose(spectral_radii({"w_h": w_h, "w_h_l1": 2 * w_h}), [[2, 3, 1], [4, 6, 2]], rtol=1e-12)


@every_net
def test_occlusion_is_the_forecast_without_the_session(settings):
    _, params, call = net_of(settings)
    X, instead = some(3), np.array([0.2, -0.1, 0.4])
    got = occlusion(params, X, instead, dy=[0.0, 1.0], **call)
    whole = engine.predict(params, X, **call)[:, 1]
    dx = gradient_back(params, X, dy=[0.0, 1.0], **call).dx
    for t in range(L):
        without = X.copy()
        without[:, t] = instead
        close(got.change[:, t], whole - engine.predict(params, without, **call)[:, 1])
        close(got.first_order[:, t], (dx[:, t] * (X[:, t] - instead)).sum(axis=1))
    close(occlusion(params, X[1], instead, dy=[0.0, 1.0], **call).change, got.change[1])


def test_of_a_linear_net_both_effects_are_the_same_and_add_up():
    _, params, call = net_of(NETS[2])
    x = some()
    got = occlusion(params, x, np.zeros(F), dy=[1.0, 0.0], **call)
    close(got.change, got.first_order)
    whole, nothing = engine.predict(params, np.stack([x, 0 * x]), **call)[:, 0]
    assert got.change.sum() == pytest.approx(whole - nothing, rel=1e-9)


@every_net
def test_a_session_that_repeats_the_one_before_changes_nothing(settings):
    _, params, call = net_of(settings)
    x = some()
    x[3] = x[2]
    before = session_before(x, first=x[0] + 1.0)
    np.testing.assert_array_equal(before[1:], x[:-1])
    np.testing.assert_array_equal(before[0], x[0] + 1.0)
    got = occlusion(params, x, before, **call)
    assert got.change[3] == pytest.approx(0.0, abs=1e-15)
    assert got.first_order[3] == 0.0
    assert (np.abs(np.delete(got.change, 3)) > 1e-6).all()
    assert occlusion(params, x, session_before(x), **call).change[0] == pytest.approx(0.0, abs=1e-15)


@every_recurrent
def test_a_start_is_forgotten_as_fast_as_two_walks_come_together(settings):
    net, params, call = net_of(settings)
    layers = len(net.cells)
    start = State(initial_state(3, layers, H), initial_state(4, layers, H) if call["cell"] == "lstm" else None)
    got = state_memory(params, some(), start, **call)
    zero = np.zeros((layers, H))
    walks = [walk(net, tensor(some()), starts_of(net, h, c)) for h, c in (start, (zero, zero))]
    for layer in range(layers):
        for t in range(L + 1):
            ours, zeros = (torch.cat(seen[layer][t], dim=1) for seen, _ in walks)
            assert got.distance[layer, t] == pytest.approx(float((ours - zeros).detach().norm()), rel=RTOL)
    close(got.yhat, (walks[0][1] - walks[1][1]).detach())
    alone = state_memory(params, some(2), State(np.stack([zero, start.h])), **call)
    np.testing.assert_array_equal(alone.distance[0], 0.0)
    assert alone.distance[1, 0, 0] == pytest.approx(np.linalg.norm(start.h[0]), rel=RTOL)


def test_one_step_of_memory_off_forgets_everything():
    params = {"w_x": np.ones((2, 1)), "w_h": np.zeros((2, 2)), "w_y": np.ones((1, 2))}
    got = state_memory(params, np.ones((3, 1)), State(np.ones((1, 2))))
    np.testing.assert_allclose(got.distance, [[np.sqrt(2), 0, 0, 0]], rtol=1e-15)
    np.testing.assert_array_equal(jacobians(params, np.ones((3, 1))).kept, [[1, 0, 0, 0]])


def test_weights_in_float32_are_walked_in_float64():
    net = make_net("gru", "float32", L=L, F=F, H=H, K=K, layers=2)
    params = {name: array.astype(np.float64) for name, array in net.params().items()}
    got = gradient_back(net.params(), some(), cell="gru")
    assert got.dh.dtype == got.dx.dtype == np.float64
    np.testing.assert_array_equal(got.dx, gradient_back(params, some(), cell="gru").dx)
    assert with_spectral_radius(net.params(), 0.9)["w_h_l1"].dtype == np.float32


def test_what_cannot_be_walked_is_refused():
    _, params, _ = net_of(NETS[0])
    x = some()
    with pytest.raises(FitError, match=r"windows \(N, L, F\)"):
        gradient_back(params, x[0])
    with pytest.raises(FitError, match="1 values that are not finite"):
        gradient_back(params, np.where(np.arange(F) + np.arange(L)[:, None] == 0, np.nan, x))
    with pytest.raises(FitError, match="params holds 1 values that are not finite"):
        gradient_back({**params, "b_y": np.array([0.0, np.inf])}, x)
    with pytest.raises(SettingsError, match="there is no w_x_reverse"):
        gradient_back({**params, "w_x_reverse": params["w_x"]}, x)
    with pytest.raises(SettingsError, match="linear head"):
        gradient_back({**params, "w_z": params["w_x"]}, x)
    with pytest.raises(SettingsError, match=r"dy: .*\(2,\), got \(3,\)"):
        gradient_back(params, x, dy=[1, 2, 3])
    with pytest.raises(SettingsError, match=r"h0: expected shape \(1, 7\), got \(7,\)"):
        gradient_back(params, x, start=State(np.zeros(H)))
    with pytest.raises(SettingsError, match=r"instead: .*\(5, 3\), got \(2,\)"):
        occlusion(params, x, [0.0, 1.0])


def test_a_net_without_time_has_nothing_that_travels():
    _, params, call = net_of(MLPS[0])
    for ask in (jacobians, last_state, lambda *given, **more: state_memory(*given, State(np.zeros((1, H))), **more)):
        with pytest.raises(SettingsError, match="cell=mlp walks no steps"):
            ask(params, some(), **call)
    with pytest.raises(SettingsError, match="no w_h among w_x, w_y, b_y"):
        with_spectral_radius(params, 1.0)


@pytest.mark.parametrize("rho", [-0.1, np.nan, np.inf])
def test_a_radius_that_is_none_is_refused(rho):
    with pytest.raises(SettingsError, match="spectral radius: expected"):
        with_spectral_radius({"w_h": np.eye(2)}, rho)


def test_a_memory_of_radius_zero_cannot_be_scaled():
    with pytest.raises(SettingsError, match="w_h has a spectral radius of 0"):
        with_spectral_radius({"w_h": np.zeros((2, 2))}, 1.0)
