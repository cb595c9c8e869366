from __future__ import annotations

from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console
from tests.conftest import walk_bars
from tests.study.conftest import QUICK

from nextclose.core.errors import SettingsError
from nextclose.core.lang import Text
from nextclose.report.explanation import print_explanation
from nextclose.study.explain import explain


@pytest.fixture
def bars():
    return replace(walk_bars(120, seed=5), exchange="XNYS")


NETS = [
    {},
    {"cell": "gru", "bias": True},
    {"cell": "lstm", "num_layers": 2},
    {"cell": "mlp", "h0": "random", "bias": True},
    {"memory": False},
    {"num_layers": 3, "h0": "random", "dtype": "float64"},
]


@pytest.mark.parametrize("epoch", [0, 2, None])
@pytest.mark.parametrize("net", NETS, ids=lambda net: " ".join(f"{name}={value}" for name, value in net.items()))
def test_any_net_can_be_taken_apart_and_printed(bars, net, epoch):
    told = explain(bars, settings=QUICK | net, epoch=epoch)
    assert told.output[0] == pytest.approx(
        told.weights["w_y"][0] @ told.steps[-1].layers[-1]["h"] + told.weights["b_y"][0]
    )
    assert len(told.steps[0].layers) == net.get("num_layers", 1)
    assert ("h_0" in told.weights) == (net.get("h0") == "random" and net.get("cell") != "mlp")
    assert told.weights["w_x"].dtype == np.float64
    for lang in ("en", "ko"):
        page = Console(file=StringIO(), width=100)
        print_explanation(told, page, lang)
        assert f"{told.yhat[0]:,.2f}" in page.file.getvalue()


@pytest.mark.parametrize("recipe", ["tutorial", "default", "tutorial-mlp", "tutorial-return", "quantile"])
def test_the_numbers_add_up_to_the_forecast(bars, recipe):
    told = explain(bars, recipe=recipe, settings=QUICK)
    h = told.steps[-1].layers[-1]["h"]
    bias = told.weights["b_y"][0]
    assert told.output[0] == pytest.approx(told.weights["w_y"][0] @ h + bias, rel=1e-12)
    np.testing.assert_allclose(told.steps[-1].y, told.output)
    assert told.target_date == str(bars.dates[-1])
    assert told.y == bars.close[-1]
    assert told.last_close == bars.close[-2]
    np.testing.assert_array_equal([step.raw[3] for step in told.steps], bars.close[-1 - len(told.steps) : -1])


def test_the_price_is_the_models_own(bars):
    told = explain(bars, recipe="tutorial", settings=QUICK)
    assert told.yhat[0] == pytest.approx(told.output[0] * told.y_scale + told.y_shift, rel=1e-12)


@pytest.mark.parametrize("horizon", [1, 2])
@pytest.mark.parametrize("epoch", [0, 2])
def test_every_quantile_is_shown_under_its_name(bars, horizon, epoch):
    told = explain(bars, recipe="quantile", settings=QUICK | {"horizon": horizon}, epoch=epoch)
    assert told.output.shape == (3 * horizon,)
    assert told.closes.shape == (horizon, 3)
    np.testing.assert_array_equal(told.yhat, told.closes[:, 1])
    np.testing.assert_allclose(told.closes[0], told.last_close * np.exp(told.output[:3] * told.volatility))
    for lang, ahead in (("en", "session 2 ahead"), ("ko", "2거래일 뒤")):
        page = Console(file=StringIO(), width=100)
        print_explanation(told, page, lang)
        text = page.file.getvalue()
        assert (ahead in text) == (horizon == 2)
        for q, name in enumerate(("q0.05", "q0.5", "q0.95")):
            assert f"   {name:<7}r = {told.output[q]:+.9f}" in text
            assert text.count(f"   {name}\n") + text.count(f"   {name},") == horizon


def test_epoch_zero_is_the_net_before_training(bars):
    untrained, one, two = (explain(bars, epoch=epoch) for epoch in (0, 1, 2))
    from nextclose.core.cells import NetShape, initial_params

    start = initial_params(NetShape(cell="rnn", input_size=4, hidden_size=10, output_size=1), scheme="linear", seed=0)
    np.testing.assert_allclose(untrained.weights["w_x"], start["w_x"], rtol=1e-6)
    assert not np.array_equal(one.weights["w_x"], two.weights["w_x"])


