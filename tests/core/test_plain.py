from __future__ import annotations

import json
import math

import numpy as np

from nextclose.core.errors import BarsError
from nextclose.core.lang import Joined, Text, say
from nextclose.core.plain import plain, rebuild, to_json
from nextclose.core.results import LossCurve, Rung, SplitDates, Statistic, Tomorrow


def test_what_is_no_number_is_null_and_comes_back():
    value = Statistic(statistic=float("nan"), pvalue=0.25, lag=1, n=9)
    text = to_json(value)
    assert json.loads(text) == {"statistic": None, "pvalue": 0.25, "lag": 1, "n": 9, "null": "", "alternative": ""}
    back = rebuild(Statistic, json.loads(text))
    assert math.isnan(back.statistic)
    assert (back.pvalue, back.lag, back.n) == (0.25, 1, 9)


def test_nested_values_come_back_as_they_were():
    split = SplitDates(
        train_start="2020-01-02", train_end="2020-06-30", test_start="2020-07-01", test_end="2020-12-30",
        train_sessions=120, test_sessions=125, refit_every=None, folds=(("a", "b", "c", "d"),), notes=("x",),
    )  # fmt: skip
    rung = Rung(name="ridge", change="릿지", skill=0.1, rmse_ratio=1.0, rmse_ratio_by_seed=(1.0, 2.0))
    row = Tomorrow(
        symbol="A", model="m", origin="2020-01-01", step=1, target_date=None, yhat=1.5, lo=1.0, hi=2.0, level=0.9,
        p_up=0.5, last_close=1.4, reasons={"target_date": "why"},
    )  # fmt: skip
    for value in (split, rung, row):
        assert rebuild(type(value), json.loads(to_json(value))) == value
    assert "릿지" in to_json(rung)


def test_arrays_come_back_with_their_gaps():
    curve = LossCurve(model="m", losses=np.array([[1.0, np.nan]]), val_losses=np.empty((1, 0)))
    back = rebuild(LossCurve, json.loads(to_json(curve)))
    np.testing.assert_array_equal(back.losses, curve.losses)
    assert back.val_losses.shape == (1, 0)


def test_numpy_scalars_are_plain():
    assert plain({"a": np.int64(3), "b": np.bool_(True), "c": np.float64(np.inf)}) == {"a": 3, "b": True, "c": None}


def test_a_sentence_chooses_its_language_when_it_is_shown():
    hint = Text(" Did you mean '{name}'?", name="AAPL")
    error = BarsError("unknown sample '{name}': expected one of {known}.{hint}", name="APL", known="AAPL", hint=hint)
    assert str(error) == "unknown sample 'APL': expected one of AAPL. Did you mean 'AAPL'?"
    assert error.message("ko") == "알 수 없는 표본 'APL': AAPL 중 하나여야 합니다. 혹시 'AAPL'입니까?"
    assert Joined([Text("seen"), Text("not seen")], ", ").render("ko") == "보임, 안 보임"
    assert say("no such sentence", "ko") == "no such sentence"


def test_errors_travel_between_processes():
    import pickle

    error = pickle.loads(pickle.dumps(BarsError("{symbol}: {hint}", symbol="A", hint=Text("seen"))))
    assert error.message("ko") == "A: 보임"
