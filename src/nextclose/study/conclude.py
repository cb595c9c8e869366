"""From walked models to a study: the table, the verdicts, tomorrow, and what the reader must know."""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from importlib.metadata import version

from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Text
from nextclose.core.results import Kind, Ladder, ModelRow, PriceHistory, Tomorrow
from nextclose.core.types import Float64s
from nextclose.judging.intervals import interval_scale
from nextclose.judging.judge import judge
from nextclose.study.live import Sessions, coming_sessions, forecast_tomorrow
from nextclose.study.plan import Plan, split_dates
from nextclose.study.pretraining import tell_pretraining
from nextclose.study.saved_model import SavedModel
from nextclose.study.scores import Scores
from nextclose.study.study import Study
from nextclose.study.tables import forecast_table, scores_of
from nextclose.study.walk import Walked
from nextclose.training.resolve import Engine, tell_engines
from nextclose.windows.features import own_columns

STALE_DAYS = 10
"""Bars that end longer ago than this are said to be old."""
LIBRARIES = ("numpy", "pandas", "scipy")
COMPILERS = {"fused": "numba", "torch": "torch"}
"""What computes an engine's numbers."""


def conclude(plan: Plan, walked: Mapping[str, Walked], plain: Mapping[str, Walked], ladder: Ladder | None) -> Study:
    """Judge the walked recipes and baselines, and forecast the next session with each."""
    volatility = interval_scale(plan.bars)
    everyone = {**walked, **plain}
    tables = {name: forecast_table(model, plan.bars, volatility) for name, model in everyone.items()}
    table = Forecasts.concat(list(tables.values()))
    kinds: dict[str, Kind] = {name: "recipe" if name in walked else "baseline" for name in everyone}
    by_seed = {name: _by_seed(model) for name, model in walked.items()}
    judged = judge(table, kinds=kinds, seed_forecasts=by_seed, lang=plan.lang)
    scores = {name: scores_of(model, plan.bars, volatility) for name, model in everyone.items()}
    sessions = coming_sessions(plan.bars, max(model.tomorrow.shape[1] for model in everyone.values()))
    split = split_dates(plan)
    chosen, reason = tell_engines(plan.engines)
    return Study(
        lang=plan.lang,
        data=plan.bars.summary(),
        split=split,
        recipes={recipe.name: {"summary": recipe.summary, **recipe.settings()} for recipe in plan.recipes},
        shapes={name: model.shapes for name, model in walked.items() if model.shapes is not None},
        table=table,
        models=tuple(_with_costs(row, everyone) for row in tell_pretraining(judged.models, table, plan.lang)),
        tomorrow=_tomorrow(plan, everyone, scores, sessions),
        ladder=ladder,
        losses=tuple(model.losses for model in walked.values() if model.losses is not None),
        history=_history(plan),
        engine={"chosen": chosen, "reason": reason.render(plan.lang)},
        notes=(*_notes(plan, walked, sessions), *judged.notes),
        versions=versions(plan.engines.values()),
        contests=judged.contests,
        intervals=judged.intervals,
        attention=tuple(model.attention for model in walked.values() if model.attention is not None),
        fitted=tuple(_saved(model, scores[name], plan) for name, model in walked.items()),
        config=plan.config(),
    )


def _by_seed(model: Walked) -> Float64s:
    """(S, K * n) closes by seed in the order of the model's rows: all of step 1, then step 2, ..."""
    return model.prices.swapaxes(1, 2).reshape(len(model.prices), -1)


def _with_costs(row: ModelRow, walked: Mapping[str, Walked]) -> ModelRow:
    model = walked.get(row.name)
    if model is None:
        return row
    return replace(row, final_loss_by_seed=model.final_losses, fits=model.fits, fit_seconds=model.seconds)


def _tomorrow(
    plan: Plan, walked: Mapping[str, Walked], scores: Mapping[str, Sequence[Scores]], sessions: Sessions
) -> tuple[Tomorrow, ...]:
    return tuple(
        row
        for name, model in walked.items()
        for row in forecast_tomorrow(
            name, plan.bars, model.tomorrow, scores[name], sessions, plan.lang, quantiles=model.tomorrow_quantiles
        )
    )


def _saved(model: Walked, scores: Sequence[Scores], plan: Plan) -> SavedModel:
    assert model.fold is not None
    until = str(plan.bars.dates[model.trained_stop - 1])
    return SavedModel(fold=model.fold, scores=scores[0], later=tuple(scores[1:]), bars=plan.bars, trained_until=until)


def _notes(plan: Plan, walked: Mapping[str, Walked], sessions: Sessions) -> tuple[str, ...]:
    bars, notes = plan.bars, list[Text]()
    own = dict.fromkeys(name for recipe in plan.recipes for name in own_columns(recipe.windows.features))
    if own:
        notes.append(
            Text(
                "Columns of the bars used as features: {columns}. The code uses none of them before its bar's date; whether "
                "each was known at that close, only its source can say.",
                columns=", ".join(own),
            )
        )
    ended = bars.dates[-1].astype(dt.date)
    if (plan.today - ended).days > STALE_DAYS:
        if bars.source.startswith("sample:"):
            notes.append(
                Text("This sample ends {ended}: 'tomorrow' is the session after it, already past.", ended=str(ended))
            )
        else:
            notes.append(
                Text("These bars end {ended}: 'tomorrow' is the session after, already past.", ended=str(ended))
            )
    if plan.split.test_last < len(bars) - 1:
        notes.append(
            Text(
                "The test span ends {tested}; tomorrow is the session after the last bar, {ended}.",
                tested=str(bars.dates[plan.split.test_last]),
                ended=str(ended),
            )
        )
    notes += [
        Text(
            "{name} first learned to fill in masked bars, on {windows} windows that end before {start}.",
            name=name,
            windows=f"{model.pretrained:,}",
            start=split_dates(plan).test_start,
        )
        for name, model in walked.items()
        if model.pretrained
    ]
    until = ", ".join(f"{name} {bars.dates[model.trained_stop - 1]}" for name, model in walked.items())
    notes.append(
        Text(
            "Tomorrow's close comes from the nets that each recipe's schedule gives, trained up to: {until}.",
            until=until,
        )
    )
    if sessions.reason is not None:
        notes.append(Text("The next session has no date: {reason}", reason=sessions.reason))
    return tuple(note.render(plan.lang) for note in notes)


def _history(plan: Plan) -> PriceHistory:
    return PriceHistory(**{field.name: getattr(plan.bars, field.name) for field in fields(PriceHistory)})


def versions(engines: Iterable[Engine]) -> dict[str, str]:
    """Of Python, nextclose and the libraries that compute its numbers with some engines."""
    from nextclose import __version__

    found = {"nextclose": __version__, "python": platform.python_version()}
    behind = sorted({COMPILERS[engine.chosen] for engine in engines})
    return found | {name: version(name) for name in (*LIBRARIES, *behind)}
