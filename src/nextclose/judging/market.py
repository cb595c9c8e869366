"""A market's verdict from the sums of its sessions: the rows themselves need never be in one place.

Shards of symbols are measured apart (`Tally.of`, `symbol_statistics`) and put together (`Tally.sum`,
`SymbolStatistics.concat`); what is judged then is what `judge` would judge on all the rows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nextclose.core.errors import ForecastsError
from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang, Text
from nextclose.core.results import Judgement, Kind, RivalRow
from nextclose.judging.accuracy_tests import SAME
from nextclose.judging.by_symbol import symbol_rows
from nextclose.judging.contest import PERSISTENCE, contest
from nextclose.judging.judge import BASELINE_KINDS
from nextclose.judging.keys import Keys, shared, usable
from nextclose.judging.model_rows import any_beats, model_rows
from nextclose.judging.panel import Panel, Sessions
from nextclose.judging.rivals import against
from nextclose.judging.row import measure_tally, skill_of_sums
from nextclose.judging.stored import one_step
from nextclose.judging.symbol_statistics import SymbolStatistics
from nextclose.judging.tally import Tally


def judge_tallies(
    tallies: Mapping[str, Tally],
    *,
    kinds: Mapping[str, Kind] | None = None,
    symbols: Mapping[str, SymbolStatistics] | None = None,
    contests: bool = True,
    lang: Lang = "en",
) -> Judgement:
    """Verdicts on the models of a market at one step, equal to those of `judge` on the rows that were added up.

    Parameters
    ----------
    tallies : model -> its sums, all over the same forecasts of one step; in the order in which the rows are to stand.
    kinds : which models are baselines; by their names unless said, as in `judge`.
    symbols : model -> its symbols one by one, where rows of them are wanted; used where there are several.
    contests : whether the models are set against each other too (SPA, model confidence set).
    lang : of the sentences and reasons.

    Returns
    -------
    A Judgement with an empty table and without intervals by volatility. What only rows tell is NaN, None or empty: RMSE
    and MAE of the price, MAPE, pinball loss, Mincer-Zarnowitz, the shift diagnosis, the second look of the alarm.

    Raises
    ------
    ForecastsError : no models, sums of different steps, or of different forecasts.
    """
    kinds, symbols = kinds or BASELINE_KINDS, symbols or {}
    _check(tallies, symbols)
    measured = [measure_tally(tally, name=name, kind=kinds.get(name, "recipe")) for name, tally in tallies.items()]
    several = {name: statistics for name, statistics in symbols.items() if len(statistics) > 1}
    own = [symbol_rows(several[name], name, lang) if name in several else () for name in tallies]
    rows = model_rows(measured, own, lang)
    settled = contest(measured, lang, believed=any_beats(rows)) if contests else None
    return Judgement(
        models=tuple(rows),
        notes=(),
        table=Forecasts.concat([]),
        symbols=tuple(row for group in own for row in group),
        contests=() if settled is None else (settled,),
        rivals=rival_rows(tallies, kinds=kinds, lang=lang),
        lang=lang,
    )


def tallies_of(forecasts: Forecasts) -> dict[tuple[str, int], Tally]:
    """(model, step) -> its sums, over the rows of that step that can be judged and that every model made.

    A model that has no such row at a step does not count there.
    """
    keys, judged, found = Keys(forecasts), usable(forecasts), {}
    for step in np.unique(forecasts.step[judged]).tolist():
        own = judged & (forecasts.step == step)
        there = np.unique(keys.model[own]).tolist()
        for model, rows in zip(there, shared(keys, own, there), strict=True):
            panel = Panel(
                rows=forecasts.where(rows),
                symbol=keys.symbol[rows],
                sessions=Sessions.of_days(keys.day[rows]),
                step=step,
            )
            found[keys.models[model], step] = Tally.of(panel)
    return found


def rival_rows(
    tallies: Mapping[str, Tally], *, kinds: Mapping[str, Kind] | None = None, lang: Lang = "en"
) -> tuple[RivalRow, ...]:
    """Each recipe against each baseline but persistence, both one-sided p-values of each pair as they are.

    Parameters as in `judge_tallies`. Pairs of which one holds no forecast are left out.
    """
    kinds = kinds or BASELINE_KINDS
    known = {name: tally for name, tally in tallies.items() if tally.forecasts}
    baselines = [name for name in known if kinds.get(name) == "baseline" and name != PERSISTENCE]
    recipes = [name for name in known if kinds.get(name, "recipe") == "recipe"]
    return tuple(_rival_row(name, rival, known, lang) for name in recipes for rival in baselines)


def _rival_row(name: str, rival: str, tallies: Mapping[str, Tally], lang: Lang) -> RivalRow:
    own = tallies[name]
    found = against(own, rival, tallies[rival].lost)
    reasons = {}
    if found.dm.undefined is not None:
        why = Text("its errors are those of {name}", name=rival) if found.dm.undefined is SAME else found.dm.undefined
        reasons = dict.fromkeys(("statistic", "pvalue_better", "pvalue_worse"), why.render(lang))
    return RivalRow(
        model=name,
        rival=rival,
        step=own.step,
        skill=skill_of_sums(own.lost, own.base),
        rival_skill=found.skill,
        statistic=found.dm.statistic,
        pvalue_better=found.dm.below,
        pvalue_worse=found.dm.above,
        n=found.dm.n,
        reasons=reasons,
    )


def _check(tallies: Mapping[str, Tally], symbols: Mapping[str, SymbolStatistics]) -> None:
    """Raise ForecastsError for what cannot be judged together; a model without any forecast stands beside the others."""
    if not tallies:
        raise ForecastsError("the table holds no forecasts")
    one_step([*(tally.step for tally in tallies.values()), *(own.step for own in symbols.values())])
    known = [(name, tally) for name, tally in tallies.items() if tally.forecasts]
    for name, tally in known[1:]:
        first, other = known[0]
        if not (np.array_equal(tally.dates, other.dates) and np.array_equal(tally.n, other.n)):
            raise ForecastsError(
                "models '{first}' and '{other}' were added up over different forecasts ({n} and {m} of them): take those "
                "that every model made",
                first=first, other=name, n=f"{other.forecasts:,}", m=f"{tally.forecasts:,}",
            )  # fmt: skip
