"""The running verdict: the project's own judgement, from what stands in a ledger and nothing else."""

from __future__ import annotations

import datetime as dt
import shutil

import numpy as np
import pytest
from tests.market.ledger.conftest import at, bare_run, forecast, own_sessions, rows, truth

from nextclose.core.evening import RunningVerdict
from nextclose.core.forecasts import Forecasts
from nextclose.core.plain import plain, rebuild, to_json
from nextclose.judging.judge import judge
from nextclose.judging.market import tallies_of
from nextclose.market.ledger import book
from nextclose.market.ledger.chain import Ledger
from nextclose.market.ledger.verdict import running_verdict

SESSIONS = 40
SYMBOLS = ("A", "B", "C")
ALIKE = (
    "n",
    "sessions",
    "symbols",
    "skill",
    "skill_lo",
    "skill_hi",
    "directional_accuracy",
    "coverage",
    "verdict",
    "brier",
)


def day(number):
    return np.busday_offset("2024-01-01", number).item()


def evenings(ledger, sessions=SESSIONS, *, in_time=True, error=0.8, models=("net", "persistence"), step=1, seed=0):
    """Forecasts of the session after, and its truth; the net has a share of persistence's error left."""
    rng, close = np.random.default_rng(seed), dict.fromkeys(SYMBOLS, 100.0)
    for number in range(sessions):
        said, came = [], []
        for symbol in SYMBOLS:
            last, y = close[symbol], close[symbol] * (1.0 + 0.02 * rng.standard_normal())
            own = {"origin": day(number), "step": step, "target_date": day(number + step), "last_close": last}
            for model in models:
                yhat = last if model == "persistence" else last + (1.0 - error) * (y - last)
                ends = {"lo": last * 0.97, "hi": last * 1.03, "p_up": 0.5 + 0.1 * (y > last)}
                said.append(forecast(symbol, model, yhat=yhat) | own | ends)
            came.append(truth(symbol, y=y) | own | {"actual_date": day(number + step)})
            close[symbol] = y
        ledger.append(
            "forecasts", rows("forecasts", *said), as_of=str(day(number)), page={"in_time": in_time}, now=at()
        )
        ledger.append("truths", rows("truths", *came), as_of=str(day(number + 1)), page={}, now=at())
    return ledger


def told(ledger, **more):
    return running_verdict(book.read(ledger), ledger, **more)


def test_it_is_what_the_judge_says_of_the_same_forecasts(ledger):
    found = told(evenings(ledger))
    judged = judge(book.read(ledger).joined(), contests=False)
    assert [row.name for row in found.models] == ["net", "persistence"]
    for own, other in zip(found.models, judged.models, strict=True):
        assert [getattr(own, name) for name in ALIKE] == pytest.approx([getattr(other, name) for name in ALIKE])
    assert found.models[0].verdict == "beats persistence"
    assert found.models[0].sentence.split(".")[0] == judged.models[0].sentence.split(".")[0]


@pytest.mark.parametrize("size", [80, 1])
def test_it_is_the_same_in_parts_of_some_symbols(ledger, monkeypatch, size):
    evenings(ledger, models=("net", "persistence", "ridge"))
    one_model = [forecast("Z", "net", origin=day(number), yhat=1.0) for number in range(SESSIONS)]
    came = [truth("Z", origin=day(number), actual_date=day(number + 1), y=100.0) for number in range(SESSIONS)]
    ledger.append("forecasts", rows("forecasts", *one_model), as_of="x", page={}, now=at())
    ledger.append("truths", rows("truths", *came), as_of="x", page={}, now=at())
    whole = told(ledger)
    monkeypatch.setattr(book, "PART", size)
    parts = told(ledger)
    assert [(row.name, row.n) for row in parts.models] == [(name, 120) for name in ("net", "persistence", "ridge")]
    for own, other in zip(parts.models, whole.models, strict=True):
        assert [getattr(own, name) for name in ALIKE] == pytest.approx([getattr(other, name) for name in ALIKE])
        assert own.verdict == other.verdict


def test_where_no_forecast_is_of_every_model_nothing_is_judged(ledger, monkeypatch):
    said = [forecast("A", "net", step=2), forecast("B", "persistence", step=2)]
    came = [truth(symbol, step=2) for symbol in "AB"]
    ledger.append("forecasts", rows("forecasts", *said), as_of="x", page={}, now=at())
    ledger.append("truths", rows("truths", *came), as_of="x", page={}, now=at())
    whole = told(ledger)
    monkeypatch.setattr(book, "PART", 1)
    assert to_json(told(ledger)) == to_json(whole)
    assert [(row.name, row.step, row.n) for row in whole.models] == [("net", 2, 0), ("persistence", 2, 0)]


