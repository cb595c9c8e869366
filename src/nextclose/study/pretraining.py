"""Whether pre-training helped: beside a pre-trained recipe stands the same without it, and the two are tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang, Text
from nextclose.core.results import ModelRow
from nextclose.core.settings import MASK_SHARE
from nextclose.judging.accuracy_tests import SAME, diebold_mariano
from nextclose.judging.verdict import ALPHA, ENOUGH
from nextclose.recipes import Recipe, with_settings

WITHOUT = "-scratch"
"""What the name of the recipe without pre-training ends in."""


TWIN = Text("The recipe before it without learning to fill in masked bars first")


def with_twins(recipes: Sequence[Recipe]) -> tuple[Recipe, ...]:
    """The recipes, and behind each that is pre-trained the same without it."""
    twins = {recipe.name: _twin(recipe) for recipe in recipes if recipe.training.pretrain_epochs}
    stand_ins = {twin.name for twin in twins.values()}
    own = [recipe for recipe in recipes if recipe.name not in stand_ins]
    return tuple(one for recipe in own for one in (recipe, twins.get(recipe.name)) if one is not None)


def _twin(recipe: Recipe) -> Recipe:
    bare = with_settings(recipe, {"pretrain_epochs": 0, "pretrain_bars": "", "mask_share": MASK_SHARE})
    return replace(bare, name=recipe.name + WITHOUT, summary=TWIN.template)


def tell_pretraining(rows: Sequence[ModelRow], table: Forecasts, lang: Lang) -> tuple[ModelRow, ...]:
    """The rows, each of a pre-trained recipe saying how it stands to the same without, step by step."""
    names = {row.name for row in rows}
    return tuple(
        replace(row, sentence=f"{row.sentence} {_told(row, table).render(lang)}")
        if row.kind == "recipe" and row.name + WITHOUT in names
        else row
        for row in rows
    )


def _told(row: ModelRow, table: Forecasts) -> Text:
    """Two-sided Diebold-Mariano on the sessions that both forecast."""
    own, other = table.of(row.name, row.step), table.of(row.name + WITHOUT, row.step)
    _, mine, theirs = np.intersect1d(own.target_date, other.target_date, return_indices=True)
    e, f = own.error[mine], other.error[theirs]
    known = np.isfinite(e) & np.isfinite(f)
    result = diebold_mariano(e[known], f[known], row.step)
    if result.n < ENOUGH:
        return Text("Whether pre-training helped cannot be told: {why}.", why=Text("fewer than {n} sessions", n=ENOUGH))
    if result.undefined is not None:
        why = Text("the errors are the same") if result.undefined is SAME else result.undefined
        return Text("Whether pre-training helped cannot be told: {why}.", why=why)
    ratio = float(np.sqrt(np.mean(e[known] ** 2) / np.mean(f[known] ** 2)))
    values = {"ratio": f"{ratio:.3f}", "p": f"{min(2.0 * min(result.below, result.above), 1.0):.3f}"}
    if min(result.below, result.above) >= ALPHA / 2.0:
        return Text(
            "Pre-training made no difference that these sessions show: its error is {ratio} times that of the same net "
            "without (Diebold-Mariano p = {p}).",
            **values,
        )
    if result.below < result.above:
        return Text(
            "Pre-training helped: its error is {ratio} times that of the same net without (Diebold-Mariano p = {p}).",
            **values,
        )
    return Text(
        "Pre-training did harm: its error is {ratio} times that of the same net without (Diebold-Mariano p = {p}).",
        **values,
    )
