"""Which engine is chosen, why, and what is said where none can be."""

from __future__ import annotations

import pytest

from nextclose import engine as fused_engine
from nextclose.core.errors import SettingsError
from nextclose.core.lang import Text
from nextclose.recipes import LADDER, load_recipe, with_settings
from nextclose.training import fused, resolve
from nextclose.training.resolve import resolve_engine, tell_engines

RECIPE = load_recipe("tutorial")


@pytest.fixture
def lame(monkeypatch):
    """A machine on which the fused engine does not work."""
    monkeypatch.setattr(fused_engine, "unusable", lambda *_: Text("no compiler"))


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.setattr(resolve, "_torch_is_there", lambda: False)


@pytest.fixture
def small(monkeypatch):
    """A fused engine that has no gru."""
    monkeypatch.setattr(fused, "CELLS", ("rnn", "mlp"))


COVERED = (
    "tutorial",
    "default",
    "quantile",
    "trigonometric",
    "mlp",
    "gru",
    "lstm",
    "rnn-stacked",
    "lstm-3day",
    "lstm-log",
)
TORCH = {
    "rnn-bidirectional": "it has no bidirectional",
    "many-to-many": "it has no head=every-step",
    "seq2seq": "it has no decoder=recurrent",
    "bert": "it has no cell 'transformer'",
}


@pytest.mark.parametrize("name", TORCH)
def test_a_recipe_of_pytorch_alone_says_what_the_engine_lacks(name):
    chosen = resolve_engine("auto", load_recipe(name))
    assert (chosen.chosen, str(chosen.reason)) == ("torch", f"the fused engine cannot do it: {TORCH[name]}")
    with pytest.raises(SettingsError, match="engine fused cannot fit"):
        resolve_engine("fused", load_recipe(name))


@pytest.mark.parametrize(
    ("changes", "lacks"),
    [
        ({"head": "batchnorm"}, "it has no head=batchnorm"),
        ({"batch_size": 5, "drop_last": True}, "it has no drop_last"),
        ({"validation": 0.2, "restore_best": False}, "it has no restore_best=off"),
    ],
)
def test_one_net_for_a_market_has_less(changes, lacks):
    recipe = with_settings(RECIPE, changes)
    assert fused.uncovered(recipe.net, recipe.training) is None
    with pytest.raises(SettingsError, match=f"cannot do this one: {lacks}"):
        fused.pooled_settings(recipe.net, recipe.training)


def test_dropout_is_pytorchs():
    recipe = with_settings(load_recipe("lstm-3day"), {"dropout": 0.2})
    assert str(fused.uncovered(recipe.net, recipe.training)) == "it has no dropout"


def test_auto_is_fused_for_what_the_engine_covers_and_needs_no_torch(no_torch):
    for recipe in map(load_recipe, (*COVERED, *LADDER)):
        chosen = resolve_engine("auto", recipe)
        assert (chosen.chosen, str(chosen.reason)) == ("fused", "it covers the net and its training")


@pytest.mark.parametrize("wish", ["fused", "torch"])
def test_a_wish_is_met(wish):
    chosen = resolve_engine(wish, RECIPE)
    assert (chosen.chosen, str(chosen.reason)) == (wish, "asked for")


def test_auto_takes_torch_where_the_engine_is_unusable(lame):
    chosen = resolve_engine("auto", RECIPE)
    assert (chosen.chosen, str(chosen.reason)) == ("torch", "the fused engine cannot do it: no compiler")


def test_auto_takes_torch_for_the_recipes_that_are_not_covered(small):
    gated = with_settings(load_recipe("default"), {"cell": "gru"})
    engines = {recipe: resolve_engine("auto", recipe) for recipe in (RECIPE, gated)}
    chosen, reason = tell_engines(engines)
    assert chosen == "fused, torch"
    assert str(reason) == (
        "fused for tutorial: it covers the net and its training; torch for default: the fused engine cannot do it: "
        "it has no cell 'gru'"
    )


def test_one_engine_is_told_once():
    chosen, reason = tell_engines({recipe: resolve_engine("auto", recipe) for recipe in map(load_recipe, COVERED)})
    assert (chosen, str(reason)) == ("fused", "it covers the net and its training")


def test_fused_that_cannot_be_names_the_alternative(lame):
    with pytest.raises(SettingsError, match="engine fused cannot fit recipe 'tutorial': no compiler. Ask for torch"):
        resolve_engine("fused", RECIPE)


def test_torch_that_is_missing_names_the_install_line(no_torch):
    with pytest.raises(SettingsError) as caught:
        resolve_engine("torch", RECIPE)
    assert 'pip install -c constraints.txt -e ".[torch]"' in str(caught.value)


def test_neither_is_one_clear_error(lame, no_torch):
    with pytest.raises(SettingsError) as caught:
        resolve_engine("auto", RECIPE)
    said = str(caught.value)
    assert "(no compiler), and PyTorch is not installed: pip install" in said
    assert caught.value.message("ko") != said


def test_an_unknown_engine_offers_the_nearest():
    with pytest.raises(
        SettingsError, match="unknown engine 'fussed': expected one of auto, fused, torch. Did you mean 'fused'"
    ):
        resolve_engine("fussed", RECIPE)
