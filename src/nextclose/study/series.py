"""A run of a recipe with a series of its own: fitted on all of it, asked one step ahead, then left alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time

import numpy as np

from nextclose.core.errors import FitError
from nextclose.core.fit import Task
from nextclose.core.lang import Lang, Text
from nextclose.core.series import SeriesData
from nextclose.core.settings import Problems
from nextclose.core.types import Float64s, Params
from nextclose.judging.series import judge_one_step, judge_rollout
from nextclose.recipes import Recipe, applying, check_applying, load_recipe
from nextclose.study.conclude import versions
from nextclose.study.series_study import SeriesStudy
from nextclose.study.walk import loss_curve
from nextclose.study.watch import Watcher
from nextclose.training.fold import read_init
from nextclose.training.resolve import Done, Engine, Job
from nextclose.windows.series import Series

REASONS: Mapping[str, Text] = {
    "split": Text("the net is trained on the whole series: no part of it is a test"),
    "tomorrow": Text("the series is a formula, not a stock: it has no next session"),
    "ladder": Text("the ladder leads from the tutorial to persistence, on bars"),
    "intervals": Text("no interval is made: none of the points was held out to measure errors on"),
}
"""Why this run lacks what a run on bars has."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriesPlan:
    """Everything that decides the numbers."""

    recipe: Recipe
    series: Series
    engine: Engine
    lang: Lang

    def config(self) -> dict[str, object]:
        """What decides the numbers, as plain values."""
        return {
            "symbol": self.series.name,
            "sha256": _digest(self.series.values),
            "recipes": {self.recipe.name: applying(self.recipe)},
            "engine": self.engine.chosen,
        }

    def folder(self) -> Path:
        """Where the study is saved unless the user says otherwise: runs/<series>-<hash of config>."""
        digest = hashlib.sha256(json.dumps(self.config(), sort_keys=True).encode()).hexdigest()
        return Path("runs") / f"{self.series.name}-{digest[:8]}"


def check_alone(recipes: Sequence[Recipe], given: Sequence[str]) -> Recipe:
    """The one recipe of a run that needs no bars.

    Raises SettingsError for other recipes beside it, for `given` options that only bars have, and for settings that mean
    nothing to it.
    """
    recipe = next(recipe for recipe in recipes if recipe.series is not None)
    others = [other.name for other in recipes if other is not recipe]
    problems = Problems()
    if others:
        problems.add(
            "recipe '{recipe}' has a series of its own, so it runs alone, without {others} beside it",
            recipe=recipe.name,
            others=", ".join(others),
        )
    if given:
        problems.add(
            "recipe '{recipe}' has a series of its own and reads no bars, so it takes no {names}",
            recipe=recipe.name,
            names=", ".join(given),
        )
    problems.raise_any()
    check_applying(recipe, load_recipe(recipe.name))
    return recipe


def run_series(plan: SeriesPlan, watcher: Watcher) -> SeriesStudy:
    """Fit the recipe's seeds on every window of its series, then ask them one step ahead and let them run on alone.

    Raises
    ------
    SettingsError : a window that is longer than the series. FitError : training diverged.
    """
    X, y = plan.series.windows(plan.recipe.windows.seq_len)
    watcher.planned(plan)
    data = _describe(plan.series, plan.lang)
    watcher.series(data, plan.recipe.seeds)
    shapes = {"X_train": X.shape, "y_train": y.shape, "X_test": X.shape, "y_test": y.shape}
    watcher.shapes(plan.recipe.name, shapes)
    done = _fit(plan, X, y, watcher)
    began = process_time()
    nets = [fit.params for fit in done.fits]
    one_step = np.stack([_asked(plan, net, X) for net in nets])
    rolled = _roll(plan, nets, X[0], len(X))
    watcher.judging()
    return _conclude(plan, data, shapes, done, one_step, rolled, process_time() - began)


def _fit(plan: SeriesPlan, X: Float64s, y: Float64s, watcher: Watcher) -> Done:
    """A net a seed on all windows; the latest of them validate where the recipe holds some out."""
    recipe = plan.recipe
    cut, init = len(X) - recipe.training.held_out(len(X)), read_init(recipe.net)
    tasks = [
        Task(start=0, stop=cut, val_start=cut, val_stop=len(X), seed=seed, init=init) for seed in range(recipe.seeds)
    ]
    told = [0]

    def on_done(counts: Sequence[int]) -> None:
        watcher.fitted(recipe.name, counts[0] - told[0])
        told[0] = counts[0]

    taught = np.concatenate([X[:, 1:, 0], y], axis=1) if recipe.every_step else y
    job = Job(X=X, y=taught, tasks=tasks, net=recipe.net, training=recipe.training)
    (done,) = plan.engine.fit_jobs([job], on_done)
    for seed, fit in enumerate(done.fits):
        watcher.losses(recipe.name, 0, seed, fit.losses)
        if fit.problem is not None:
            raise FitError(
                "recipe '{recipe}', seed {seed}: {problem}", recipe=recipe.name, seed=seed, problem=fit.problem
            )
    return done


