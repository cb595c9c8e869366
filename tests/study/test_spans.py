"""Spans that a recipe brings along: taken where they fit, said, and never against the user's own dates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.core.errors import SettingsError
from nextclose.recipes import load_recipe, with_settings
from nextclose.study.spans import SLACK, choose_dates

BARS = replace(walk_bars(300, seed=5), exchange="XNYS")
SPANS = {
    "train_start": str(BARS.dates[20]),
    "validation_start": str(BARS.dates[160]),
    "test_start": str(BARS.dates[200]),
    "test_end": str(BARS.dates[249]),
}
NONE = dict.fromkeys(("train_start", "train_end", "test_start", "test_end"))
QUICK = {"epochs": 2, "seeds": 1, "refit_every": 0}


def spanned(name="default", **changes):
    return with_settings(load_recipe(name), {**QUICK, **SPANS, **changes})


def chosen(*recipes, given=None, bars=BARS):
    return choose_dates(recipes, bars.dates, given or NONE)


def days(count):
    return np.timedelta64(count, "D")


def test_a_recipes_own_spans_are_taken_and_said():
    own = chosen(spanned())
    assert own.recipes == (spanned(),)
    assert own.dates == {name: SPANS.get(name) for name in NONE}
    (note,) = map(str, own.notes)
    assert note.startswith("The spans are those that default brings along (train-start ")
    for name, date in SPANS.items():
        assert f"{name.replace('_', '-')} {date}" in note


def test_recipes_without_spans_go_along():
    plain = load_recipe("tutorial")
    own = chosen(plain, spanned(), spanned("gru"))
    assert own.dates["test_start"] == SPANS["test_start"]
    assert own.recipes[0] == plain
    assert "that default, gru brings along" in str(own.notes[0])


@pytest.mark.parametrize("name", list(NONE))
def test_a_date_of_the_users_wins(name):
    given = NONE | {name: str(BARS.dates[210])}
    own = chosen(spanned(), given=given)
    assert own.dates == given
    (note,) = map(str, own.notes)
    assert note.startswith("Dates are given, so the spans of default (train-start ")
    assert not own.recipes[0].spans


@pytest.mark.parametrize("name", list(SPANS))
def test_recipes_that_bring_different_spans_leave_the_default_split(name):
    date = str(np.datetime64(SPANS[name]) + days(1))
    own = chosen(spanned(), spanned("gru", **{name: date}), load_recipe("tutorial"))
    assert own.dates == NONE
    assert [str(note) for note in own.notes] == [
        "The recipes default, gru bring different spans along; the default split is taken."
    ]
    assert all(not recipe.spans for recipe in own.recipes)


def test_bars_that_do_not_cover_them_leave_the_default_split():
    own = chosen(spanned(), bars=BARS[:200])
    assert own.dates == NONE
    assert "are not covered by these bars; the default split is taken." in str(own.notes[0])
    assert not own.recipes[0].spans


@pytest.mark.parametrize(("beyond", "covered"), [(0, True), (SLACK, True), (SLACK + 1, False)])
def test_a_month_less_at_either_end_is_forgiven(beyond, covered):
    early = {"train_start": str(BARS.dates[0] - days(beyond))}
    late = {"test_end": str(BARS.dates[-1] + days(beyond))}
    for changes in (early, late):
        own = chosen(spanned(**changes))
        assert (own.dates != NONE) == covered
    if covered:
        assert chosen(spanned(**early)).dates["train_start"] == str(BARS.dates[0])
        assert chosen(spanned(**late)).dates["test_end"] == str(BARS.dates[-1])


def test_a_start_of_the_validation_alone_changes_no_split():
    recipe = with_settings(load_recipe("default"), {**QUICK, "validation_start": SPANS["validation_start"]})
    own = chosen(recipe)
    assert own.dates == NONE
    assert own.recipes == (recipe,)


def test_a_run_has_the_spans_and_says_so():
    study = nc.run(BARS, recipes=["default"], ladder=False, settings={**QUICK, **SPANS})
    assert (study.split.train_start, study.split.test_start) == (SPANS["train_start"], SPANS["test_start"])
    assert study.split.test_end == SPANS["test_end"]
    assert study.split.train_end == str(BARS.dates[199])
    assert "brings along" in study.split.notes[0]
    assert study.recipes["default"]["validation_start"] == SPANS["validation_start"]
    korean = nc.run(BARS, recipes=["default"], ladder=False, settings={**QUICK, **SPANS}, lang="ko")
    assert "default" in korean.split.notes[0]
    assert "brings along" not in korean.split.notes[0]


def test_a_run_with_dates_has_those():
    date = str(BARS.dates[270])
    study = nc.run(BARS, recipes=["default"], ladder=False, settings={**QUICK, **SPANS}, test_start=date)
    assert (study.split.train_start, study.split.test_start) == (str(BARS.dates[0]), date)
    assert study.recipes["default"]["validation_start"] is None


def test_a_forecaster_leaves_them_aside():
    spanless = nc.Forecaster(spanned()).fit(BARS)
    plain = nc.Forecaster(with_settings(load_recipe("default"), QUICK)).fit(BARS)
    assert not spanless.recipe.spans
    assert spanless.predict().yhat == plain.predict().yhat


def test_a_walk_leaves_them_aside():
    plain = with_settings(load_recipe("default"), QUICK)
    walks = [nc.walk_forward(BARS, {"own": recipe}, test_start=str(BARS.dates[270])) for recipe in (spanned(), plain)]
    np.testing.assert_array_equal(walks[0].table.yhat, walks[1].table.yhat)
    assert walks[0].folds == walks[1].folds


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test_start": "2020-13-01"}, "test_start: expected a date"),
        ({"train_start": "2030-01-01"}, "run backwards"),
    ],
)
def test_spans_that_are_none_are_refused(changes, message):
    with pytest.raises(SettingsError, match=message):
        spanned(**changes)
