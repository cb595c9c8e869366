"""The next session's close from a fitted model, dated by the exchange's calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.bars.calendars import guess_exchange, sessions_ahead
from nextclose.core.errors import SettingsError
from nextclose.core.lang import Lang, Text
from nextclose.core.results import Tomorrow
from nextclose.core.types import Float64s
from nextclose.judging.intervals import interval_scale
from nextclose.judging.splits import parse_date
from nextclose.study.scores import LEVEL, NONE_YET, Scores, next_interval


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """The dates of the next K sessions, as far as they are known."""

    dates: tuple[str | None, ...]
    reason: Text | None = None
    """Why a date is None."""


def coming_sessions(bars: Bars, horizon: int, target_date: str | None = None) -> Sessions:
    """The `horizon` sessions after the last bar, by the bars' exchange or the calendar that fits them.

    `target_date` overrides the first where a calendar errs; it must lie after the last bar.
    """
    if target_date is not None:
        first = parse_date("target-date", target_date)
        if first <= bars.dates[-1]:
            raise SettingsError(
                "--target-date {date}: expected a date after the last bar, {last}", date=first, last=bars.dates[-1]
            )
        return Sessions(dates=(str(first),) + (None,) * (horizon - 1))
    exchange, reason = (bars.exchange, None) if bars.exchange else guess_exchange(bars.dates)
    if exchange is None:
        return Sessions(dates=(None,) * horizon, reason=reason)
    dates, reason = sessions_ahead(exchange, bars.dates[-1], horizon)
    return Sessions(dates=tuple(dates), reason=reason)


def forecast_tomorrow(
    model: str,
    bars: Bars,
    prices: Float64s,
    scores: Sequence[Scores],
    sessions: Sessions,
    lang: Lang,
    *,
    quantiles: Float64s | None = None,
) -> tuple[Tomorrow, ...]:
    """One row a step: the seeds' mean close with its interval and probability of a rise.

    Parameters
    ----------
    prices : (S, K) closes by seed.
    scores : past ones (m,) of each step; a step that has none has no interval.
    quantiles : (K, Q) of the closes, where the model has them.
    """
    last_close, volatility = float(bars.close[-1]), float(interval_scale(bars)[-1])
    rows = []
    for step, yhat in enumerate(prices.mean(axis=0).tolist(), start=1):
        past = scores[step - 1] if step <= len(scores) else NONE_YET
        own = None if quantiles is None else quantiles[step - 1]
        lo, hi, p_up = next_interval(yhat, own, last_close, volatility * sqrt(step), past)
        reasons: dict[str, str] = {}
        if np.isnan(lo):
            why = Text("only {count} past out-of-sample errors; an interval needs at least 20", count=len(past.errors))
            reasons |= dict.fromkeys(("lo", "hi", "p_up"), why.render(lang))
        if sessions.dates[step - 1] is None:
            reason = sessions.reason or Text("the exchange's calendar ends before that session")
            reasons["target_date"] = reason.render(lang)
        rows.append(
            Tomorrow(
                symbol=bars.symbol,
                model=model,
                origin=str(bars.dates[-1]),
                step=step,
                target_date=sessions.dates[step - 1],
                yhat=yhat,
                lo=lo,
                hi=hi,
                level=LEVEL,
                p_up=p_up,
                last_close=last_close,
                reasons=reasons,
            )
        )
    return tuple(rows)