def test_a_machine_without_the_engine_is_told_so(bars, monkeypatch):
    monkeypatch.setattr("nextclose.study.explain.unusable", lambda: Text("no compiler"))
    with pytest.raises(SettingsError, match="explain needs the fused engine, which cannot be used here: no compiler"):
        explain(bars)


def test_a_saved_run_is_explained_with_its_own_weights(small_study, tmp_path):
    folder = small_study.save(tmp_path / "run")
    told = explain(folder, date="tomorrow", recipe="default")
    single = small_study.fitted[1].fold.fits[0].params
    np.testing.assert_array_equal(told.weights["w_y"], single["w_y"])
    assert told.target_date is None
    assert np.isnan(told.y)
    row = small_study.table.of("tutorial")
    told = explain(folder, date=str(row.target_date[-1]))
    assert told.yhat[0] > 0.0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"date": "2020-01-04"}, "is no session of these bars"),
        ({"date": "2030-01-04"}, "is no session of these bars"),
        ({"date": "2020-01-02"}, "no window of 4 sessions lies before it"),
        ({"epoch": -1}, "0 or more"),
        ({"recipe": "tutoral"}, "Did you mean"),
    ],
)
def test_what_cannot_be_explained_says_why(bars, more, message):
    with pytest.raises(SettingsError, match=message):
        explain(bars, **more)


@pytest.mark.parametrize("epoch", [0, 2, None])
def test_many_to_many_is_walked_with_a_forecast_at_every_step(bars, epoch):
    told = explain(bars, recipe="many-to-many", settings=QUICK, epoch=epoch)
    for step in told.steps:
        np.testing.assert_allclose(step.y, told.weights["w_y"] @ step.layers[-1]["h"] + told.weights["b_y"])
    expected = told.last_close * np.exp(told.output[0] * told.volatility)
    assert told.yhat[0] == pytest.approx(expected, rel=1e-9)
    page = Console(file=StringIO(), width=100)
    print_explanation(told, page, "ko")
    assert f"{told.yhat[0]:,.2f}" in page.file.getvalue()


@pytest.mark.parametrize("recipe", ["mlp", "gru", "lstm", "rnn-stacked"])
def test_the_family_is_walked(bars, recipe):
    assert explain(bars, recipe=recipe, settings=QUICK).yhat[0] > 0.0


REFUSED = {
    "rnn-bidirectional": "bidirectional",
    "seq2seq": "decoder=recurrent",
    "seq2seq-attention": "decoder=attention",
    "transformer": "cell=transformer",
    "bert": "cell=transformer",
    "bert-scratch": "cell=transformer",
    "lstm-3day": "head=batchnorm",
    "lstm-log": "head=batchnorm",
}


@pytest.mark.parametrize("epoch", [0, None])
@pytest.mark.parametrize("recipe", REFUSED)
def test_what_is_more_than_walked_cells_is_refused_at_once(bars, recipe, epoch, monkeypatch):
    monkeypatch.setattr("nextclose.study.explain.fit_epochs", lambda *_, **__: pytest.fail("nothing is to be fitted"))
    with pytest.raises(SettingsError) as caught:
        explain(replace(bars, adj_close=bars.close), recipe=recipe, epoch=epoch)
    assert str(caught.value) == (
        "explain walks the cells rnn, gru, lstm and mlp with a linear head, step by step; recipe "
        f"'{recipe}' has {REFUSED[recipe]}"
    )


@pytest.mark.parametrize("epoch", [0, 2, None])
@pytest.mark.parametrize("head", ["linear", "every-step"])
def test_a_net_that_goes_on_by_recursion_shows_the_session_that_it_says(bars, epoch, head):
    more = {"strategy": "recursive", "horizon": 3, "features": ("close",), "head": head}
    told = explain(bars, recipe="default", settings=QUICK | more, epoch=epoch)
    assert told.output.shape == (1,)
    assert told.yhat.shape == (1,)
