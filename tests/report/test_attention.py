"""Where a decoder looks: kept with the study, and drawn in both languages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars
from tests.report.conftest import figures_of, make_result, without_scripts

import nextclose as nc
from nextclose.core.results import AttentionMap
from nextclose.report.page import render

L, K = 6, 3
WINDOW = tuple(f"2023-01-0{day}" for day in range(1, L + 1))


def make_map(model="seq2seq-attention", seed=0):
    weights = np.random.default_rng(seed).dirichlet(np.ones(L), size=(2, K))
    return AttentionMap(model=model, window=WINDOW, tomorrow=weights[0], average=weights[1])


def page_of(*maps, lang="en"):
    return render(replace(make_result(), attention=maps), lang)


def section_of(page):
    shown = without_scripts(page)
    start = shown.index('id="attention"')
    return shown[start : shown.index("</section>", start)]


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_pictures_have_the_weights(lang):
    own = make_map()
    figures = figures_of(page_of(own, lang=lang))
    latest, mean = figures["attention0"], figures["attention0mean"]
    for drawn, weights in ((latest, own.tomorrow), (mean, own.average)):
        (trace,) = drawn["data"]
        assert trace["type"] == "heatmap"
        np.testing.assert_allclose(np.array(trace["z"], dtype=float), weights, atol=5e-6)
        assert trace["y"] == ["+1", "+2", "+3"]
        assert drawn["layout"]["yaxis"]["autorange"] == "reversed"
    assert latest["data"][0]["x"] == list(WINDOW)
    assert mean["data"][0]["x"] == ["t-5", "t-4", "t-3", "t-2", "t-1", "t"]


def test_the_section_says_what_a_row_is():
    said = section_of(page_of(make_map()))
    assert "Where it looks" in said
    assert "a row sums to 1" in said
    assert "0.17" in said
    assert "seq2seq-attention: the window before tomorrow" in said


def test_the_section_is_korean_too():
    said = section_of(page_of(make_map(), lang="ko"))
    assert "0.17" in said
    assert "seq2seq-attention" in said
    for word in ("Where it looks", "session ahead", "sums to", "window", "mean over"):
        assert word not in said
    assert any("가" <= letter <= "힣" for letter in said)


def test_two_models_have_two_pictures_each():
    figures = figures_of(page_of(make_map(), make_map("other", seed=1)))
    assert {name for name in figures if name.startswith("attention")} == {
        "attention0", "attention0mean", "attention1", "attention1mean",
    }  # fmt: skip


def test_without_attention_there_is_no_section():
    page = page_of()
    assert 'id="attention"' not in page
    assert not any(name.startswith("attention") for name in figures_of(page))


@pytest.fixture(scope="module")
def study():
    bars = replace(walk_bars(160, seed=5), exchange="XNYS")
    few = {"epochs": 2, "seeds": 2, "hidden_size": 4, "seq_len": L, "horizon": K}
    return nc.run(bars, recipes=["seq2seq", "seq2seq-attention"], ladder=False, refit_every=0, settings=few)


def test_the_recipe_with_attention_alone_is_mapped(study):
    (own,) = study.attention
    assert own.model == "seq2seq-attention"
    assert own.window == tuple(str(day) for day in study.history.dates[-L:])
    for weights in (own.tomorrow, own.average):
        assert weights.shape == (K, L)
        assert (weights > 0.0).all()
        np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-6)


def test_the_map_is_the_mean_over_the_nets(study):
    from nextclose.training.fit import attention
    from nextclose.windows import make_dataset

    model = next(model for model in study.fitted if model.fold.recipe.name == "seq2seq-attention")
    fold, data = model.fold, make_dataset(model.bars, model.fold.recipe.windows)
    X = fold.scaler.x.forward(data.X)
    seen = np.mean([attention(fit.params, X, net=fold.recipe.net, outputs=K) for fit in fold.fits], axis=0)
    np.testing.assert_allclose(study.attention[0].tomorrow, seen[-1], rtol=1e-6)
    first = 160 - 32 - 1 - data.first
    np.testing.assert_allclose(study.attention[0].average, seen[first : 160 - K - data.first].mean(axis=0), rtol=1e-6)


def test_the_map_is_saved_and_comes_back(study, tmp_path):
    loaded = nc.load(study.save(tmp_path / "run"))
    (own,), (again,) = study.attention, loaded.attention
    assert (own.model, own.window) == (again.model, again.window)
    np.testing.assert_array_equal(own.tomorrow, again.tomorrow)
    np.testing.assert_array_equal(own.average, again.average)
    page = render(loaded, "ko")
    assert figures_of(page)["attention0"]["data"][0]["x"] == list(own.window)


def test_recipes_without_attention_have_no_map(small_attentionless):
    assert small_attentionless.attention == ()


@pytest.fixture(scope="module")
def small_attentionless():
    bars = replace(walk_bars(120, seed=5), exchange="XNYS")
    few = {"epochs": 1, "seeds": 1, "hidden_size": 4, "seq_len": L}
    return nc.run(bars, recipes=["seq2seq", "transformer", "default"], ladder=False, refit_every=0, settings=few)
