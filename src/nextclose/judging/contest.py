"""Many models at once: which may be the best, and is the best better than persistence?

Written here, since the statistics are a page of array arithmetic once the resamples are there, and since Hansen's test
is studentised: without that, one model with wild errors drowns all others. Tests hold it against `arch` at equal scales.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nextclose.core.lang import Lang, Text
from nextclose.core.results import Contest, Statistic
from nextclose.core.types import Float64s
from nextclose.judging.bootstrap import RESAMPLES, block_length, resampled_sums
from nextclose.judging.rivals import pvalue_words
from nextclose.judging.row import Measured
from nextclose.judging.verdict import ALPHA, ENOUGH

SIZE = 0.10
"""Probability that the confidence set lacks the best model."""
PERSISTENCE = "persistence"
NAMED = 8
"""Members of the set that a sentence names."""
MOST = 100
"""Models beyond which no confidence set is made: its cost grows with their cube."""


@dataclass(frozen=True, kw_only=True)
class SuperiorAbility:
    """What `superior_ability` found."""

    statistic: float
    lower: float
    consistent: float
    upper: float
    """p-values: liberal, consistent, conservative."""


NOTHING_TRIED = SuperiorAbility(statistic=0.0, lower=1.0, consistent=1.0, upper=1.0)
"""Every model tried is persistence itself."""


def contest(measured: Sequence[Measured], lang: Lang, *, believed: bool = True) -> Contest | None:
    """SPA and the model confidence set over models judged on the same sessions, persistence among them.

    Losses are e^2, averaged over the symbols of a session. None for fewer than two models that differ from persistence
    or fewer than 30 sessions. Models with equal losses share one place. SPA is asked of the models tried, not of the
    plainer forecasts beside them; the confidence set holds all.

    believed : whether some verdict on them is "beats persistence": SPA knows neither Holm's adjustment nor the guard for
        changes that wander, and must not contradict the verdicts without a word.
    """
    most = max((row.n for row in measured), default=0)
    own = [row for row in measured if row.name != PERSISTENCE and row.n == most]
    if len(own) < 2 or own[0].sessions < ENOUGH:
        return None
    tally = own[0].tally
    losses = {PERSISTENCE: tally.base / tally.n} | {row.name: row.tally.lost / tally.n for row in own}
    place = _places(losses)
    distinct = list(dict.fromkeys(place.values()))
    if len(distinct) < 2:
        return None
    table = np.column_stack([losses[name] for name in distinct])
    tried = [row.name for row in own if row.kind == "recipe"] or [row.name for row in own]
    entered = [distinct.index(name) for name in dict.fromkeys(place[name] for name in tried) if name != PERSISTENCE]
    spa = superior_ability(table[:, entered], table[:, 0]) if entered else NOTHING_TRIED
    leaving = confidence_set(table) if len(distinct) <= MOST else np.full(len(distinct), np.nan)
    pvalues = {name: float(leaving[distinct.index(other)]) for name, other in place.items()}
    members = tuple(name for name, p in pvalues.items() if p > SIZE)
    return Contest(
        step=own[0].step,
        models=tuple(row.name for row in own),
        spa=Statistic(
            statistic=spa.statistic,
            pvalue=spa.consistent,
            n=tally.sessions,
            null=Text("no model has a smaller expected e^2 than persistence").render(lang),
            alternative=Text("at least one has").render(lang),
        ),
        spa_lower=spa.lower,
        spa_upper=spa.upper,
        confidence_set=members,
        pvalues=pvalues,
        size=SIZE,
        block=block_length(tally.sessions),
        reps=RESAMPLES,
        sentence=" ".join(part.render(lang) for part in _sentence(len(tried), spa.consistent, members, believed)),
    )


def superior_ability(losses: Float64s, benchmark: Float64s) -> SuperiorAbility:
    """Hansen 2005, "A test for superior predictive ability": is any of M models better than the benchmark?

    Parameters
    ----------
    losses, benchmark : (T, M) and (T,), oldest first; no column equal to the benchmark.

    The statistic is the largest studentised mean gain, at least 0; standard errors and p-values come from the same
    resamples. The three versions re-centre all models (conservative), those not clearly worse (consistent: a gain above
    -omega sqrt(2 log log T / T)), or at the larger of gain and 0 (liberal).
    """
    T = len(losses)
    gains = benchmark[:, None] - losses
    mean = gains.mean(axis=0)
    draws = resampled_sums(gains) / T
    error = _spread(draws - mean, mean)
    statistic = max(float(np.max(mean / error)), 0.0)
    clearly_worse = mean < -error * np.sqrt(2.0 * np.log(np.log(T)))
    centres = (np.maximum(mean, 0.0), np.where(clearly_worse, 0.0, mean), mean)
    lower, consistent, upper = (
        float(np.mean(np.maximum(np.max((draws - centre) / error, axis=1), 0.0) >= statistic)) for centre in centres
    )
    return SuperiorAbility(statistic=statistic, lower=lower, consistent=consistent, upper=upper)


def confidence_set(losses: Float64s) -> Float64s:
    """Hansen, Lunde & Nason 2011, "The model confidence set", range statistic: each model's p-value, (M,).

    losses : (T, M), no two columns equal. As long as models are left, the largest studentised difference of mean losses
    is held against its resamples, and the worse model of that pair leaves; a model's p-value is the largest met until
    then, 1 for the last.
    """
    T, M = losses.shape
    mean, draws = losses.mean(axis=0), resampled_sums(losses) / T
    apart = mean[:, None] - mean
    drawn = draws[:, :, None] - draws[:, None, :] - apart
    error = _spread(drawn, apart)
    apart, drawn = apart / error, drawn / error
    left, pvalues, largest = list(range(M)), np.ones(M), 0.0
    while len(left) > 1:
        inside = np.ix_(left, left)
        found = apart[inside]
        beyond = drawn[:, inside[0], inside[1]].max(axis=(1, 2))
        largest = max(largest, float(np.mean(beyond > found.max())))
        worst = left[int(np.argmax(found.max(axis=1)))]
        pvalues[worst] = largest
        left.remove(worst)
    return pvalues


def _spread(off: Float64s, mean: Float64s) -> Float64s:
    """Standard errors of means from their resamples' deviations; a difference that never varies has next to none."""
    error: Float64s = np.sqrt(np.mean(off**2, axis=0))
    return np.maximum(error, 1e-12 * np.abs(mean) + 1e-300)


