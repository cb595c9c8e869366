"""Heads, decoders, attention and the transformer, against torch.nn where it has them, else by hand; and nets side by side."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nextclose.core.errors import SettingsError
from nextclose.core.settings import NetSettings
from nextclose.models.heads import BatchNormHead
from nextclose.models.net import Lesson, Net, build_net, side_by_side
from nextclose.models.transformer import positions

TOLERANCE = 1e-12
N, L, F, H, K = 7, 5, 3, 4, 2

NETS = {
    "rnn": {"cell": "rnn", "bias": True},
    "lstm-batchnorm": {"cell": "lstm", "bias": True, "num_layers": 2, "head": "batchnorm", "dropout": 0.25},
    "gru-bidirectional": {"cell": "gru", "bias": True, "bidirectional": True, "num_layers": 2},
    "every-step": {"cell": "rnn", "head": "every-step"},
    "mlp": {"cell": "mlp", "bias": True},
    "random-start": {"cell": "lstm", "h0": "random"},
    "seq2seq": {"cell": "gru", "bias": True, "decoder": "recurrent", "num_layers": 2},
    "attention": {"cell": "lstm", "bias": True, "decoder": "attention"},
    "transformer": {"cell": "transformer", "bias": True, "num_heads": 2, "num_layers": 2, "activation": "relu"},
}


def make(seed=11, outputs=K, **settings) -> Net:
    net = NetSettings(hidden_size=H, **settings)
    return build_net(net, input_size=F, seq_len=L, output_size=outputs, seed=seed, dtype=torch.float64)


def random(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def close(got, expected):
    got, expected = got.detach(), expected.detach()
    scale = float(expected.abs().max()) or 1.0
    assert got.shape == expected.shape
    assert float((got - expected).abs().max()) <= TOLERANCE * scale


@pytest.mark.parametrize("name", NETS)
def test_a_net_has_its_stated_shapes_and_can_be_saved(name):
    net = make(**NETS[name])
    X = random(N, L, F)
    yhat = net(X)
    assert yhat.shape == (N, K)
    assert {key: array.shape for key, array in net.params().items() if key != "h_0"} == net.shape.parameters()
    other = make(seed=12, **NETS[name])
    other.load(net.params())
    assert torch.equal(other(X), yhat)


@pytest.mark.parametrize("name", NETS)
def test_every_weight_has_a_gradient(name):
    net = make(**NETS[name])
    lesson = Lesson(truth=random(N, K, seed=3), forced=torch.zeros(N, K, dtype=torch.bool))
    net.outputs(random(N, L, F), lesson).square().sum().backward()
    for key, weight in net.weights().items():
        if weight.requires_grad:
            assert weight.grad is not None, key
            assert key == "b_k" or key.startswith("b_k_") or float(weight.grad.abs().max()) > 0.0, key


@pytest.mark.parametrize("name", NETS)
def test_nets_side_by_side_are_the_nets_alone(name):
    nets = [make(seed=seed, **NETS[name]) for seed in (1, 2, 3)]
    together = side_by_side(nets)
    X = random(3, N, L, F)
    expected = torch.stack([net(own) for net, own in zip(nets, X, strict=True)])
    close(together(X), expected)
    for number, net in enumerate(nets):
        for key, array in together.params(number).items():
            np.testing.assert_array_equal(array, net.params()[key])


def test_the_every_step_head_forecasts_at_every_step():
    net = make(cell="rnn", head="every-step", outputs=1)
    X = random(N, L, F)
    outputs = net.outputs(X)
    assert outputs.shape == (N, L)
    for t in range(1, L + 1):
        close(net(X[:, :t]), outputs[:, t - 1 : t])


def test_the_batchnorm_head_is_torchs():
    head = BatchNormHead(6, K).double()
    theirs = torch.nn.Sequential(
        torch.nn.BatchNorm1d(6), torch.nn.Linear(6, 3), torch.nn.ReLU(), torch.nn.Linear(3, K)
    ).double()
    norm, first, _, second = theirs
    pairs = [(head.gain_y, norm.weight), (head.shift_y, norm.bias), (head.w_z, first.weight), (head.b_z, first.bias)]
    pairs += [(head.w_y, second.weight), (head.b_y, second.bias)]
    for seed, (own, other) in enumerate(pairs):
        other.data = random(*other.shape, seed=seed)
        own.data = other.data.clone()
    head.mean_y.data, head.var_y.data = torch.zeros(6).double(), torch.ones(6).double()
    for seed in range(3):
        h = random(9, 6, seed=seed) * 2.0 + 1.0
        got, expected = head(h, learning=True), theirs(h)
        close(got, expected)
        cotangent = random(9, K, seed=seed + 10)
        for own, other in pairs:
            own.grad = other.grad = None
        (got * cotangent).sum().backward()
        (expected * cotangent).sum().backward()
        for own, other in pairs:
            close(own.grad, other.grad)
    theirs.eval()
    close(head(random(9, 6)), theirs(random(9, 6)))


def test_dropped_states_are_left_out_and_the_rest_weighs_more():
    net = make(cell="rnn", head="batchnorm", dropout=0.5)
    X, kept = random(N, L, F), torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64).expand(N, H)
    seen = net.walk(X)[0][-1]
    mean, var = seen.mean(dim=0), seen.var(dim=0, correction=0)
    z = (seen - mean) / torch.sqrt(var + 1e-5) * kept * 2.0
    weights = net.weights()
    expected = torch.relu(z @ weights["w_z"].mT + weights["b_z"]) @ weights["w_y"].mT + weights["b_y"]
    close(net.outputs(X, Lesson(kept=kept)), expected)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("heads", [1, 2, 4])
@pytest.mark.parametrize("causal", [True, False])
def test_the_transformer_is_torchs(layers, heads, causal):
    net = make(cell="transformer", bias=True, num_heads=heads, num_layers=layers, activation="relu", causal=causal)
    layer = torch.nn.TransformerEncoderLayer(H, heads, 4 * H, dropout=0.0, activation="relu", batch_first=True)
    module = torch.nn.TransformerEncoder(layer, layers, enable_nested_tensor=False).double()
    weights, pairs = net.weights(), []
    for number, theirs in enumerate(module.layers):
        suffix = f"_l{number}" if number else ""
        attention = theirs.self_attn
        attention.in_proj_weight.data = torch.cat([weights[f"w_{part}{suffix}"].data for part in "qkv"])
        attention.in_proj_bias.data = torch.cat([weights[f"b_{part}{suffix}"].data for part in "qkv"])
        own = {
            "o": attention.out_proj, "ff1": theirs.linear1, "ff2": theirs.linear2, "1": theirs.norm1, "2": theirs.norm2
        }  # fmt: skip
        for part, other in own.items():
            names = ("gain", "shift") if part in "12" else ("w", "b")
            pairs += [
                (f"{name}_{part}{suffix}", at) for name, at in zip(names, (other.weight, other.bias), strict=True)
            ]
    for seed, (name, other) in enumerate(pairs):
        weights[name].data = weights[name].data + 0.1 * random(*weights[name].shape, seed=seed)
        other.data = weights[name].data.clone()
    X = random(N, L, F)
    z = X @ weights["w_in"].mT + weights["b_in"] + positions(L, H)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(L, dtype=torch.float64) if causal else None
    expected = net.head(module(z, mask=mask)[:, -1])
    got = net(X)
    close(got, expected)
    cotangent = random(N, K, seed=9)
    (got * cotangent).sum().backward()
    gradients = {name: weight.grad.clone() for name, weight in weights.items()}
    for weight in weights.values():
        weight.grad = None
    (expected * cotangent).sum().backward()
    for name, other in pairs:
        close(gradients[name], other.grad)
    for number, theirs in enumerate(module.layers):
        suffix = f"_l{number}" if number else ""
        stacked = torch.cat([gradients[f"w_{part}{suffix}"] for part in "qkv"])
        close(stacked, theirs.self_attn.in_proj_weight.grad)
    for name in ("w_in", "b_in", "w_y", "b_y"):
        close(gradients[name], weights[name].grad)


def test_positions_are_the_papers():
    signal = positions(6, 5)
    for t in range(6):
        for i in range(5):
            angle = t / 10_000.0 ** (2 * (i // 2) / 5)
            assert float(signal[t, i]) == pytest.approx(np.sin(angle) if i % 2 == 0 else np.cos(angle), abs=1e-14)


@pytest.mark.parametrize("causal", [True, False])
def test_a_causal_encoder_sees_nothing_later(causal):
    net = make(cell="transformer", bias=True, causal=causal)
    X = random(1, L, F)
    changed = X.clone()
    changed[:, 3:] += 1.0
    before, after = (net.walk(given)[0][2] for given in (X, changed))
    assert torch.equal(before, after) == causal


HAND = {
    "w_x": [[0.5]], "w_h": [[0.25]], "w_x_dec": [[2.0]], "w_h_dec": [[0.5]], "w_y": [[3.0]], "b_y": [1.0],
}  # fmt: skip


def one_unit(decoder, **more):
    settings = NetSettings(cell="rnn", hidden_size=1, activation="identity", decoder=decoder)
    init = {name: np.array(value) for name, value in (HAND | more).items()}
    return build_net(settings, input_size=1, seq_len=2, output_size=3, seed=0, init=init, dtype=torch.float64)


def test_seq2seq_by_hand():
    """h_1 = .5 * 2 = 1, h_2 = .5 * 4 + .25 = 2.25; s_1 = .5 * 2.25 = 1.125, y_1 = 4.375, s_2 = 2 * 4.375 + .5625, ..."""
    net = one_unit("recurrent")
    X = torch.tensor([[[2.0], [4.0]]], dtype=torch.float64)
    y_1 = 3.0 * 1.125 + 1.0
    s_2 = 2.0 * y_1 + 0.5 * 1.125
    y_2 = 3.0 * s_2 + 1.0
    y_3 = 3.0 * (2.0 * y_2 + 0.5 * s_2) + 1.0
    close(net(X), torch.tensor([[y_1, y_2, y_3]], dtype=torch.float64))
    truth = torch.tensor([[10.0, 20.0, 30.0]], dtype=torch.float64)
    forced = torch.tensor([[True, False, False]])
    s_2 = 2.0 * 10.0 + 0.5 * 1.125
    y_2 = 3.0 * s_2 + 1.0
    y_3 = 3.0 * (2.0 * y_2 + 0.5 * s_2) + 1.0
    close(net.outputs(X, Lesson(truth=truth, forced=forced)), torch.tensor([[y_1, y_2, y_3]], dtype=torch.float64))


def test_attention_by_hand():
    net = one_unit("attention", w_x_dec=[[2.0, 0.1]], w_q=[[0.3]], w_k=[[0.7]], w_e=[[1.5]])
    X = torch.tensor([[[2.0], [4.0]]], dtype=torch.float64)
    h, s, y, weights, written = np.array([1.0, 2.25]), 2.25, 0.0, [], []
    for _ in range(3):
        scores = 1.5 * np.tanh(0.3 * s + 0.7 * h)
        weights.append(np.exp(scores) / np.exp(scores).sum())
        s = 2.0 * y + 0.1 * (weights[-1] @ h) + 0.5 * s
        y = 3.0 * s + 1.0
        written.append(y)
    close(net(X), torch.tensor([written], dtype=torch.float64))
    close(net.attention(X), torch.tensor(np.array(weights)[None]))


def test_attention_weights_of_a_session_sum_to_one():
    net = make(cell="lstm", bias=True, decoder="attention", num_layers=2)
    weights = net.attention(random(N, L, F))
    assert weights.shape == (N, K, L)
    close(weights.sum(dim=-1), torch.ones(N, K, dtype=torch.float64))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cell": "mlp", "bidirectional": True}, "bidirectional belongs to the cells rnn, gru and lstm, got cell=mlp"),
        ({"cell": "transformer", "bias": True, "decoder": "recurrent"}, "decoder belongs to the cells"),
        ({"cell": "transformer", "bias": True, "memory": False}, "memory=off belongs to the cells"),
        (
            {"cell": "transformer", "bias": True, "hidden_size": 9, "num_heads": 2},
            "num_heads must divide hidden_size, got 2 and 9",
        ),
        ({"decoder": "recurrent", "head": "batchnorm"}, "decoder=recurrent goes with head=linear"),
        ({"head": "every-step", "bidirectional": True}, "see only what lies before them"),
        (
            {"head": "every-step", "cell": "transformer", "bias": True, "causal": False},
            "see only what lies before them",
        ),
        ({"head": "batchnorm", "hidden_size": 1}, "at least 2"),
        ({"dropout": 0.5}, "dropout belongs to head=batchnorm"),
        ({"decoder": "recurent"}, "Did you mean 'recurrent'"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(settings, message):
    with pytest.raises(SettingsError, match=message):
        NetSettings(**settings)
