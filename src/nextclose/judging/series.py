"""How well a net follows a series of its own: one step ahead in sample, and alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from nextclose.core.lang import Joined, Lang, Text
from nextclose.core.results import Kind
from nextclose.core.series import Alone, Rollout, SeriesRow
from nextclose.core.types import Float64s

STILL = 0.01
"""A rollout whose second half spans less than this share of the threshold is at rest."""
PERSISTENCE, MEAN = "persistence", "mean"
_IN_SAMPLE = Text("measured on the points that the net was trained on: it would say nothing of unseen ones")
_NO_INTERVAL = Text("no interval is made: none of the points was held out to measure errors on")
REASONS: Mapping[str, Text] = {
    "mape": Text("the series crosses zero, so no error can be divided by its values"),
    **dict.fromkeys(
        ("skill_lo", "skill_hi", "directional_accuracy", "always_up", "ties", "dm", "cw", "pt"), _IN_SAMPLE
    ),
    **dict.fromkeys(("verdict", "information", "pvalue_adjusted"), _IN_SAMPLE),
    **dict.fromkeys(("coverage", "level"), _NO_INTERVAL),
}
"""Why a row lacks what a row about bars has."""


def judge_one_step(name: str, values: Float64s, one_step: Float64s, lang: Lang) -> tuple[SeriesRow, ...]:
    """The recipe, persistence and the mean one step ahead, on the points that the nets were trained on.

    Parameters
    ----------
    values (n,) : the series. one_step (S, n - L) : each seed's predictions of the last n - L points.
    """
    ahead = one_step.shape[1]
    y, last, mean = values[-ahead:], values[-ahead - 1 : -1], np.full(ahead, values.mean())
    own = _row(name, "recipe", y, last, one_step, lang)
    plain = [
        _row(PERSISTENCE, "baseline", y, last, last[None], lang),
        _row(MEAN, "baseline", y, last, mean[None], lang),
    ]
    told = [
        _one_step_sentence(own, *plain),
        Text("Says the last value again."),
        Text("Says the mean of the whole series, whatever came before."),
    ]
    rows = (own, *plain)
    return tuple(replace(row, sentence=text.render(lang)) for row, text in zip(rows, told, strict=True))


def judge_rollout(name: str, values: Float64s, rolled: Float64s, lang: Lang) -> Rollout:
    """How far the recipe, persistence and the mean follow the last n - L points when left alone.

    Parameters
    ----------
    values (n,) : the series. rolled (S, n - L) : each seed's points, made of its own predictions.
    """
    steps, threshold = rolled.shape[1], float(values.std())
    y = values[-steps:]
    held = np.full((1, steps), values[-steps - 1])
    models = (
        _alone(name, "recipe", y, rolled, threshold),
        _alone(PERSISTENCE, "baseline", y, held, threshold),
        _alone(MEAN, "baseline", y, np.full((1, steps), values.mean()), threshold),
    )
    told = [_rollout_sentence(models, steps, threshold), *_rest_sentence(rolled.mean(axis=0), threshold)]
    sentence = Joined(told, " ").render(lang)
    return Rollout(steps=steps, threshold=threshold, models=models, sentence=sentence)


def follows(errors: Float64s, threshold: float) -> int:
    """Steps before |error| first exceeds the threshold, (n,); n where it never does."""
    lost = np.abs(errors) > threshold
    return int(lost.argmax()) if lost.any() else len(errors)


def _row(name: str, kind: Kind, y: Float64s, last: Float64s, by_seed: Float64s, lang: Lang) -> SeriesRow:
    errors, base = y - by_seed.mean(axis=0), _rms(y - last)
    seeds = tuple(_rms(y - seed) for seed in by_seed) if kind == "recipe" else ()
    return SeriesRow(
        name=name,
        kind=kind,
        n=len(y),
        rmse=_rms(errors),
        mae=float(np.mean(np.abs(errors))),
        skill=1.0 - (_rms(errors) / base) ** 2,
        rmse_ratio=_rms(errors) / base,
        sentence="",
        rmse_by_seed=seeds,
        rmse_ratio_by_seed=tuple(seed / base for seed in seeds),
        reasons={field: reason.render(lang) for field, reason in REASONS.items()},
    )


def _alone(name: str, kind: Kind, y: Float64s, by_seed: Float64s, threshold: float) -> Alone:
    errors = y - by_seed.mean(axis=0)
    own = kind == "recipe"
    return Alone(
        name=name,
        kind=kind,
        rmse=_rms(errors),
        mae=float(np.mean(np.abs(errors))),
        follows_steps=follows(errors, threshold),
        rmse_by_seed=tuple(_rms(y - seed) for seed in by_seed) if own else (),
        follows_steps_by_seed=tuple(follows(y - seed, threshold) for seed in by_seed) if own else (),
    )


def _one_step_sentence(own: SeriesRow, persistence: SeriesRow, mean: SeriesRow) -> Text:
    values = {
        "model": own.name,
        "rmse": f"{own.rmse:.4f}",
        "ratio": f"{own.rmse_ratio:.2f}",
        "persistence": f"{persistence.rmse:.4f}",
        "mean": f"{mean.rmse:.4f}",
    }
    found = Text(
        "In sample, one step ahead, {model} has an RMSE of {rmse}: {ratio} times that of repeating the last value "
        "({persistence}); always saying the series' mean has {mean}.",
        **values,
    )
    if own.rmse_ratio > 1.0:
        so = Text("So it has not learned the step: no model at all does better.")
    elif own.rmse_ratio > 0.5:
        so = Text("So it has learned little more than to repeat the last value.")
    else:
        so = Text("So it has learned the step on these points; that says nothing of a series that it has not seen.")
    return Joined((found, so), " ")


def _rollout_sentence(models: tuple[Alone, ...], steps: int, threshold: float) -> Text:
    own, held, mean = models
    values = {"model": own.name, "steps": f"{steps:,}", "threshold": f"{threshold:.2f}", "rmse": f"{own.rmse:.2f}"}
    plain = {"held": held.follows_steps, "flat": mean.follows_steps, "mean": f"{mean.rmse:.2f}"}
    if own.follows_steps == steps:
        return Text(
            "Alone, fed with its own predictions, {model} follows the series over all {steps} steps: its error never exceeds "
            "{threshold}, the series' standard deviation. Its RMSE is {rmse}; saying the mean has {mean}.",
            **values,
            **plain,
        )
    return Text(
        "Alone, fed with its own predictions, {model} follows the series for {follows} of {steps} steps; then its error "
        "exceeds {threshold}, the series' standard deviation. Holding the first window's last value does so for {held} "
        "steps, saying the mean for {flat}. Over all steps its RMSE is {rmse}; saying the mean has {mean}.",
        follows=f"{own.follows_steps:,}",
        **values,
        **plain,
    )


def _rest_sentence(rolled: Float64s, threshold: float) -> list[Text]:
    """Where the rollout (n,) ends, if its second half hardly moves."""
    late = rolled[len(rolled) // 2 :]
    if np.ptp(late) > STILL * threshold:
        return []
    return [Text("It comes to rest at {level}.", level=f"{late.mean():.2f}")]


def _rms(errors: Float64s) -> float:
    return float(np.sqrt(np.mean(errors**2)))
