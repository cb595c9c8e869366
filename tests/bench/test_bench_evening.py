"""The evenings' bench: a small market, one evening, and everything that it prints."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from tests.market.conftest import market_bars, write_set

pytest.importorskip("fastapi", reason="the API is not installed here")

from nextclose.bench.evening import EveningPlan, evening_aims, run_evening_bench
from nextclose.bench.evening_terminal import print_evening_part

pytestmark = pytest.mark.slow
SYMBOLS = ("A", "B", "C", "삼성전자")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    source = write_set(tmp_path_factory.mktemp("evenings") / "walks.parquet", *market_bars(SYMBOLS, 420))
    plan = EveningPlan(
        source=str(source), name="walks", simulated=True, recipe="tutorial", seeds=1, refit_every=20, evenings=1,
        settings=("epochs=5",), year=6, checked=2, requests=50, seconds=1.0,
    )  # fmt: skip
    told = []
    return dict(run_evening_bench(plan, told.append)), told


def test_parity_comes_first_and_is_green(found):
    parts, told = found
    assert list(parts) == ["machine", "parity", "evenings", "rate", "served", "year", "aims"]
    assert parts["parity"].passed
    assert parts["parity"].forecasts >= 2
    assert told[:2] == ["market run", "parity"]


def test_on_the_evening_every_net_is_due(found):
    (evening,) = found[0]["evenings"].steps
    assert (evening.fits, evening.forecasts) == (4, 4)
    assert found[0]["rate"].fits == 4
    for step in (evening.data, evening.update, evening.predict, evening.score):
        assert step.cpu > 0.0
        assert step.wall > 0.0


def test_the_api_answers_while_the_ledger_grows(found):
    served = found[0]["served"]
    assert (served.requests, served.errors) == (50, 0)
    assert 0.0 < served.median <= served.p99 <= served.worst


def test_a_ledger_of_many_evenings_lacks_the_truths_of_its_last_alone(found):
    year = found[0]["year"]
    verdict = year.score.said["verdict"]
    models = len(verdict["models"])
    assert year.evenings == 6
    assert 0 < year.forecasts <= 6 * len(SYMBOLS) * models
    assert 0 < year.score.said["truths"] <= 2 * len(SYMBOLS)
    assert verdict["scored"] == year.forecasts + len(SYMBOLS) * models
    assert np.isfinite(verdict["models"][1]["skill"])


def test_the_slowest_score_counts(found):
    parts = found[0]
    slow = replace(parts["year"], score=replace(parts["year"].score, wall=11.0))
    aims = {aim.quantity: aim for aim in evening_aims(parts["evenings"], parts["served"], slow)}
    assert (aims["score"].reached, aims["score"].met) == (11.0, False)
    assert aims["predict"].met


@pytest.mark.parametrize(
    ("lang", "heard"), [("en", "market score on a ledger of 6 evenings"), ("ko", "저녁 6번과 예측")]
)
def test_everything_is_said_in_80_columns(found, lang, heard):
    console = Console(file=io.StringIO(), width=80)
    for name, part in found[0].items():
        print_evening_part(name, part, console, lang)
    text = console.file.getvalue()
    assert heard in " ".join(text.split())
    assert "walks" in text
    assert max(map(len, text.splitlines())) <= 80
