"""Judging a Forecasts table: every model against persistence, on the forecasts that all of them made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang
from nextclose.core.results import Contest, Judgement, Kind, ModelRow, SymbolRow
from nextclose.core.types import Bools, Float64s, Ints
from nextclose.judging.by_symbol import by_symbol
from nextclose.judging.checks import check, left_out, notes_on
from nextclose.judging.contest import contest
from nextclose.judging.interval_rows import interval_rows
from nextclose.judging.keys import Keys, shared, usable
from nextclose.judging.panel import Panel, Sessions
from nextclose.judging.rivals import PLAINER
from nextclose.judging.row import Measured, measure
from nextclose.judging.sentence import sentence, symbols_sentence
from nextclose.judging.verdict import Ruling, rule

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
    kinds : which models are baselines; by their names (persistence, drift, train-mean, ar, ridge) unless said. Holm's
        families are the rows of a kind and step.
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
    notes, rows, symbols, settled, intervals = notes_on(keys), [], [], [], []
    for step in np.unique(forecasts.step).tolist():
        measured = bench.measured(judged & (forecasts.step == step), step)
        notes += left_out(keys, judged & (forecasts.step == step), measured, step)
        own = [bench.by_symbol(row) for row in measured]
        rows += _rows(measured, own, lang)
        symbols += [row for group in own for row in group]
        intervals += interval_rows(measured, lang)
        if contests:
            settled.append(contest(measured, lang))
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
class _Bench:
    """A table and how its models are to be measured."""

    keys: Keys
    kinds: Mapping[str, Kind]
    seed_forecasts: Mapping[str, Float64s]
    lang: Lang

    def measured(self, judged: Bools, step: int) -> list[Measured]:
        """Every model that has rows at `step`, on the forecasts that all of these made."""
        there = np.unique(self.keys.model[self.keys.table.step == step]).tolist()
        return [
            self._measure(model, rows, step)
            for model, rows in zip(there, shared(self.keys, judged, there), strict=True)
        ]

    def _measure(self, model: int, rows: Ints, step: int) -> Measured:
        name = self.keys.models[model]
        by_seed = np.empty((0, len(rows)))
        if name in self.seed_forecasts:
            place = np.cumsum(self.keys.model == model) - 1
            by_seed = self.seed_forecasts[name][:, place[rows]]
        panel = Panel(
            rows=self.keys.table.where(rows),
            symbol=self.keys.symbol[rows],
            sessions=Sessions.of_days(self.keys.day[rows]),
            step=step,
        )
        return measure(panel, by_seed, name=name, kind=self.kinds.get(name, "recipe"))

    def by_symbol(self, row: Measured) -> tuple[SymbolRow, ...]:
        """The row symbol by symbol; nothing where the table holds one."""
        if len(self.keys.symbols) < 2:
            return ()
        return by_symbol(row.panel, self.keys.symbols, row.name, self.lang)


def _rows(measured: Sequence[Measured], symbols: Sequence[Sequence[SymbolRow]], lang: Lang) -> list[ModelRow]:
    """Rule on each kind together, and write each row."""
    plainer = [row for row in measured if row.kind == "baseline"]
    rulings: dict[str, Ruling] = {}
    for kind in ("recipe", "baseline"):
        family = [row for row in measured if row.kind == kind]
        rulings |= {row.name: ruling for row, ruling in zip(family, rule(family), strict=True)}
    return [_row(row, rulings[row.name], plainer, own, lang) for row, own in zip(measured, symbols, strict=True)]


def _row(
    row: Measured, ruling: Ruling, plainer: Sequence[Measured], symbols: Sequence[SymbolRow], lang: Lang
) -> ModelRow:
    said = [sentence(row, ruling, plainer, lang)]
    if symbols and not row.is_persistence:
        said.append(symbols_sentence(symbols).render(lang))
    return ModelRow(
        name=row.name,
        kind=row.kind,
        step=row.step,
        n=row.n,
        sessions=row.sessions,
        symbols=row.symbols,
        rmse=row.rmse,
        rmse_ratio=row.rmse_ratio,
        mae=row.mae,
        mape=row.mape,
        rmse_e=row.rmse_e,
        mae_e=row.mae_e,
        skill=row.skill,
        skill_lo=row.skill_lo,
        skill_hi=row.skill_hi,
        relative_mae=row.relative_mae,
        directional_accuracy=row.directional_accuracy,
        always_up=row.always_up,
        ties=row.ties,
        dm=row.dm.two_sided(lang),
        dm_abs=row.dm_abs.two_sided(lang),
        cw=row.cw.one_sided(lang),
        pt=row.pt.two_sided(lang),
        mz=row.mz.told(lang),
        shift=None if row.copying is None else row.copying.told(row.mz, lang),
        rejudged=row.rejudged,
        coverage=row.coverage,
        level=row.level,
        interval_width=row.interval_width,
        interval_score=row.interval_score,
        pinball=row.pinball,
        brier=row.brier,
        brier_base=row.brier_base,
        verdict=ruling.verdict,
        information=ruling.information,
        pvalue_adjusted=ruling.pvalue,
        information_pvalue=ruling.cw_pvalue,
        wanders=row.wanders,
        sentence=" ".join(said),
        rmse_by_seed=row.rmse_by_seed,
        rmse_ratio_by_seed=row.rmse_ratio_by_seed,
        reasons={name: reason.render(lang) for name, reason in row.reasons().items()},
    )
