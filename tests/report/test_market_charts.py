"""The files of charts: names that no symbol makes, dates once, prices that come back."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.report.synthetic_market import make_charts, make_view

from nextclose.report.market_charts import GROUP, MOST_FOLDS, UNIT, chart_group, write_charts
from nextclose.report.market_view import ChartData, ChartModel

NAN = float("nan")


def made(T=3, folds=1, **changed) -> ChartData:
    dates = np.datetime64("2024-01-01", "D") + np.arange(T)
    columns = {
        "symbol": "A", "dates": dates, "y": np.full(T, 101.0), "last_close": np.full(T, 100.0),
        "models": {"net": ChartModel(yhat=np.full(T, 100.5), lo=np.full(T, 99.0), hi=np.full(T, 102.0))},
        "folds": dates[:1] + np.arange(folds),
    }  # fmt: skip
    return ChartData(**columns | changed)


def test_a_group_is_a_file_and_a_symbol_knows_its_place(tmp_path):
    view = make_view(symbols=GROUP + 3, sessions=40)
    (tmp_path / "charts").mkdir()
    numbered = write_charts(make_charts(view), tmp_path)
    assert list(numbered.values()) == list(range(GROUP + 3))
    for symbol, number in numbered.items():
        text = (tmp_path / "charts" / f"{number // GROUP:05d}.js").read_text(encoding="utf-8")
        name, value = json.loads("[" + text.removeprefix("nextclose.receive(").removesuffix(");\n") + "]")
        assert name == f"charts/{number // GROUP:05d}"
        assert value["charts"][number % GROUP]["symbol"] == symbol


def test_symbols_are_read_one_file_at_a_time(tmp_path):
    (tmp_path / "charts").mkdir()
    written = []

    def lazily():
        for number in range(3 * GROUP):
            written.append(len(list((tmp_path / "charts").iterdir())))
            yield made(symbol=str(number))

    write_charts(lazily(), tmp_path)
    assert written == [0] * GROUP + [1] * GROUP + [2] * GROUP


def test_files_of_an_earlier_larger_run_go_and_no_others(tmp_path):
    charts = tmp_path / "charts"
    charts.mkdir()
    for name in ("00000.js", "00007.js", "mine.js", "00001.txt"):
        (charts / name).write_text("old", encoding="utf-8")
    write_charts([made()], tmp_path)
    assert sorted(entry.name for entry in charts.iterdir()) == ["00000.js", "00001.txt", "mine.js"]
    assert (charts / "00000.js").read_text(encoding="utf-8") != "old"


def test_forecasts_come_back_from_whole_units():
    rng = np.random.default_rng(0)
    last = 70_000.0 * np.exp(rng.standard_normal(200))
    yhat = last * (1.0 + 0.02 * rng.standard_normal(200))
    (chart,) = chart_group([made(200, last_close=last, models={"net": ChartModel(yhat=yhat)})])["charts"]
    (model,) = chart["models"]
    assert sorted(model) == ["name", "yhat"]
    assert all(type(unit) is int for unit in model["yhat"])
    back = last * (1.0 + UNIT * np.array(model["yhat"]))
    np.testing.assert_allclose(back, yhat, rtol=0.0, atol=0.51 * UNIT * last.max())


def test_what_is_not_known_is_null():
    odd = np.array([NAN, np.inf, 101.0])
    chart = made(y=np.array([NAN, 1.0, 2.0]), models={"net": ChartModel(yhat=odd, lo=odd * NAN, hi=odd * NAN)})
    (own,) = chart_group([chart])["charts"]
    assert own["y"] == [None, 1.0, 2.0]
    assert own["models"] == [{"name": "net", "yhat": [None, None, 1000]}]


@pytest.mark.filterwarnings("error")
def test_a_last_close_of_zero_draws_nothing_and_warns_of_nothing():
    (own,) = chart_group([made(last_close=np.zeros(3))])["charts"]
    assert own["models"][0]["yhat"] == [None] * 3


def test_dates_that_symbols_share_stand_once():
    group = chart_group([made(), made(symbol="B"), made(4, symbol="C")])
    assert [len(dates) for dates in group["dates"]] == [3, 4]
    assert [chart["dates"] for chart in group["charts"]] == [0, 0, 1]


def test_more_edges_of_folds_than_a_reader_can_see_are_not_drawn():
    assert len(chart_group([made(folds=MOST_FOLDS)])["charts"][0]["folds"]) == MOST_FOLDS
    assert chart_group([made(folds=MOST_FOLDS + 1)])["charts"][0]["folds"] == []