def test_the_counts(ledger):
    evenings(ledger)
    ledger.append(
        "forecasts", rows("forecasts", forecast("A", origin=day(60))), as_of="x", page={"in_time": False}, now=at()
    )
    ledger.append(
        "forecasts", rows("forecasts", forecast("B", origin=day(60), yhat=None)), as_of="x", page={}, now=at()
    )
    found = told(ledger)
    assert (found.sessions, found.scored, found.pending, found.redated) == (40, 240, 1, 0)
    assert found.as_of == str(day(40))
    assert (found.in_time, found.entries, found.head) == (240, 83, ledger.entries[-1].hash)


@pytest.mark.parametrize("in_time", [False, None])
def test_a_replay_is_not_in_time(ledger, in_time):
    assert told(evenings(ledger, 3, in_time=in_time)).in_time == 0


def test_below_thirty_sessions_there_are_too_few(ledger):
    found = told(evenings(ledger, 29))
    assert found.models[0].verdict == "too few to tell"


def test_rows_that_some_model_lacks_are_judged_of_none(ledger):
    evenings(ledger, 35)
    extra = [forecast("Z", "net", origin=day(number), yhat=1.0) for number in range(35)]
    came = [truth("Z", origin=day(number), actual_date=day(number + 1), y=100.0) for number in range(35)]
    ledger.append("forecasts", rows("forecasts", *extra), as_of="x", page={}, now=at())
    ledger.append("truths", rows("truths", *came), as_of="x", page={}, now=at())
    found = told(ledger)
    assert {row.n for row in found.models} == {105}
    assert found.scored == 245


def test_each_step_is_judged(ledger):
    evenings(ledger, 32)
    evenings(ledger, 32, step=2, seed=1)
    found = told(ledger)
    assert [(row.name, row.step) for row in found.models] == [
        ("net", 1), ("persistence", 1), ("net", 2), ("persistence", 2)
    ]  # fmt: skip


def test_the_runs_recipes_are_recipes(tmp_path):
    ledger = Ledger.begin(bare_run(tmp_path / "run", recipes=("ridge",)), now=at())
    found = told(evenings(ledger, 3, models=("ridge", "net", "persistence")))
    assert {row.name: row.kind for row in found.models} == {
        "ridge": "recipe",
        "net": "baseline",
        "persistence": "baseline",
    }


@pytest.mark.parametrize(("error", "alarm"), [(0.8, False), (1.4, True), (0.3, True)])
def test_drift_is_seen_against_the_runs_own_sessions(tmp_path, error, alarm):
    run = bare_run(tmp_path / "run", sessions=own_sessions(100, error=0.8))
    (found,) = told(evenings(Ledger.begin(run, now=at()), 25, error=error)).drift
    assert (found.model, found.sessions, found.reference, found.alarm) == ("net", 20, 100, alarm)
    assert found.ratio == pytest.approx(error)


def test_without_a_band_it_says_why(ledger):
    found = told(evenings(ledger, 25))
    assert found.drift == ()
    assert "the run tested 5 sessions" in found.reasons["drift"]


def test_it_needs_the_ledger_alone(ledger, tmp_path):
    evenings(ledger)
    (tmp_path / "elsewhere").mkdir()
    shutil.copytree(ledger.folder, tmp_path / "elsewhere" / "ledger")
    copy = Ledger.open(tmp_path / "elsewhere")
    assert to_json(told(copy)) == to_json(told(ledger))


def test_it_is_read_again_as_it_was_written(ledger):
    found = told(evenings(ledger, 8), lang="ko")
    assert to_json(rebuild(RunningVerdict, plain(found))) == to_json(found)
    assert "거래일" in found.models[0].sentence


def test_a_rescaled_row_counts_in_its_new_prices(ledger):
    evenings(ledger, 35)
    before = told(ledger).models[0]
    table = book.read(ledger).truths
    halved = [row | {"y": row["y"] / 2, "last_close": row["last_close"] / 2, "basis": 0.5} for row in table.to_pylist()]
    halved = [{name: value for name, value in row.items() if name != "entry"} for row in halved]
    ledger.append("truths", rows("truths", *halved), as_of="x", page={}, now=at())
    after = told(ledger).models[0]
    assert after.skill == pytest.approx(before.skill)
    assert after.coverage == before.coverage
    assert book.read(ledger).superseded == len(halved)


def test_a_model_without_a_number_takes_none_away():
    made = {"symbol": ["A"] * 4, "model": ["net", "net", "none", "none"], "yhat": np.array([1.0, 1.0, np.nan, np.nan])}
    made |= {"target_date": [dt.date(2024, 1, 3), dt.date(2024, 1, 4)] * 2, "last_close": 1.0, "y": np.full(4, 1.1)}
    found = tallies_of(Forecasts.make(made))
    assert {key: tally.forecasts for key, tally in found.items()} == {("net", 1): 2}