def _asked(plan: SeriesPlan, net: Params, X: Float64s) -> Float64s:
    """A net's predictions, (N, L, 1) -> (N,); the medians where it has quantiles."""
    return plan.engine.predict(net, X, net=plan.recipe.net, outputs=plan.recipe.training.heads)[
        :, plan.recipe.training.median
    ]


def _roll(plan: SeriesPlan, nets: Sequence[Params], first: Float64s, steps: int) -> Float64s:
    """Each net from the first window (L, 1) on, each prediction the next input, (S, steps)."""
    windows = np.repeat(first[None], len(nets), axis=0)  # (S, L, 1)
    tasks = [Task(start=seed, stop=seed + 1, init=net) for seed, net in enumerate(nets)]
    rolled, median, heads = np.empty((len(nets), steps)), plan.recipe.training.median, plan.recipe.training.heads
    for step in range(steps):
        said = plan.engine.predict_many(windows, tasks, net=plan.recipe.net, outputs=heads)
        rolled[:, step] = [own[0, median] for own in said]
        windows = np.concatenate([windows[:, 1:], rolled[:, step, None, None]], axis=1)
    return rolled


def _conclude(
    plan: SeriesPlan,
    data: SeriesData,
    shapes: Mapping[str, tuple[int, ...]],
    done: Done,
    one_step: Float64s,
    rolled: Float64s,
    seconds: float,
) -> SeriesStudy:
    recipe, series, lang = plan.recipe, plan.series, plan.lang
    own, *plain = judge_one_step(recipe.name, series.values, one_step, lang)
    finals = tuple(float(fit.losses[-1]) for fit in done.fits)
    own = replace(own, final_loss_by_seed=finals, fits=len(done.fits), fit_seconds=done.seconds + seconds)
    held_out = recipe.training.held_out(len(one_step[0]))
    return SeriesStudy(
        lang=lang,
        data=data,
        recipes={recipe.name: {"summary": recipe.summary, **applying(recipe)}},
        shapes={recipe.name: shapes},
        models=(own, *plain),
        rollout=judge_rollout(recipe.name, series.values, rolled, lang),
        losses=(loss_curve(recipe.name, done.fits),),
        engine={"chosen": plan.engine.chosen, "reason": plan.engine.reason.render(lang)},
        notes=tuple(note.render(lang) for note in _notes(held_out)),
        versions=versions([plan.engine]),
        reasons={name: reason.render(lang) for name, reason in REASONS.items()},
        t=series.t,
        y=series.values,
        one_step=one_step,
        rolled=rolled,
        nets=tuple(fit.params for fit in done.fits),
        config=plan.config(),
    )


def _notes(held_out: int) -> list[Text]:
    notes = [
        Text(
            "One step ahead is measured on the very points that the nets were trained on, so these numbers say how well a "
            "net fits this series, not how well it forecasts another."
        ),
        Text("There is no tomorrow: {reason}.", reason=REASONS["tomorrow"]),
    ]
    if held_out:
        notes.append(
            Text("The last {n} windows were held out to stop early; the measures count them too.", n=f"{held_out:,}")
        )
    return notes


def _describe(series: Series, lang: Lang) -> SeriesData:
    undated = Text(
        "the series has no dates: t runs from {start} to {stop}", start=f"{series.t[0]:g}", stop=f"{series.t[-1]:g}"
    )
    own = Text("the recipe computes its series; nothing is read")
    return SeriesData(
        symbol=series.name,
        formula=series.formula,
        rows=len(series.values),
        start=float(series.t[0]),
        stop=float(series.t[-1]),
        sha256=_digest(series.values),
        reasons={
            "source": own.render(lang),
            **dict.fromkeys(("first", "last", "exchange"), undated.render(lang)),
        },
    )


def _digest(values: Float64s) -> str:
    return hashlib.sha256(np.ascontiguousarray(values, dtype="<f8").tobytes()).hexdigest()