def _places(losses: Mapping[str, Float64s]) -> dict[str, str]:
    """Each model's name, or that of the first with the same losses."""
    place: dict[str, str] = {}
    for name, loss in losses.items():
        same = (other for other in place.values() if np.allclose(loss, losses[other], rtol=1e-12, atol=0.0))
        place[name] = next(same, name)
    return place


def _sentence(models: int, pvalue: float, members: Sequence[str], believed: bool) -> list[Text]:
    said = [] if models == 1 else [_superior(models, pvalue, believed)]  # of one model its own verdict says all
    if not members:
        said.append(Text("No confidence set is made of more than {most} models.", most=MOST))
    elif len(members) <= NAMED:
        said.append(Text("The best may be any of: {members} (model confidence set, 90 %).", members=", ".join(members)))
    else:
        said.append(
            Text(
                "The best may be any of {count}, such as {members} (model confidence set, 90 %).",
                count=len(members),
                members=", ".join(members[:NAMED]),
            )
        )
    return said


def _superior(models: int, pvalue: float, believed: bool) -> Text:
    facts = {"models": models, "p": pvalue_words(pvalue)}
    if pvalue >= ALPHA:
        return Text("Models tried: {models}; none is shown to beat persistence (SPA, p {p}).", **facts)
    if believed:
        return Text("Models tried: {models}; at least one beats persistence (SPA, p {p}).", **facts)
    return Text(
        "Models tried: {models}; SPA alone would call one of them better than persistence (p {p}), yet no verdict above does.",
        **facts,
    )
