"""One model symbol by symbol: what its rows say of each of a market's symbols, in one pass and before any adjustment.

A symbol's numbers rest on its own rows alone, so that shards of symbols can be computed apart and put one behind the
other; what hangs on the number of symbols (Benjamini-Hochberg, hence the verdicts) comes after that, in `by_symbol`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtr

from nextclose.core.types import Bools, Dates, Float64s, Ints
from nextclose.judging.accuracy_tests import enough, harvey_leybourne_newbold
from nextclose.judging.longrun import long_run_variances
from nextclose.judging.mincer_zarnowitz import QUANTILE
from nextclose.judging.panel import Panel
from nextclose.judging.stored import one_step, read_columns
from nextclose.judging.wandering import guarded, wandering_series


@dataclass(frozen=True, kw_only=True, eq=False)
class SymbolStatistics:
    """One model at one step on each of S symbols; NaN where a number is undefined."""

    step: int
    symbol: npt.NDArray[Any]
    """(S,) text."""
    n: Ints
    """(S,) judged forecasts."""
    first: Dates
    last: Dates
    """(S,) target dates of the first and of the last forecast."""
    rmse: Float64s
    mae: Float64s
    """(S,) errors of the price."""
    skill: Float64s
    skill_lo: Float64s
    skill_hi: Float64s
    """(S,) against persistence, with the 90 % interval of the delta method."""
    directional_accuracy: Float64s
    always_up: Float64s
    """(S,) shares of forecasts; a tie is no rise."""
    coverage: Float64s
    """(S,) share of the truths inside [lo, hi]."""
    dm: Float64s
    dm_pvalue: Float64s
    """(S,) Diebold-Mariano's statistic and its two-sided p-value."""
    cw: Float64s
    cw_pvalue: Float64s
    """(S,) Clark-West's statistic and its upper tail."""
    pvalue_gain: Float64s
    pvalue_loss: Float64s
    """(S,) one-sided Diebold-Mariano p-values; that of a gain guarded where the announced change wanders."""
    pvalue_information: Float64s
    """(S,) Clark-West's, guarded likewise."""

    def __len__(self) -> int:
        return len(self.symbol)

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Name -> (S,), the step too: the columns of a table with a row a symbol, such as `make` reads."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return own | {"step": np.full(len(self), self.step, dtype=np.int64)}

    @classmethod
    def make(cls, columns: Mapping[str, Any], /) -> SymbolStatistics:
        """From columns of one model and step; others than ours are ignored. Raises ForecastsError where one is missing."""
        found = read_columns(columns, _KEYS | dict.fromkeys(NUMBERS, np.float64))
        step = one_step(found.pop("step").tolist())
        return cls(step=step, **found)

    @classmethod
    def concat(cls, parts: Iterable[SymbolStatistics]) -> SymbolStatistics:
        """Shards one behind the other, in the order given. Raises ForecastsError unless all are of one step."""
        shards = tuple(parts)
        step = one_step([shard.step for shard in shards])
        names = [field.name for field in fields(cls) if field.name != "step"]
        return cls(step=step, **{name: np.concatenate([getattr(shard, name) for shard in shards]) for name in names})


_KEYS: dict[str, Any] = {
    "symbol": object, "step": np.int64, "n": np.int64, "first": "datetime64[D]", "last": "datetime64[D]",
}  # fmt: skip
NUMBERS = tuple(field.name for field in fields(SymbolStatistics) if field.name not in _KEYS)
"""The columns that are float64."""
_NONE: Float64s = np.empty(0)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Series:
    """The rows of S symbols, one behind the other."""

    starts: Ints
    counts: Ints
    step: int

    def sums(self, values: Float64s) -> Float64s:
        """(n,) -> (S,)."""
        sums: Float64s = np.add.reduceat(values, self.starts)
        return sums

    def means(self, values: Float64s) -> Float64s:
        """(n,) -> (S,)."""
        return self.sums(values) / self.counts

    def shares(self, marked: Bools) -> Float64s:
        """(n,) -> (S,) how large a part of a symbol's rows are marked."""
        return self.means(marked.astype(np.float64))

    def errors(self, values: Float64s) -> Float64s:
        """Standard errors of the means, (S,); NaN where they are not known."""
        variance = long_run_variances(values, self.starts, self.step - 1)
        known = (variance > 0.0) & np.array([enough(count, self.step) for count in self.counts.tolist()])
        errors = np.full(len(variance), np.nan)
        errors[known] = np.sqrt(variance[known] / self.counts[known])
        return errors


