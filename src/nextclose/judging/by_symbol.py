"""One model symbol by symbol: all of a market's symbols in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtr

from nextclose.core.lang import Lang, Text
from nextclose.core.results import Information, Statistic, SymbolRow, Verdict
from nextclose.core.types import Float64s, Ints
from nextclose.judging.accuracy_tests import NO_INFORMATION, NULLS, enough, harvey_leybourne_newbold
from nextclose.judging.longrun import long_run_variances
from nextclose.judging.mincer_zarnowitz import QUANTILE
from nextclose.judging.multiple import benjamini_hochberg
from nextclose.judging.panel import Panel
from nextclose.judging.row import NO_ERROR
from nextclose.judging.verdict import ALPHA, ENOUGH
from nextclose.judging.wandering import guarded, wandering_series

UNTESTED = Text("its errors are those of persistence, or there are too few sessions")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Series:
    """The rows of S symbols, one behind the other."""

    starts: Ints
    counts: Ints
    step: int

    def means(self, values: Float64s) -> Float64s:
        """(n,) -> (S,)."""
        means: Float64s = np.add.reduceat(values, self.starts) / self.counts
        return means

    def errors(self, values: Float64s) -> Float64s:
        """Standard errors of the means, (S,); NaN where they are not known."""
        variance = long_run_variances(values, self.starts, self.step - 1)
        known = (variance > 0.0) & np.array([enough(count, self.step) for count in self.counts.tolist()])
        errors = np.full(len(variance), np.nan)
        errors[known] = np.sqrt(variance[known] / self.counts[known])
        return errors


def by_symbol(panel: Panel, names: Sequence[str], model: str, lang: Lang) -> tuple[SymbolRow, ...]:
    """A row a symbol, in the order of their names.

    The skill's interval is the delta method's: the ratio of two means, linear near them. Verdicts and information rest
    on one-sided Diebold-Mariano and Clark-West p-values, guarded where the announced change wanders, after
    Benjamini-Hochberg over the symbols.
    """
    if len(panel) == 0:
        return ()
    order = panel.by_symbol
    symbols = panel.symbol[order]
    starts = np.flatnonzero(~panel.within)
    series = _Series(starts=starts, counts=np.diff(starts, append=len(symbols)), step=panel.step)
    error, naive = panel.error[order], panel.naive[order]
    lost, base = series.means(error**2), series.means(naive**2)
    ratio = np.divide(lost, base, where=base > 0.0, out=np.full(len(base), np.nan))
    half = QUANTILE * _ratio_error(series, error, naive, ratio, base)
    dm, cw = _tests(series, error, naive)
    T = series.counts
    gains, seen = stdtr(T - 1, dm), ndtr(-cw)
    wander = wandering_series(panel.announced[order], starts)
    better = benjamini_hochberg(np.where(wander, guarded(gains, -dm), gains))
    worse = benjamini_hochberg(stdtr(T - 1, -dm))
    informed = benjamini_hochberg(np.where(wander, guarded(seen, cw), seen))
    y, yhat, last = (column[order] for column in (panel.rows.y, panel.rows.yhat, panel.rows.last_close))
    rose = y > last
    columns = {
        "rmse": np.sqrt(series.means((y - yhat) ** 2)),
        "mae": series.means(np.abs(y - yhat)),
        "skill": 1.0 - ratio,
        "skill_lo": 1.0 - ratio - half,
        "skill_hi": 1.0 - ratio + half,
        "directional_accuracy": series.means((rose == (yhat > last)).astype(np.float64)),
        "always_up": series.means(rose.astype(np.float64)),
    }
    two_sided = 2.0 * stdtr(T - 1, -np.abs(dm))
    rows = []
    for i in range(len(starts)):
        skill = float(columns["skill"][i])
        rows.append(
            SymbolRow(
                symbol=names[int(symbols[starts[i]])],
                model=model,
                step=panel.step,
                n=int(T[i]),
                **{name: float(values[i]) for name, values in columns.items()},
                dm=_statistic(NULLS["squared"], dm[i], two_sided[i], panel.step, T[i], lang),
                cw=_statistic(NO_INFORMATION, cw[i], seen[i], panel.step, T[i], lang),
                verdict=_verdict(int(T[i]), skill, float(better[i]), float(worse[i])),
                information=_information(int(T[i]), float(informed[i])),
                pvalue_adjusted=float(better[i] if skill > 0.0 else worse[i]),
                reasons=_reasons(skill, float(dm[i]), lang),
            )
        )
    return tuple(sorted(rows, key=lambda row: row.symbol))


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


def _statistic(tested: tuple[Text, Text], value: float, pvalue: float, step: int, n: int, lang: Lang) -> Statistic:
    null, alternative = tested
    return Statistic(
        statistic=float(value),
        pvalue=float(pvalue),
        lag=step - 1,
        n=int(n),
        null=null.render(lang),
        alternative=alternative.render(lang),
    )


def _verdict(n: int, skill: float, better: float, worse: float) -> Verdict:
    if n < ENOUGH:
        return "too few to tell"
    if skill > 0.0:
        return "beats persistence" if better < ALPHA else "no difference found"
    return "worse than persistence" if worse < ALPHA else "no difference found"


def _information(n: int, informed: float) -> Information:
    return "seen" if n >= ENOUGH and informed < ALPHA else "not seen"


def _reasons(skill: float, dm: float, lang: Lang) -> dict[str, str]:
    found = {}
    if np.isnan(skill):
        found["skill"] = NO_ERROR.render(lang)
    if np.isnan(dm):
        found["dm"] = found["cw"] = UNTESTED.render(lang)
    return found
