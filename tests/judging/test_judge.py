from __future__ import annotations

import numpy as np
import pytest

from nextclose.core.errors import ForecastsError
from nextclose.core.forecasts import Forecasts
from nextclose.judging.accuracy_tests import diebold_mariano
from nextclose.judging.bootstrap import skill_interval
from nextclose.judging.judge import judge
from nextclose.judging.sentence import detectable_skill


def table(n=250, seed=0, *, noise=0.0, signal=0.0, model="m", symbol="A", drift=0.0):
    """Forecasts of a walk whose forecaster knows a share of the coming change and adds noise."""
    rng = np.random.default_rng(seed)
    change = drift + 0.01 * rng.standard_normal(n)
    close = 100.0 * np.exp(np.concatenate([[0.0], np.cumsum(change)]))
    dates = np.busday_offset(np.datetime64("2020-01-01"), np.arange(n + 1))
    move = signal * change + noise * 0.01 * rng.standard_normal(n)
    return Forecasts.make(
        {
            "symbol": symbol, "model": model, "origin": dates[:-1], "target_date": dates[1:],
            "yhat": close[:-1] * (1.0 + move), "last_close": close[:-1], "y": close[1:],
        }
    )  # fmt: skip


def only(forecasts, **more):
    (row,) = judge(forecasts, **more).models
    return row


@pytest.mark.parametrize(
    ("made", "verdict", "information"),
    [
        (table(signal=0.6, noise=0.1), "beats persistence", "seen"),
        (table(noise=1.0), "worse than persistence", "not seen"),
        (table(noise=0.01), "no difference found", "not seen"),
        (table(n=29, signal=0.9), "too few to tell", "not seen"),
        (table(signal=0.35, noise=1.0, n=1000), "worse than persistence", "seen"),
    ],
)
def test_each_verdict(made, verdict, information):
    row = only(made)
    assert (row.verdict, row.information) == (verdict, information)
    assert row.name in row.sentence


def test_a_great_skill_is_an_alarm():
    assert "leak" in only(table(signal=0.6, noise=0.1)).sentence
    assert "leak" not in only(table(noise=0.01)).sentence


def test_no_difference_says_what_so_many_sessions_show():
    assert "about 0.099" in only(table(noise=0.01)).sentence
    assert detectable_skill(250) == pytest.approx(0.10, abs=0.005)
    assert detectable_skill(1000) == pytest.approx(0.025, abs=0.001)


def test_what_detectable_skill_promises_is_kept():
    """A forecaster that knows a share s = 25 / n of the variance is found about four times in five."""
    n, found = 1000, 0
    share = detectable_skill(n)
    for seed in range(300):
        rng = np.random.default_rng(seed)
        known = np.sqrt(share) * rng.standard_normal(n)
        error = np.sqrt(1.0 - share) * rng.standard_normal(n)
        found += diebold_mariano(error, error + known).below < 0.05
    assert 0.73 < found / 300 < 0.87


def test_holm_runs_over_the_files_models():
    one = table(signal=0.16, noise=0.1, seed=4)
    alone = only(one)
    crowd = Forecasts.concat([one, *(table(noise=0.3, seed=4, model=f"noise{i}") for i in range(9))])
    first = judge(crowd).models[0]
    assert first.pvalue_adjusted == pytest.approx(min(10 * alone.pvalue_adjusted, 1.0))


def test_models_are_compared_on_the_sessions_they_share():
    long, short = table(n=100, noise=0.2), table(n=100, noise=0.2, model="short")
    judged = judge(Forecasts.concat([long, short.where(np.arange(100) >= 40)]))
    assert [row.n for row in judged.models] == [60, 60]
    assert any("60 forecasts" in note for note in judged.notes)


def test_truths_to_come_are_kept_and_not_judged():
    made = table(n=50, noise=0.1)
    y = made.y.copy()
    y[-1] = np.nan
    judged = judge(made.replace(y=y))
    assert judged.models[0].n == 49
    assert any("no truth yet" in note for note in judged.notes)


def test_forecasts_that_are_no_number_are_counted():
    made = table(n=50, noise=0.1)
    yhat = made.yhat.copy()
    yhat[3] = np.nan
    judged = judge(made.replace(yhat=yhat))
    assert judged.models[0].n == 49
    assert any("1 forecasts are no number" in note for note in judged.notes)


def test_a_copy_of_the_last_close_is_persistence_itself():
    row = only(table(n=60))
    assert row.skill == 0.0
    assert np.isnan(row.dm.statistic)
    assert row.reasons["dm"] == "its errors are those of persistence"
    assert row.verdict == "no difference found"


def test_rows_that_stand_twice_or_run_backwards_are_refused():
    made = table(n=40)
    with pytest.raises(ForecastsError, match="1 forecasts stand twice"):
        judge(Forecasts.concat([made, made.where(np.array([7]))]))
    with pytest.raises(ForecastsError, match="not after their origin"):
        judge(made.replace(origin=made.target_date))
    with pytest.raises(ForecastsError, match="no forecasts"):
        judge(made.where(np.zeros(40, dtype=bool)))


def test_several_symbols_are_pooled_without_mixing_their_sessions():
    one, two = table(n=60, noise=0.2), table(n=50, noise=0.2, symbol="B", seed=5)
    row = only(Forecasts.concat([one, two]))
    assert row.n == 110


