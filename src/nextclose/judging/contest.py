"""Many models at once, by the bootstrap of `arch`: which may be the best, and is the best better than persistence?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nextclose.core.lang import Lang, Text
from nextclose.core.results import Contest, Statistic
from nextclose.core.types import Float64s
from nextclose.judging.bootstrap import block_length
from nextclose.judging.row import Measured
from nextclose.judging.sentence import pvalue_words
from nextclose.judging.verdict import ALPHA, ENOUGH

REPS = 1_000
SIZE = 0.10
"""Probability that the confidence set lacks the best model."""
PERSISTENCE = "persistence"


def contest(measured: Sequence[Measured], lang: Lang) -> Contest | None:
    """SPA and the model confidence set over models judged on the same sessions, persistence among them.

    Losses are e^2, averaged over the symbols of a session. Hansen 2005, "A test for superior predictive ability";
    Hansen, Lunde & Nason 2011, "The model confidence set", range statistic; circular blocks of T^(1/3) sessions. None
    for fewer than two models or fewer than 30 sessions. Models with equal forecasts share one place.
    """
    own = [row for row in measured if row.name != PERSISTENCE]
    if len(own) < 2 or own[0].sessions < ENOUGH:
        return None
    sessions = own[0].panel.sessions
    each = sessions.sums(np.ones(len(own[0].panel)))
    naive = sessions.sums(own[0].panel.naive ** 2) / each
    losses = {row.name: sessions.sums(row.panel.error**2) / each for row in own}
    distinct = _distinct(losses, naive)
    if not distinct:
        return None
    block = block_length(sessions.count)
    spa, lower, upper = _spa(naive, distinct, block)
    pvalues = _confidence(naive, losses, distinct, block)
    members = tuple(name for name, p in pvalues.items() if p > SIZE)
    return Contest(
        step=own[0].step,
        models=tuple(losses),
        spa=Statistic(
            statistic=spa[0],
            pvalue=spa[1],
            n=sessions.count,
            null=Text("no model has a smaller expected e^2 than persistence").render(lang),
            alternative=Text("at least one has").render(lang),
        ),
        spa_lower=lower,
        spa_upper=upper,
        confidence_set=members,
        pvalues=pvalues,
        size=SIZE,
        block=block,
        reps=REPS,
        sentence=" ".join(part.render(lang) for part in _sentence(len(own), spa[1], members)),
    )


def _distinct(losses: dict[str, Float64s], naive: Float64s) -> dict[str, Float64s]:
    """Models whose losses are neither persistence's nor those of a model before them."""
    found: dict[str, Float64s] = {}
    for name, loss in losses.items():
        if not any(np.allclose(loss, other, rtol=1e-12, atol=0.0) for other in (naive, *found.values())):
            found[name] = loss
    return found


def _spa(naive: Float64s, losses: dict[str, Float64s], block: int) -> tuple[tuple[float, float], float, float]:
    from arch.bootstrap import SPA

    test = SPA(naive, np.column_stack(list(losses.values())), block_size=block, reps=REPS, bootstrap="circular", seed=0)
    test.compute()
    gains = naive[:, None] - np.column_stack(list(losses.values()))
    best = float(np.max(gains.mean(axis=0) / gains.std(axis=0) * np.sqrt(len(naive))))
    pvalues = test.pvalues
    return (max(best, 0.0), float(pvalues["consistent"])), float(pvalues["lower"]), float(pvalues["upper"])


def _confidence(
    naive: Float64s, losses: dict[str, Float64s], distinct: dict[str, Float64s], block: int
) -> dict[str, float]:
    """Model -> p-value of leaving the set, persistence first; equal models have equal ones."""
    from arch.bootstrap import MCS

    names = [PERSISTENCE, *distinct]
    columns = [naive, *distinct.values()]
    test = MCS(np.column_stack(columns), size=SIZE, block_size=block, reps=REPS, bootstrap="circular", seed=0)
    test.compute()
    found = {names[int(i)]: float(p) for i, p in test.pvalues["Pvalue"].items()}
    return {PERSISTENCE: found[PERSISTENCE]} | {
        name: found[next(other for other, column in zip(names, columns, strict=True)
                         if np.allclose(loss, column, rtol=1e-12, atol=0.0))]
        for name, loss in losses.items()
    }  # fmt: skip


def _sentence(models: int, pvalue: float, members: Sequence[str]) -> list[Text]:
    facts = {"models": models, "p": pvalue_words(pvalue)}
    said = (
        Text("Of these {models} models at least one beats persistence (SPA, p {p}).", **facts)
        if pvalue < ALPHA
        else Text("None of these {models} models is shown to beat persistence (SPA, p {p}).", **facts)
    )
    return [said, Text("The best may be any of: {members} (model confidence set, 90 %).", members=", ".join(members))]
