"""Whether pre-training helped: a twin beside the recipe, and one sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.core.forecasts import Forecasts
from nextclose.judging.judge import judge
from nextclose.recipes import load_recipe, with_settings
from nextclose.report import write_report
from nextclose.study.predict import predict_run
from nextclose.study.pretraining import tell_pretraining, with_twins
from nextclose.training.resolve import resolve_engine

BARS = replace(walk_bars(200, seed=5), exchange="XNYS")
QUICK = {"epochs": 2, "seeds": 2, "hidden_size": 4, "seq_len": 5}
ASKED = {"ladder": False, "refit_every": 0}


def names(*recipes):
    return [recipe.name for recipe in with_twins(recipes)]


def test_behind_each_pretrained_recipe_stands_its_twin():
    bert, default = load_recipe("bert"), load_recipe("default")
    assert names(default) == ["default"]
    assert names(bert, default) == ["bert", "bert-scratch", "default"]
    own = with_settings(bert, {"mask_share": 0.5, "lr": 0.01, "pretrain_bars": "all.parquet"})
    twin = with_twins([own])[1]
    changed = {name for name, value in twin.settings().items() if value != own.settings()[name]}
    assert changed == {"pretrain_epochs", "pretrain_bars", "mask_share"}
    assert "without learning to fill in masked bars" in twin.summary
    assert twin.training.pretrain_epochs == 0


def test_the_twin_stands_there_once():
    bert, scratch = load_recipe("bert"), load_recipe("bert-scratch")
    assert names(bert, scratch) == names(scratch, bert) == ["bert", "bert-scratch"]
    assert names(scratch) == ["bert-scratch"]
    both = [with_settings(one, {"pretrain_epochs": 3}) for one in (bert, scratch)]
    assert names(*both) == ["bert", "bert-scratch"]
    assert [one.training.pretrain_epochs for one in with_twins(both)] == [3, 0]


def test_the_recipe_by_that_name_is_the_twin():
    assert with_twins([load_recipe("bert")])[1].settings() == load_recipe("bert-scratch").settings()


def planted(own, other, *, n=300, steps=(1,)):
    """A table of two models whose errors are normal with these spreads, and persistence."""
    bars, rng = walk_bars(n + max(steps), seed=9), np.random.default_rng(4)
    parts = []
    for step in steps:
        rows = np.arange(n)
        last, truth = bars.close[rows], bars.close[rows + step]
        noise = rng.standard_normal((2, n))
        forecasts = {"bert": truth + own * last * noise[0], "bert-scratch": truth + other * last * noise[1]}
        for model, yhat in (forecasts | {"persistence": last}).items():
            parts.append(table(bars, model, step, rows, last, truth, yhat))
    return Forecasts.concat(parts)


def table(bars, model, step, rows, last, truth, yhat):
    n, nothing = len(rows), np.full(len(rows), np.nan)
    return Forecasts(
        symbol=np.full(n, "WALK", dtype=object), model=np.full(n, model, dtype=object), origin=bars.dates[rows],
        step=np.full(n, step), target_date=bars.dates[rows + step], yhat=yhat, lo=nothing, hi=nothing, level=nothing,
        p_up=nothing, last_close=last, y=truth,
    )  # fmt: skip


def sentences(forecasts, lang="en"):
    judged = judge(forecasts, kinds={"persistence": "baseline"}, lang=lang)
    told = tell_pretraining(judged.models, forecasts, lang)
    before = {(row.name, row.step): row.sentence for row in judged.models}
    return {(row.name, row.step): row.sentence.removeprefix(before[row.name, row.step]).strip() for row in told}


CASES = {
    "Pre-training helped: its error is ": (0.008, 0.012),
    "Pre-training did harm: its error is ": (0.012, 0.008),
    "Pre-training made no difference that these sessions show: its error is ": (0.01, 0.01),
}


@pytest.mark.parametrize("start", CASES)
def test_the_sentence_says_what_was_found(start):
    own, other = CASES[start]
    told = sentences(planted(own, other))
    sentence = told["bert", 1]
    assert sentence.startswith(start)
    ratio, p = float(sentence.split(" times ")[0].split()[-1]), float(sentence.split("p = ")[1].rstrip(")."))
    assert ratio == pytest.approx(own / other, rel=0.1)
    assert (p < 0.05) == (own != other)
    assert told["bert-scratch", 1] == told["persistence", 1] == ""


def test_each_step_has_its_own():
    told = sentences(planted(0.008, 0.012, steps=(1, 2)))
    assert told["bert", 1] != told["bert", 2]
    assert all(told["bert", step].startswith("Pre-training helped") for step in (1, 2))


def test_the_sentence_is_korean_too():
    korean = sentences(planted(0.008, 0.012), "ko")["bert", 1]
    assert korean.startswith("사전 학습이 도움이 되었습니다")


def test_equal_errors_tell_nothing():
    own = planted(0.01, 0.01)
    same = own.replace(yhat=np.where(own.model == "bert-scratch", np.tile(own.of("bert").yhat, 3), own.yhat))
    assert sentences(same)["bert", 1] == "Whether pre-training helped cannot be told: the errors are the same."


@pytest.fixture(scope="module")
def study():
    return nc.run(BARS, recipes=["transformer"], settings=QUICK | {"pretrain_epochs": 3}, **ASKED)


def test_any_transformer_may_be_pretrained(study):
    assert list(study.recipes) == ["transformer", "transformer-scratch"]
    assert study.recipes["transformer-scratch"]["pretrain_epochs"] == 0
    rows = {row.name: row for row in study.models if row.kind == "recipe"}
    assert set(rows) == {"transformer", "transformer-scratch"}
    assert "re-training" in rows["transformer"].sentence
    assert "re-training" not in rows["transformer-scratch"].sentence
    assert rows["transformer"].rmse != rows["transformer-scratch"].rmse


def test_the_twin_is_the_recipe_run_alone(study):
    alone = nc.run(BARS, recipes=["transformer"], settings=QUICK, **ASKED)
    assert list(alone.recipes) == ["transformer"]
    np.testing.assert_array_equal(study.table.of("transformer-scratch").yhat, alone.table.of("transformer").yhat)


def test_bert_runs_beside_its_twin():
    few = QUICK | {"pretrain_epochs": 1, "epochs": 1}
    study = nc.run(BARS, recipes=["bert", "bert-scratch"], settings=few, **ASKED)
    assert list(study.recipes) == ["bert", "bert-scratch"]
    assert [row.name for row in study.models].count("bert-scratch") == 1


def test_a_saved_run_with_a_twin_loads_predicts_and_reports(study, tmp_path):
    folder = study.save(tmp_path / "run")
    loaded = nc.load(folder)
    assert [row.sentence for row in loaded.models] == [row.sentence for row in study.models]
    assert [model.fold.recipe.name for model in loaded.fitted] == ["transformer", "transformer-scratch"]
    for own, again in zip(study.tomorrow, loaded.tomorrow, strict=True):
        assert (own.model, own.yhat) == (again.model, again.yhat)
    rows = {row.model: row.yhat for row in predict_run(folder).tomorrow}
    assert rows["transformer-scratch"] == pytest.approx(
        next(row.yhat for row in study.tomorrow if row.model == "transformer-scratch"), rel=1e-6
    )
    page = write_report(loaded, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "transformer-scratch" in page


def test_a_ladder_stands_beside_a_twin_too():
    study = nc.run(BARS, recipes=["transformer"], ladder=True, refit_every=0, settings=QUICK | {"pretrain_epochs": 1})
    assert study.ladder is not None


def test_a_forecaster_is_pretrained_and_comes_back(tmp_path):
    model = nc.Forecaster("transformer", settings=QUICK | {"pretrain_epochs": 2}).fit(BARS)
    plain = nc.Forecaster("transformer", settings=QUICK).fit(BARS)
    assert model.predict().yhat != plain.predict().yhat
    assert nc.load(model.save(tmp_path / "model")).predict().yhat == model.predict().yhat


def test_the_fused_engine_pretrains_nothing():
    assert resolve_engine("fused", load_recipe("default")).pretrain is None
    assert resolve_engine("auto", load_recipe("bert")).chosen == "torch"
