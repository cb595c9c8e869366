"""Judging a Forecasts table: every model against persistence, on the sessions that all of them forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np

from nextclose.core.errors import ForecastsError
from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang, Text
from nextclose.core.results import Judgement, Kind, ModelRow
from nextclose.core.types import Bools, Float64s, Ints
from nextclose.judging.row import Measured, measure
from nextclose.judging.sentence import PLAINER, sentence
from nextclose.judging.verdict import Ruling, rule

BASELINE_KINDS: dict[str, Kind] = dict.fromkeys(("persistence", *PLAINER), "baseline")


def judge(
    forecasts: Forecasts,
    *,
    kinds: Mapping[str, Kind] | None = None,
    seed_forecasts: Mapping[str, Float64s] | None = None,
    lang: Lang = "en",
) -> Judgement:
    """Verdicts on every (model, step) of a table.

    Parameters
    ----------
    forecasts : rows of any number of symbols, models and steps; rows without a truth are kept out.
    kinds : which models are baselines; by their names (persistence, drift, train-mean, ar, ridge) unless said. Holm's
        families are the rows of a kind and step.
    seed_forecasts : model -> (S, rows of that model) each seed's yhat, in the table's order, for the spread over seeds.
    lang : of the sentences, notes and reasons.

    Raises
    ------
    ForecastsError : no rows, two forecasts of one thing, or a target before its origin.
    """
    _check(forecasts)
    kinds, seed_forecasts = kinds or BASELINE_KINDS, seed_forecasts or {}
    keys = _keys(forecasts)
    judged = np.isfinite(forecasts.y) & np.isfinite(forecasts.yhat) & np.isfinite(forecasts.last_close)
    notes = _notes(forecasts)
    rows: list[ModelRow] = []
    for step in np.unique(forecasts.step).tolist():
        at_step = judged & (forecasts.step == step)
        models = [
            model for model in forecasts.models() if np.any((forecasts.model == model) & (forecasts.step == step))
        ]
        shared = reduce(np.intersect1d, [keys[at_step & (forecasts.model == model)] for model in models])
        notes += _left_out(forecasts, at_step, models, len(shared), step)
        measured = [
            _measure(forecasts, model, at_step & np.isin(keys, shared), kinds, seed_forecasts, step) for model in models
        ]
        rows += _rows(measured, lang)
    return Judgement(models=tuple(rows), notes=tuple(note.render(lang) for note in notes), lang=lang)


def _measure(
    forecasts: Forecasts,
    model: str,
    shared: Bools,
    kinds: Mapping[str, Kind],
    seed_forecasts: Mapping[str, Float64s],
    step: int,
) -> Measured:
    own = forecasts.model == model
    picked = np.flatnonzero(own & shared)
    order = np.argsort(forecasts.target_date[picked], kind="stable")
    by_seed = np.empty((0, len(picked)))
    if model in seed_forecasts:
        by_seed = seed_forecasts[model][:, (shared & own)[own]][:, order]
    rows = forecasts.where(picked[order])
    return measure(rows, by_seed, name=model, kind=kinds.get(model, "recipe"), step=step)


def _rows(measured: Sequence[Measured], lang: Lang) -> list[ModelRow]:
    """Rule on each kind together, and write each row."""
    plainer = [row for row in measured if row.kind == "baseline"]
    rulings: dict[str, Ruling] = {}
    for kind in ("recipe", "baseline"):
        family = [row for row in measured if row.kind == kind]
        rulings |= {row.name: ruling for row, ruling in zip(family, rule(family), strict=True)}
    return [_row(row, rulings[row.name], plainer, lang) for row in measured]


def _row(row: Measured, ruling: Ruling, plainer: Sequence[Measured], lang: Lang) -> ModelRow:
    return ModelRow(
        name=row.name,
        kind=row.kind,
        step=row.step,
        n=row.n,
        rmse=row.rmse,
        mae=row.mae,
        mape=row.mape,
        skill=row.skill,
        skill_lo=row.skill_lo,
        skill_hi=row.skill_hi,
        directional_accuracy=row.directional_accuracy,
        always_up=row.always_up,
        ties=row.ties,
        dm=row.dm.two_sided(),
        cw=row.cw.one_sided(),
        pt=row.pt.two_sided(),
        coverage=row.coverage,
        level=row.level,
        verdict=ruling.verdict,
        information=ruling.information,
        pvalue_adjusted=ruling.pvalue,
        sentence=sentence(row, ruling, plainer, lang),
        rmse_by_seed=row.rmse_by_seed,
        rmse_ratio_by_seed=row.rmse_ratio_by_seed,
        reasons={name: reason.render(lang) for name, reason in row.reasons().items()},
    )


def _keys(forecasts: Forecasts) -> Ints:
    """One whole number a (symbol, target date, step), equal across models."""
    _, symbol = np.unique(forecasts.symbol.astype(str), return_inverse=True)
    days = forecasts.target_date.astype("datetime64[D]").astype(np.int64)
    days = days - days.min()
    steps = int(forecasts.step.max()) + 1
    keys: Ints = (symbol * (int(days.max()) + 1) + days) * steps + forecasts.step
    return keys


def _check(forecasts: Forecasts) -> None:
    if len(forecasts) == 0:
        raise ForecastsError("the table holds no forecasts")
    _, model = np.unique(forecasts.model.astype(str), return_inverse=True)
    keys = _keys(forecasts)
    _, first = np.unique(keys * (int(model.max()) + 1) + model, return_index=True)
    if len(first) < len(forecasts):
        twice = int(np.setdiff1d(np.arange(len(forecasts)), first)[0])
        raise ForecastsError(
            "{count} forecasts stand twice, such as model '{model}' of {symbol} for {date}. Expected one row a symbol, "
            "model, target date and step: leave the others out.",
            count=len(forecasts) - len(first),
            model=forecasts.model[twice],
            symbol=forecasts.symbol[twice],
            date=forecasts.target_date[twice],
        )
    backwards = np.flatnonzero(forecasts.origin >= forecasts.target_date)
    if len(backwards):
        row = int(backwards[0])
        raise ForecastsError(
            "{count} forecasts have a target date that is not after their origin, such as model '{model}': origin "
            "{origin}, target {target}.",
            count=len(backwards),
            model=forecasts.model[row],
            origin=forecasts.origin[row],
            target=forecasts.target_date[row],
        )


def _notes(forecasts: Forecasts) -> list[Text]:
    notes = []
    waiting = int(np.count_nonzero(~np.isfinite(forecasts.y)))
    if waiting:
        notes.append(Text("{count} forecasts have no truth yet; they are kept and not judged.", count=waiting))
    for model in forecasts.models():
        own = forecasts.model == model
        missing = int(np.count_nonzero(own & ~np.isfinite(forecasts.yhat)))
        if missing:
            notes.append(
                Text(
                    "{model}: {count} forecasts are no number; those sessions are judged for no model.",
                    model=model,
                    count=missing,
                )
            )
    return notes


def _left_out(forecasts: Forecasts, at_step: Bools, models: Sequence[str], shared: int, step: int) -> list[Text]:
    """A note where models forecast different sessions."""
    counts = {model: int(np.count_nonzero(at_step & (forecasts.model == model))) for model in models}
    if max(counts.values()) == shared:
        return []
    return [
        Text(
            "Step {step}: judged on the {shared} sessions that every model forecast; {model} alone has {most}.",
            step=step,
            shared=shared,
            model=max(counts, key=lambda model: counts[model]),
            most=max(counts.values()),
        )
    ]