def symbol_statistics(panel: Panel, names: Sequence[str]) -> SymbolStatistics:
    """Every symbol of a panel, in the order of the panel's numbers.

    Parameters
    ----------
    names : what the panel's symbol numbers stand for.
    """
    order = panel.by_symbol
    starts = np.flatnonzero(~panel.within)
    series = _Series(starts=starts, counts=np.diff(starts, append=len(order)), step=panel.step)
    dates = panel.rows.target_date[order]
    numbers = {**_closeness(panel, series), **_accuracy(panel, series)} if len(order) else dict.fromkeys(NUMBERS, _NONE)
    return SymbolStatistics(
        step=panel.step,
        symbol=np.array([names[number] for number in panel.symbol[order][starts].tolist()], dtype=object),
        n=series.counts,
        first=dates[starts],
        last=dates[starts + series.counts - 1],
        **numbers,
    )


def _closeness(panel: Panel, series: _Series) -> dict[str, Float64s]:
    """What is counted and averaged without any test."""
    rows, order = panel.rows, panel.by_symbol
    y, yhat, last, lo, hi = (column[order] for column in (rows.y, rows.yhat, rows.last_close, rows.lo, rows.hi))
    rose, off, known = y > last, y - yhat, np.isfinite(lo) & np.isfinite(hi)
    inside = series.sums((known & (lo <= y) & (y <= hi)).astype(np.float64))
    intervals = series.sums(known.astype(np.float64))
    return {
        "rmse": np.sqrt(series.means(off**2)),
        "mae": series.means(np.abs(off)),
        "directional_accuracy": series.shares(rose == (yhat > last)),
        "always_up": series.shares(rose),
        "coverage": np.divide(inside, intervals, where=intervals > 0.0, out=np.full(len(inside), np.nan)),
    }


def _accuracy(panel: Panel, series: _Series) -> dict[str, Float64s]:
    """The skill with the delta method's interval (the ratio of two means, linear near them), and the tests."""
    order, T = panel.by_symbol, series.counts
    error, naive = panel.error[order], panel.naive[order]
    lost, base = series.means(error**2), series.means(naive**2)
    ratio = np.divide(lost, base, where=base > 0.0, out=np.full(len(base), np.nan))
    half = QUANTILE * _ratio_error(series, error, naive, ratio, base)
    dm, cw = _tests(series, error, naive)
    gains, seen = stdtr(T - 1, dm), ndtr(-cw)
    wander = wandering_series(panel.announced[order], series.starts)
    return {
        "skill": 1.0 - ratio,
        "skill_lo": 1.0 - ratio - half,
        "skill_hi": 1.0 - ratio + half,
        "dm": dm,
        "dm_pvalue": 2.0 * stdtr(T - 1, -np.abs(dm)),
        "cw": cw,
        "cw_pvalue": seen,
        "pvalue_gain": np.where(wander, guarded(gains, -dm), gains),
        "pvalue_loss": stdtr(T - 1, -dm),
        "pvalue_information": np.where(wander, guarded(seen, cw), seen),
    }


def _ratio_error(series: _Series, error: Float64s, naive: Float64s, ratio: Float64s, base: Float64s) -> Float64s:
    """Standard error of sum e_m^2 / sum e_p^2: that of the mean of e_m^2 - ratio e_p^2, over the mean of e_p^2."""
    known = np.where(np.isfinite(ratio), ratio, 0.0)
    spread = series.errors(error**2 - np.repeat(known, series.counts) * naive**2)
    errors: Float64s = np.divide(spread, base, where=base > 0.0, out=np.full(len(base), np.nan))
    return errors


def _tests(series: _Series, error: Float64s, naive: Float64s) -> tuple[Float64s, Float64s]:
    """Diebold-Mariano's and Clark-West's statistics, (S,) each."""
    d = error**2 - naive**2
    f = (naive - error) ** 2 - d
    factors = np.array([harvey_leybourne_newbold(int(T), series.step) for T in series.counts])
    return factors * series.means(d) / series.errors(d), series.means(f) / series.errors(f)