def test_a_panels_interval_and_ratio_are_of_sessions_and_of_e(make_panel, make_table):
    made = make_table(T=90, symbols=3)
    panel, row = make_panel(made), only(made)
    days, of = np.unique(made.target_date, return_inverse=True)
    lost, base = (np.bincount(of, weights=values**2, minlength=len(days)) for values in (panel.error, panel.naive))
    assert (row.skill_lo, row.skill_hi) == pytest.approx(skill_interval(lost, base), rel=1e-9)
    assert row.rmse_ratio == pytest.approx(np.sqrt(np.mean(panel.error**2) / np.mean(panel.naive**2)), rel=1e-9)
    assert row.rmse_e == pytest.approx(np.sqrt(np.mean(panel.error**2)), rel=1e-9)
    assert row.mae_e == pytest.approx(np.mean(np.abs(panel.error)), rel=1e-9)


def test_seeds_are_measured_on_the_judged_sessions():
    made = table(n=80, noise=0.2)
    seeds = np.stack([made.yhat, made.last_close])
    row = only(made, seed_forecasts={"m": seeds})
    assert row.rmse_by_seed[0] == pytest.approx(row.rmse)
    assert row.rmse_ratio_by_seed[1] == pytest.approx(1.0)
    assert "Over 2 seeds the median RMSE" in row.sentence


def test_a_constant_drift_takes_the_glory():
    made = table(n=600, drift=0.004, signal=0.0)
    constant = made.replace(yhat=made.last_close * 1.0041)
    mean = made.replace(yhat=made.last_close * 1.004, model=np.full(600, "train-mean", dtype=object))
    judged = judge(Forecasts.concat([constant, mean]))
    assert [row.kind for row in judged.models] == ["recipe", "baseline"]
    assert judged.models[0].verdict == "beats persistence"
    assert "no better than a constant drift" in judged.models[0].sentence


def test_korean_sentences_hold_no_english_words():
    row = only(table(noise=1.0), lang="ko")
    assert "지속성 예측보다 못합니다" in row.sentence
    assert "sessions" not in row.sentence


@pytest.mark.slow
@pytest.mark.parametrize("n", [250, 1000])
def test_noise_is_rarely_believed(n):
    beats = seen = 0
    runs = 2_000
    for seed in range(runs):
        row = only(table(n=n, seed=seed, noise=0.3))
        beats += row.verdict == "beats persistence"
        seen += row.information == "seen"
    assert beats / runs <= 0.06
    assert seen / runs <= 0.06


def test_a_model_without_forecasts_does_not_silence_the_others():
    made, empty = table(n=60, noise=0.2), table(n=60, model="empty")
    judged = judge(Forecasts.concat([made, empty.replace(yhat=np.full(60, np.nan)), table(n=60, noise=0.3, model="c")]))
    assert [row.n for row in judged.models] == [60, 0, 60]
    assert judged.models[0].verdict != "too few to tell"
    assert judged.contests[0].models == ("m", "c")


@pytest.mark.parametrize("column", ["y", "last_close"])
@pytest.mark.parametrize("value", [np.inf, 0.0, -3.0])
def test_an_impossible_price_is_left_out_and_counted(column, value):
    made = table(n=60, noise=0.2)
    values = getattr(made, column).copy()
    values[5] = value
    judged = judge(made.replace(**{column: values}))
    assert judged.models[0].n == 59
    assert np.isfinite(judged.models[0].skill)
    assert any(note.startswith("1 ") for note in judged.notes)


def test_prices_that_never_move_leave_nothing_to_tell():
    made = table(n=60, noise=0.2)
    row = only(made.replace(y=made.last_close))
    assert "nothing can be told" in row.sentence
    assert "nan" not in row.sentence
    assert "skill" in row.reasons


def test_extreme_values_are_no_accident():
    made = table(n=60, noise=0.2)
    last = made.last_close.copy()
    last[5] = 1e-300
    with np.errstate(all="ignore"):
        row = only(made.replace(last_close=last))
    assert "mz" in row.reasons


def test_far_steps_need_several_times_as_many_sessions():
    made = table(n=60, noise=0.2)
    row = only(made.replace(step=np.full(60, 25), origin=made.origin - 40))
    assert "three a step" in row.reasons["cw"]
    assert row.sentence.startswith("m, step 25:")
    assert "four times in five" not in row.sentence


def test_shares_and_intervals_that_are_none_are_refused():
    made = table(n=60, noise=0.2)
    with pytest.raises(ForecastsError, match="'level': expected shares"):
        judge(made.replace(level=np.full(60, 90.0)))
    with pytest.raises(ForecastsError, match="'p_up': expected shares"):
        judge(made.replace(p_up=np.full(60, 55.0)))
    with pytest.raises(ForecastsError, match="60 intervals have lo above hi"):
        judge(made.replace(lo=made.yhat + 1.0, hi=made.yhat - 1.0))
    row = only(made.replace(lo=made.yhat - 1.0, hi=made.yhat + 1.0))
    assert row.reasons["interval_score"] == "the intervals claim no level below 1"


def test_a_family_needs_more_to_be_found():
    assert detectable_skill(250, 20) == pytest.approx(0.212, abs=0.002)
    crowd = Forecasts.concat([table(noise=0.01), *(table(noise=0.02, seed=i, model=f"n{i}") for i in range(19))])
    assert "about 0.21 four times" in judge(crowd).models[0].sentence


def test_only_a_copy_is_called_persistence():
    row = only(table(n=60, noise=0.5, model="persistence"))
    assert "repeats the last close" not in row.sentence
    assert "repeats the last close" in only(table(n=60, model="persistence")).sentence
