"""From fitted combinations to a result: one table, judged together, and what may be said of so many tries."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from nextclose.baselines import BASELINES
from nextclose.core.errors import FitError
from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang
from nextclose.core.results import Kind, ModelRow
from nextclose.core.sweep import SweepCell, SweepResult, SweepScore
from nextclose.core.types import Float64s
from nextclose.judging.intervals import interval_scale
from nextclose.judging.judge import judge
from nextclose.recipes import Recipe
from nextclose.study.scores import NONE_YET
from nextclose.study.sweep_manifest import SweepManifest
from nextclose.study.sweep_plan import SweepPlan, comparable
from nextclose.study.sweep_words import sentences
from nextclose.study.tables import forecast_table
from nextclose.study.walk import Walked, walk_baseline


def sweep_table(plan: SweepPlan, cells: Sequence[SweepCell]) -> Forecasts:
    """Every combination's forecasts, the mean of its seeds, and the plainer forecasts behind them.

    Raises
    ------
    FitError : no combination could be fitted.
    """
    good = [cell for cell in cells if cell.problem is None]
    if not good:
        raise FitError("no combination could be fitted; the first: {problem}", problem=(cells[0].problem or {})["en"])
    unit = interval_scale(plan.bars)
    tables = [forecast_table(_as_walked(cell), plan.bars, unit, intervals=False) for cell in good]
    for name in BASELINES:
        walked = walk_baseline(
            name, plan.recipe.windows.seq_len, plan.bars, plan.split, refit_every=plan.refit_every,
            train_sessions=plan.train_sessions, horizon=max(cell.prices.shape[2] for cell in good),
        )  # fmt: skip
        tables.append(forecast_table(walked, plan.bars, unit, intervals=False))
    return Forecasts.concat(tables)


def conclude(
    manifest: SweepManifest,
    cells: Sequence[SweepCell],
    tried: Sequence[str],
    table: Forecasts,
    lang: Lang,
) -> SweepResult:
    """Judge all combinations as one family."""
    good = {cell.name: cell for cell in cells if cell.problem is None}
    kinds: dict[str, Kind] = {name: "recipe" if name in good else "baseline" for name in table.models()}
    by_seed = {name: cell.prices.swapaxes(1, 2).reshape(len(cell.prices), -1) for name, cell in good.items()}
    judged = judge(table, kinds=kinds, seed_forecasts=by_seed, lang=lang)
    recipe = Recipe.from_settings(manifest.recipe, manifest.summary, manifest.settings)
    axes = manifest.alternatives()
    scores = _scores(cells, judged.models, table, recipe, lang)
    best = max((row for row in scores if np.isfinite(row.skill)), key=lambda row: row.skill, default=None)
    losses = [row for row in scores if np.isfinite(row.validation)] if comparable(recipe, axes) else []
    chosen = min(losses, key=lambda row: row.validation, default=None)
    return SweepResult(
        lang=lang,
        data=manifest.data,
        split=manifest.split,
        recipe=manifest.recipe,
        summary=manifest.summary,
        settings=manifest.settings,
        axes=axes,
        tries=manifest.tries,
        tried=tuple(tried),
        cells=tuple(cells),
        scores=scores,
        best=None if best is None else best.name,
        chosen=None if chosen is None else chosen.name,
        models=judged.models,
        contests=judged.contests,
        sentences=sentences(scores, judged.models, judged.contests, manifest.tries, best, chosen, lang),
        notes=judged.notes,
        table=table,
        engine=manifest.engine,
        versions=manifest.versions,
    )


def sweep_scores(result: SweepResult) -> dict[str, Any]:
    """What scripts read: the settings, a row a combination, verdicts and sentences."""
    return {
        "data": result.data,
        "split": result.split,
        "recipe": result.recipe,
        "settings": result.settings,
        "axes": {
            name: str(values) if not isinstance(values, tuple) else values for name, values in result.axes.items()
        },
        "tries": result.tries,
        "tried": result.tried,
        "best": result.best,
        "chosen": result.chosen,
        "scores": result.scores,
        "sentences": result.sentences,
        "models": result.models,
        "contests": result.contests,
        "notes": result.notes,
        "engine": result.engine,
        "versions": result.versions,
    }


def error_percent(yhat: Float64s, y: Float64s, last_close: Float64s, added: float) -> Float64s:
    """100 * mean |(y + a) - (yhat + a)| / (last_close + a) over sessions and steps, of (..., n, K) forecasts of y (n, K).

    That is the mean of |exp(yhat) - exp(y)| in percent where a target is log((close + a) / (last_close + a)).
    """
    off = np.abs(y - yhat) / (last_close[:, None] + added)
    return np.asarray(100.0 * np.mean(off, axis=(-2, -1)))


def _scores(
    cells: Sequence[SweepCell], models: Sequence[ModelRow], table: Forecasts, recipe: Recipe, lang: Lang
) -> tuple[SweepScore, ...]:
    rows = {row.name: row for row in models if row.step == 1}
    good = [cell for cell in cells if cell.problem is None]
    shared = reduce(np.intersect1d, [cell.origins for cell in good])
    scores = []
    for cell in cells:
        if cell.problem is not None:
            scores.append(SweepScore(name=cell.name, settings=cell.settings, problem=cell.problem[lang]))
            continue
        target = {**recipe.settings(), **cell.settings}["target"]
        errors = _errors(
            cell, table.of(cell.name), np.isin(cell.origins, shared), 1.0 if target == "log1p-return" else 0.0
        )
        scores.append(_score(cell, rows[cell.name], errors))
    return tuple(scores)


def _errors(cell: SweepCell, own: Forecasts, rows: Any, added: float) -> tuple[float, tuple[float, ...]]:
    """error_percent of the mean forecast, and of each seed's."""
    _, n, K = cell.prices.shape
    y = own.y.reshape(K, n).T[rows]
    last_close = own.last_close[:n][rows]
    by_seed = error_percent(cell.prices[:, rows], y, last_close, added)
    mean = error_percent(cell.prices[:, rows].mean(axis=0), y, last_close, added)
    return float(mean), tuple(by_seed.tolist())


def _score(cell: SweepCell, row: ModelRow, errors: tuple[float, tuple[float, ...]]) -> SweepScore:
    return SweepScore(
        name=cell.name,
        settings=cell.settings,
        validation=float(np.mean(cell.validation)),
        validation_by_seed=tuple(cell.validation.tolist()) if np.isfinite(cell.validation).any() else (),
        skill=row.skill,
        skill_lo=row.skill_lo,
        skill_hi=row.skill_hi,
        rmse=row.rmse,
        rmse_ratio=row.rmse_ratio,
        rmse_ratio_by_seed=row.rmse_ratio_by_seed,
        error_percent=errors[0],
        error_percent_by_seed=errors[1],
        pvalue_adjusted=row.pvalue_adjusted,
        verdict=row.verdict,
    )


def _as_walked(cell: SweepCell) -> Walked:
    return Walked(
        name=cell.name,
        origins=cell.origins,
        prices=cell.prices,
        tomorrow=np.empty((0, 0)),
        trained_stop=0,
        calibration=NONE_YET,
    )
