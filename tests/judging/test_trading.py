"""Trades of a table: by hand, by a plain loop, and what must hold whatever the prices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.judging.trades import quotes_of, random_table, table_of, traded_by_hand

from nextclose.core.errors import ForecastsError, SettingsError
from nextclose.core.forecasts import Forecasts
from nextclose.core.trading import TradingRules
from nextclose.judging.trading import trade

CLOSES = [100.0, 110.0, 99.0, 108.9]
OPENS = [100.0, 105.0, 112.0, 100.0]


def rules(**changed):
    return TradingRules(**{"entry": "close", "cost_bp": 0.0} | changed)


def row_of(signs, *, closes=CLOSES, quotes=None, **changed):
    return trade(table_of(closes, signs), rules(**changed), quotes).rows[0]


def test_entry_at_the_close_earns_the_whole_session():
    row = row_of([1, 0, 1])
    np.testing.assert_allclose(row.equity, [1.1, 1.1, 1.1 * 1.1])
    assert (row.trades, row.in_market) == (4, pytest.approx(2 / 3))
    assert row.turnover == pytest.approx(4 / 3 * 252)


def test_entry_at_the_open_gives_up_the_night_after_a_signal_and_has_the_one_after_its_end():
    row = row_of([1, 0, 1], quotes={"A": quotes_of(OPENS, CLOSES)}, entry="open")
    first, second, third = 110 / 105, 112 / 110, 108.9 / 100
    np.testing.assert_allclose(row.equity, [first, first * second, first * second * third])


def test_a_position_is_kept_while_the_signal_stays():
    row = row_of([1, 1, 1], quotes={"A": quotes_of(OPENS, CLOSES)}, entry="open", cost_bp=100.0)
    assert row.trades == 2
    assert row.final == pytest.approx(0.99 * 108.9 / 105 * 0.99)


def test_costs_are_of_the_value_traded_and_taxes_of_sales_alone():
    row = row_of([1, -1, 0], short=True, cost_bp=10.0, tax_bp=30.0)
    bought = (1 - 0.001) * 1.1
    turned = (1 - 2 * 0.001 - 2 * 0.003) * 1.1
    covered = 1 - 0.001
    np.testing.assert_allclose(row.equity, np.cumprod([bought, turned, covered]))
    assert row.trades == 3


def test_a_short_is_bought_back_without_tax_and_a_long_sold_with_it_at_the_end():
    assert row_of([-1], closes=[100, 90], short=True, cost_bp=10.0, tax_bp=30.0).final == pytest.approx(
        (1 - 0.004) * 1.1 * (1 - 0.001)
    )
    assert row_of([1], closes=[100, 90], cost_bp=10.0, tax_bp=30.0).final == pytest.approx(0.999 * 0.9 * (1 - 0.004))


def test_without_shorts_a_fall_announced_is_no_position():
    row = row_of([-1, -1, -1], cost_bp=5.0)
    assert (row.trades, row.in_market, row.final) == (0, 0.0, 1.0)
    assert row.reasons["break_even_bp"] == "no trade was made"
    assert (
        row.sentence == "m never takes a position; buy-and-hold: +127950.3 % a year." or "never takes" in row.sentence
    )


@pytest.mark.parametrize(("threshold", "trades"), [(99.0, 2), (101.0, 0)])
def test_the_announced_change_must_exceed_the_threshold(threshold, trades):
    assert row_of([1, 1, 1], threshold_bp=threshold).trades == trades
    assert row_of([-1, -1, -1], threshold_bp=threshold, short=True).trades == trades


def test_a_tie_and_a_forecast_that_is_no_number_are_no_position():
    assert row_of([0, np.nan, 0], short=True).trades == 0


def test_sessions_without_a_truth_are_left_out_and_a_position_is_closed_before_them():
    made = table_of([100, 110, 99, 108.9, 100], [1, 1, 1, 1])
    y = made.y.copy()
    y[1] = np.nan
    found = trade(made.replace(y=y), rules(cost_bp=100.0))
    row = found.rows[0]
    assert (row.trades, row.sessions) == (4, 3)
    np.testing.assert_allclose(row.equity[0], 0.99 * 1.1 * 0.99)
    assert found.buy_and_hold.trades == 2
    np.testing.assert_allclose(found.buy_and_hold.final, 0.99 * 1.1 * 1.1 * (100 / 108.9) * 0.99)


def test_a_short_may_lose_everything_and_no_more():
    row = row_of([-1, -1], closes=[100, 250, 200], short=True)
    assert (row.final, row.drawdown, row.annual) == (0.0, 1.0, -1.0)


def test_a_constant_long_at_no_cost_is_buy_and_hold():
    found = trade(table_of(CLOSES, [1, 1, 1]), rules(entry="open"), {"A": quotes_of(OPENS, CLOSES)})
    np.testing.assert_array_equal(found.rows[0].equity, found.buy_and_hold.equity_gross)
    assert found.buy_and_hold.final == pytest.approx(108.9 / 105)
    assert (found.start, str(found.dates[0])) == ("2024-01-01", "2024-01-02")


def test_quotes_adjusted_otherwise_than_the_table_change_nothing():
    scaled = quotes_of(np.array(OPENS) * 7.0, np.array(CLOSES) * 7.0)
    ours, theirs = (row_of([1, 0, 1], quotes={"A": q}, entry="open") for q in (quotes_of(OPENS, CLOSES), scaled))
    np.testing.assert_allclose(ours.equity, theirs.equity)


@pytest.mark.parametrize("quotes", [None, {"A": quotes_of(OPENS[:2], CLOSES[:2])}, {"A": quotes_of([0] * 4, CLOSES)}])
def test_missing_opens_are_an_error_that_names_the_way_out(quotes):
    with pytest.raises(ForecastsError, match=r"--bars SOURCE.*--entry close"):
        row_of([1, 0, 1], quotes=quotes, entry="open")


def test_every_wrong_rule_is_named_at_once():
    with pytest.raises(SettingsError) as caught:
        TradingRules(entry="noon", cost_bp=-1.0, tax_bp=float("nan"), threshold_bp=1e9)  # type: ignore[arg-type]
    for name in ("entry", "cost_bp", "tax_bp", "threshold_bp"):
        assert f"{name}: expected" in str(caught.value)


def test_later_steps_are_not_traded_and_without_a_first_there_is_nothing():
    made = table_of(CLOSES, [1, 1, 1])
    later = made.replace(step=np.full(3, 2))
    found = trade(Forecasts.concat([made, later]), rules())
    assert (found.rows[0].sessions, found.notes) == (3, ("3 forecasts of later steps are not traded.",))
    with pytest.raises(ForecastsError, match="nothing to trade"):
        trade(later, rules())
    apart = made.where(np.arange(3) > 0).replace(model=np.array(["b", "b"], dtype=object))
    with pytest.raises(ForecastsError, match="no session in common"):
        trade(Forecasts.concat([made.where(np.arange(3) < 1), apart]), rules())


def test_what_is_left_out_is_said():
    made = table_of(CLOSES, [1, np.nan, 1])
    found = trade(Forecasts.concat([made, table_of(CLOSES, [1, 1, 1], model="b").where(np.arange(3) > 0)]), rules())
    assert found.notes == (
        "1 forecasts of sessions that only some models forecast are not traded.",
        "1 forecasts that are no number are taken as no position.",
    )


def test_models_that_disagree_on_prices_are_all_traded_at_the_first_ones():
    other = table_of([100, 120, 99, 108.9], [1, 1, 1], model="b")
    found = trade(Forecasts.concat([table_of(CLOSES, [1, 1, 1]), other]), rules())
    np.testing.assert_array_equal(found.rows[0].equity, found.rows[1].equity)
    assert found.notes == ("The models' prices differ: all are traded at those of m.",)


@pytest.mark.parametrize(
    ("closes", "signs", "changed", "said"),
    [
        ([100, 90, 80], [1, 1], {}, "loses before any cost"),
        ([100, 101, 102], [1, 0], {"cost_bp": 90.0}, "m: costs eat it: net "),
        ([100, 101, 102], [1, 0], {"tax_bp": 300.0}, "taxes alone eat it"),
        ([100, 101, 110], [1, 0], {}, "m ends below buy-and-hold"),
        ([100, 101, 90], [1, 0], {}, "as luck alone brings it"),
        ([100, 101, 90], [0, 0], {}, "never takes a position"),
    ],
)
def test_the_sentence_says_what_came_of_it(closes, signs, changed, said):
    assert said in row_of(signs, closes=closes, **changed).sentence


def test_several_models_are_counted_against_buy_and_hold():
    three = Forecasts.concat([table_of(CLOSES, signs, model=str(signs)) for signs in ([1, 0, 1], [0, 1, 0], [0, 0, 0])])
    told = trade(three, rules()).sentence
    assert told.startswith(
        "2 of 3 models took positions; after costs 1 of them ended with a gain and 1 above buy-and-hold"
    )
    assert told.endswith("by luck alone.")
    falling = Forecasts.concat([table_of([100, 90, 80], signs, model=str(signs)) for signs in ([1, 0], [1, 1])])
    assert trade(falling, rules()).sentence.endswith(
        "0 of them ended with a gain and 1 above buy-and-hold (-100.0 % a year)."
    )
    assert "0 of them ended with a gain and 0 above" in trade(three, rules(cost_bp=900.0)).sentence


def test_always_long_is_called_buy_and_hold():
    assert "always long, which is buy-and-hold" in row_of([1, 1, 1], cost_bp=5.0).sentence


CHANGES = st.fixed_dictionaries(
    {
        "entry": st.sampled_from(["open", "close"]), "cost_bp": st.floats(0, 50), "tax_bp": st.floats(0, 50),
        "short": st.booleans(), "threshold_bp": st.sampled_from([0.0, 50.0, 150.0]),
    }
)  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), changed=CHANGES)
def test_a_plain_loop_books_the_same(seed, changed):
    asked = TradingRules(**changed)
    table, quotes = random_table(np.random.default_rng(seed))
    for row in trade(table, asked, quotes).rows:
        by_hand = traded_by_hand(table.of(row.name), asked, quotes)
        np.testing.assert_allclose(row.equity, np.cumprod(1.0 + np.array(by_hand)), rtol=1e-12)
        assert row.net == pytest.approx(np.mean(by_hand), abs=1e-14)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), changed=CHANGES)
def test_at_the_break_even_cost_nothing_is_left(seed, changed):
    asked = TradingRules(**changed)
    table, quotes = random_table(np.random.default_rng(seed))
    for row in trade(table, asked, quotes).rows:
        if np.isnan(row.break_even_bp):
            assert row.reasons["break_even_bp"]
            assert row.trades == 0 or row.final <= 1.0
            continue
        if row.break_even_bp <= 1_000.0:
            at = TradingRules(**changed | {"cost_bp": row.break_even_bp})
            (again,) = (other for other in trade(table, at, quotes).rows if other.name == row.name)
            assert again.final == pytest.approx(1.0, abs=1e-9)
        assert (row.final >= 1.0) == (row.break_even_bp >= asked.cost_bp)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), changed=CHANGES)
def test_the_order_of_rows_changes_nothing(seed, changed):
    rng = np.random.default_rng(seed)
    table, quotes = random_table(rng)
    asked = TradingRules(**changed)
    shuffled = trade(table.where(rng.permutation(len(table))), asked, quotes)
    by_name = {row.name: row for row in shuffled.rows}
    for row in trade(table, asked, quotes).rows:
        np.testing.assert_array_equal(row.equity, by_name[row.name].equity)
        assert row.sentence == by_name[row.name].sentence


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), entry=st.sampled_from(["open", "close"]))
def test_always_long_at_no_cost_is_buy_and_hold_on_any_walk(seed, entry):
    table, quotes = random_table(np.random.default_rng(seed), models=1, missing=0.0)
    found = trade(table.replace(yhat=1.01 * table.last_close), rules(entry=entry), quotes)
    np.testing.assert_array_equal(found.rows[0].equity, found.buy_and_hold.equity_gross)


def test_a_growth_that_no_number_holds_stays_at_the_largest():
    found = row_of([1, -1] * 150, closes=[1.0, 1000.0] * 150 + [1.0], short=True)
    assert np.isfinite(found.equity).all()
    assert found.final > 1e300
