"""One model symbol by symbol: rows with verdicts, adjusted over all of a market's symbols at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nextclose.core.lang import Lang, Text
from nextclose.core.results import Information, Statistic, SymbolRow, Verdict
from nextclose.judging.accuracy_tests import NO_INFORMATION, NULLS
from nextclose.judging.multiple import benjamini_hochberg
from nextclose.judging.panel import Panel
from nextclose.judging.row import NO_ERROR, NO_INTERVAL
from nextclose.judging.symbol_statistics import SymbolStatistics, symbol_statistics
from nextclose.judging.verdict import ALPHA, ENOUGH

__all__ = ["SymbolStatistics", "by_symbol", "symbol_rows", "symbol_statistics"]

UNTESTED = Text("its errors are those of persistence, or there are too few sessions")
_COPIED = (
    "rmse", "mae", "skill", "skill_lo", "skill_hi", "directional_accuracy", "always_up", "coverage",
)  # fmt: skip


def by_symbol(panel: Panel, names: Sequence[str], model: str, lang: Lang) -> tuple[SymbolRow, ...]:
    """A row a symbol of a panel whose symbol numbers stand for `names`, in the order of the names."""
    return symbol_rows(symbol_statistics(panel, names), model, lang)


def symbol_rows(statistics: SymbolStatistics, model: str, lang: Lang) -> tuple[SymbolRow, ...]:
    """A row a symbol, in the order of their names.

    Verdicts and information rest on one-sided Diebold-Mariano and Clark-West p-values, guarded where the announced
    change wanders, after Benjamini-Hochberg over the symbols.
    """
    better, worse, informed = (
        benjamini_hochberg(pvalues).tolist()
        for pvalues in (statistics.pvalue_gain, statistics.pvalue_loss, statistics.pvalue_information)
    )
    copied = {name: getattr(statistics, name).tolist() for name in _COPIED}
    dm = _statistics(statistics.dm.tolist(), statistics.dm_pvalue.tolist(), statistics, NULLS["squared"], lang)
    cw = _statistics(statistics.cw.tolist(), statistics.cw_pvalue.tolist(), statistics, NO_INFORMATION, lang)
    why = _Reasons(*(reason.render(lang) for reason in (NO_ERROR, UNTESTED, NO_INTERVAL)))
    rows = []
    for i, (symbol, n) in enumerate(zip(statistics.symbol.tolist(), statistics.n.tolist(), strict=True)):
        own = {name: values[i] for name, values in copied.items()}
        rows.append(
            SymbolRow(
                symbol=symbol,
                model=model,
                step=statistics.step,
                n=n,
                **own,
                dm=dm[i],
                cw=cw[i],
                verdict=_verdict(n, own["skill"], better[i], worse[i]),
                information=_information(n, informed[i]),
                pvalue_adjusted=better[i] if own["skill"] > 0.0 else worse[i],
                reasons=why.of(own["skill"], dm[i].statistic, own["coverage"]),
            )
        )
    return tuple(sorted(rows, key=lambda row: row.symbol))


def _statistics(
    values: list[float], pvalues: list[float], of: SymbolStatistics, tested: tuple[Text, Text], lang: Lang
) -> list[Statistic]:
    null, alternative = (text.render(lang) for text in tested)
    return [
        Statistic(statistic=value, pvalue=pvalue, lag=of.step - 1, n=n, null=null, alternative=alternative)
        for value, pvalue, n in zip(values, pvalues, of.n.tolist(), strict=True)
    ]


def _verdict(n: int, skill: float, better: float, worse: float) -> Verdict:
    if n < ENOUGH:
        return "too few to tell"
    if skill > 0.0:
        return "beats persistence" if better < ALPHA else "no difference found"
    return "worse than persistence" if worse < ALPHA else "no difference found"


def _information(n: int, informed: float) -> Information:
    return "seen" if n >= ENOUGH and informed < ALPHA else "not seen"


@dataclass(frozen=True)
class _Reasons:
    """Why numbers are missing, in the reader's language."""

    no_error: str
    untested: str
    no_interval: str

    def of(self, skill: float, dm: float, coverage: float) -> dict[str, str]:
        """Field name -> why it is NaN."""
        found = {}
        if np.isnan(skill):
            found["skill"] = self.no_error
        if np.isnan(dm):
            found["dm"] = found["cw"] = self.untested
        if np.isnan(coverage):
            found["coverage"] = self.no_interval
        return found
