"""The ladder: from the tutorial's net to repeating the last close, one change a rung, on the user's own bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.lang import Joined, Lang, Text
from nextclose.core.results import Ladder, Rung
from nextclose.core.types import Float64s, Ints
from nextclose.recipes import LADDER
from nextclose.study.walk import Walked

NEGLIGIBLE = 0.98
"""A rung that leaves more than this share of the error changed nothing worth a sentence."""
NOTABLE = 0.9
"""A second rung that leaves less than this share is named too."""

CHANGES: dict[str, Text] = {
    "tutorial": Text("the tutorial: 100 SGD steps"),
    "tutorial-converged": Text("trained to convergence: Adam, 1,000 epochs"),
    "tutorial-return": Text("target: the return over the last close, not the price"),
    "tutorial-no-memory": Text("memory off: W_h held at zero"),
    "tutorial-mlp": Text("all four days at once: an MLP"),
    "ridge": Text("no hidden layer: ridge regression on the same window"),
    "persistence": Text("no model: tomorrow = today"),
}


def climb(walked: Mapping[str, Walked], bars: Bars, lang: Lang) -> Ladder | None:
    """The ladder from the walked rungs and ridge, judged on the targets that all of them forecast.

    None where persistence makes no error there, so that nothing can be measured against it.
    """
    origins = shared_origins([walked[name] for name in (*LADDER, "ridge")])
    naive = bars.close[origins + 1] - bars.close[origins]
    if not naive.any():
        return None
    rungs = [measured_rung(walked[name], bars, origins, lang) for name in (*LADDER, "ridge")]
    rungs.append(_rung("persistence", naive[None, :], naive, bars.close[origins], lang))
    decisive = rungs[int(np.argmin(_gains(rungs))) + 1].name
    return Ladder(rungs=tuple(rungs), decisive=decisive, sentence=_sentence(rungs).render(lang))


def shared_origins(walked: Sequence[Walked]) -> Ints:
    """Origins that every model has and whose target has happened, (n,)."""
    return reduce(np.intersect1d, [model.origins for model in walked])


def measured_rung(walked: Walked, bars: Bars, origins: Ints, lang: Lang) -> Rung:
    """One rung on its own, judged on `origins` (n,), which it must have and on which persistence must err."""
    y, last_close = bars.close[origins + 1], bars.close[origins]
    errors = y - walked.prices[:, np.isin(walked.origins, origins), 0]
    return _rung(walked.name, errors, y - last_close, last_close, lang)


def _rung(name: str, errors: Float64s, naive: Float64s, last_close: Float64s, lang: Lang) -> Rung:
    """A rung from its price errors by seed (S, n) and persistence's (n,)."""
    base = _rms(naive)
    mean = errors.mean(axis=0)
    by_seed = tuple(_rms(seed) / base for seed in errors) if len(errors) > 1 else ()
    return Rung(
        name=name,
        change=CHANGES[name].render(lang),
        skill=float(1.0 - np.sum((mean / last_close) ** 2) / np.sum((naive / last_close) ** 2)),
        rmse_ratio=_rms(mean) / base,
        rmse_ratio_by_seed=by_seed,
    )


def _gains(rungs: Sequence[Rung]) -> Float64s:
    """What each rung leaves of the typical error of the rung before, (rungs - 1,); below 1 is a gain."""
    ratios = np.array([rung.typical for rung in rungs])
    gains: Float64s = ratios[1:] / ratios[:-1]
    return gains


def _sentence(rungs: Sequence[Rung]) -> Text:
    """Which rungs matter: the one that gains most, and a second one if it gains a tenth or more."""
    gains = _gains(rungs)
    first, second = (np.argsort(gains, kind="stable") + 1)[:2].tolist()
    if gains[first - 1] > NEGLIGIBLE:
        return Text("No rung matters on these bars: none lowers the error by more than 2 percent.")
    most = Text(
        "On these bars the rung that matters is '{name}' ({change}): it takes the typical error from {before} to {after} "
        "times that of repeating the last close.",
        **_step(rungs, first),
    )
    if gains[second - 1] > NOTABLE:
        return most
    after = Text("Then comes '{name}' ({change}): from {before} to {after}.", **_step(rungs, second))
    return Joined((most, after), " ")


def _step(rungs: Sequence[Rung], rung: int) -> dict[str, object]:
    """A rung's name and change, and the typical error before and after it."""
    return {
        "name": rungs[rung].name,
        "change": CHANGES[rungs[rung].name],
        "before": f"{rungs[rung - 1].typical:.2f}",
        "after": f"{rungs[rung].typical:.2f}",
    }


def _rms(errors: Float64s) -> float:
    return float(np.sqrt(np.mean(errors**2)))
