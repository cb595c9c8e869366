"""Judging a Forecasts table: every model against persistence, on the forecasts that all of them made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang
from nextclose.core.results import Contest, IntervalRow, Judgement, Kind, SymbolRow
from nextclose.core.types import Bools, Float64s, Ints
from nextclose.judging.by_symbol import by_symbol
from nextclose.judging.checks import check, left_out, notes_on, uneven
from nextclose.judging.contest import contest
from nextclose.judging.interval_rows import interval_row
from nextclose.judging.keys import Keys, shared, usable
from nextclose.judging.model_rows import any_beats, model_rows
from nextclose.judging.panel import Panel, Sessions, Symbols
from nextclose.judging.rivals import PLAINER
from nextclose.judging.row import Measured, measure

BASELINE_KINDS: dict[str, Kind] = dict.fromkeys(("persistence", *PLAINER), "baseline")


def judge(
    forecasts: Forecasts,
    *,
    kinds: Mapping[str, Kind] | None = None,
    seed_forecasts: Mapping[str, Float64s] | None = None,
    contests: bool = True,
    lang: Lang = "en",
) -> Judgement:
    """Verdicts on every (model, step) of a table.

    Parameters
    ----------
    forecasts : rows of any number of symbols, models and steps; rows without a truth are kept out.
    kinds : which models are baselines; by their names (persistence, drift, train-mean, pooled-mean, ar,
        ridge) unless said. Holm's families are the rows of a kind and step.
    seed_forecasts : model -> (S, rows of that model) each seed's yhat, in the table's order, for the spread over seeds.
    contests : whether several models are set against each other too (SPA, model confidence set).
    lang : of the sentences, notes and reasons.

    Raises
    ------
    ForecastsError : no rows, two forecasts of one thing, or a target before its origin.
    """
    keys = Keys(forecasts)
    check(keys)
    bench = _Bench(keys=keys, kinds=kinds or BASELINE_KINDS, seed_forecasts=seed_forecasts or {}, lang=lang)
    judged = usable(forecasts)
    notes, steps, rows, symbols, settled, intervals = notes_on(keys), [], [], [], [], []
    for step in np.unique(forecasts.step).tolist():
        found = bench.found(judged & (forecasts.step == step), step)
        measured, own = [one.measured for one in found], [one.symbols for one in found]
        steps.append(uneven(keys, judged & (forecasts.step == step), measured, step))
        made = model_rows(measured, own, lang)
        rows += made
        symbols += [row for group in own for row in group]
        intervals += [one.intervals for one in found if one.intervals is not None]
        if contests:
            settled.append(contest(measured, lang, believed=any_beats(made)))
    notes += left_out([step for step in steps if step is not None])
    return Judgement(
        models=tuple(rows),
        notes=tuple(note.render(lang) for note in notes),
        table=forecasts,
        symbols=tuple(symbols),
        contests=tuple(found for found in settled if isinstance(found, Contest)),
        intervals=tuple(intervals),
        lang=lang,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Found:
    """What was found of one model while its rows were at hand."""

    measured: Measured
    symbols: tuple[SymbolRow, ...]
    """Empty where the table holds one symbol."""
    intervals: IntervalRow | None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Bench:
    """A table and how its models are to be measured."""

    keys: Keys
    kinds: Mapping[str, Kind]
    seed_forecasts: Mapping[str, Float64s]
    lang: Lang

    def found(self, judged: Bools, step: int) -> list[_Found]:
        """Every model that has rows at `step`, on the forecasts that all of these made."""
        there = np.unique(self.keys.model[self.keys.table.step == step]).tolist()
        every = shared(self.keys, judged, there)
        fullest = max(every, key=len)
        lines, sessions = Symbols(of=self.keys.symbol[fullest]), Sessions.of_days(self.keys.day[fullest])
        none = Symbols(of=fullest[:0]), Sessions.of_days(fullest[:0])
        return [
            self._find(model, rows, step, *((lines, sessions) if len(rows) else none))
            for model, rows in zip(there, every, strict=True)
        ]

    def _find(self, model: int, rows: Ints, step: int, lines: Symbols, sessions: Sessions) -> _Found:
        """One model; all that have any forecasts here have the same, so that their symbols and sessions are found once."""
        name = self.keys.models[model]
        by_seed = np.empty((0, len(rows)))
        if name in self.seed_forecasts:
            place = np.cumsum(self.keys.model == model) - 1
            by_seed = self.seed_forecasts[name][:, place[rows]]
        panel = Panel(
            rows=self.keys.table.where(rows),
            symbol=lines.of,
            sessions=sessions,
            step=step,
            known=lines,
        )
        measured = measure(panel, by_seed, name=name, kind=self.kinds.get(name, "recipe"))
        several = len(self.keys.symbols) > 1
        return _Found(
            measured=measured,
            symbols=by_symbol(panel, self.keys.symbols, name, self.lang) if several else (),
            intervals=interval_row(panel, measured, self.lang),
        )
