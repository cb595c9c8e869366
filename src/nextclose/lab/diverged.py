"""Training that came to nothing, in the words of a page, which knows one fold and no recipe's name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nextclose.core.errors import FitError
from nextclose.core.results import LossCurve
from nextclose.recipes import Recipe
from nextclose.study.walk import loss_curve
from nextclose.training.fold import FailedFitError


class DivergedError(FitError):
    """A seed's net that is not to be used."""

    losses: LossCurve | None = None
    """Of every seed that was fitted with it, NaN behind its end."""


@contextmanager
def told_plainly(recipe: Recipe) -> Iterator[None]:
    """Raise DivergedError for what training says of a net; the seed is named where the recipe has several."""
    try:
        yield
    except FailedFitError as error:
        problem = next(fit.problem for fit in error.fits if fit.problem is not None)
        told = (
            DivergedError(problem.template, **problem.values)
            if recipe.seeds == 1
            else DivergedError("seed {seed}: {problem}", seed=error.values["seed"], problem=problem)
        )
        told.losses = loss_curve(recipe.name, error.fits)
        raise told from error
