from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console
from tests.conftest import walk_bars
from tests.report.conftest import full_result, make_judgement, make_result

from nextclose.judging.judge import judge
from nextclose.report.explanation import print_explanation
from nextclose.report.terminal import print_judgement, print_start, print_study
from nextclose.study.explain import explain

EPOCHS = {"epochs": 2}


def shown(draw, *arguments, **more) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=100, highlight=False)
    draw(*arguments, console, **more)
    return stream.getvalue()


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_study_fits_a_hundred_columns(lang, tmp_path):
    study = make_result(lang=lang)
    text = shown(print_study, study, folder=tmp_path)
    assert max(cell_len(line) for line in text.splitlines() if str(tmp_path) not in line) <= 100
    for model in ("tutorial", "default", "persistence"):
        assert model in text
    assert "…" not in text
    assert "report.html" in text.replace("\n", "")
    assert "a note" in text


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_eighty_columns_keep_every_word(lang):
    stream = io.StringIO()
    study = full_result(lang=lang)
    print_study(study, Console(file=stream, width=80))
    text = stream.getvalue()
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert "…" not in text
    for row in study.models:
        assert row.name in text


def test_square_brackets_are_text_and_no_style():
    name = "[red]net[/red]"
    study = make_result(symbol="[bold]X[/bold]", note="[b]n[/b]", noise={name: 0.01, "persistence": 0.0})
    judged = judge(study.table)
    text = shown(print_judgement, judged, lang="en")
    assert name in text
    assert "[b]n[/b]" in shown(print_study, study)
    assert "[bold]X[/bold]" in shown(print_study, study)


def test_nothing_but_text_goes_to_a_file():
    assert "\x1b" not in shown(print_study, full_result())


def test_a_study_starts_with_its_data_and_split():
    study = make_result()
    stream = io.StringIO()
    print_start(study.data, study.split, Console(file=stream, width=100), "en")
    text = stream.getvalue()
    assert "100 bars of 삼성전자" in text
    assert "a price is missing: 1 row, left out" in text
    assert study.split.test_start in text


def test_a_judged_file_shows_a_sentence_a_model():
    judged = judge(make_result().table)
    stream = io.StringIO()
    print_judgement(judged, Console(file=stream, width=100), "en")
    assert "tutorial is worse than persistence" in stream.getvalue().replace("\n", " ")


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("width", [80, 100])
def test_a_judgement_says_what_each_model_copies_and_who_may_be_the_best(lang, width, tmp_path):
    judged = make_judgement(symbols=3, models=("net", "persistence", "ridge"), lang=lang)
    stream = io.StringIO()
    path = tmp_path / "r.html"
    print_judgement(judged, Console(file=stream, width=width, highlight=False), lang, report=path)
    text = stream.getvalue()
    assert max(cell_len(line) for line in text.splitlines() if str(path) not in line) <= width
    assert "…" not in text
    assert text.rstrip().endswith(str(path))
    flowing = "".join(text.split())
    rows = {row.name: row for row in judged.models}
    for name, wanted in (("net", True), ("ridge", True), ("persistence", False)):
        assert ("".join(rows[name].shift.sentence.split()) in flowing) == wanted, name
    for contest in judged.contests:
        assert "".join(contest.sentence.split()) in flowing


def test_the_ratio_is_known_without_a_row_of_persistence():
    judged = make_judgement(models=("net",))
    (row,) = judged.models
    table = judged.table
    ratio = row.rmse / ((table.y - table.last_close) ** 2).mean() ** 0.5
    line = next(
        line for line in shown(print_judgement, judged, lang="en").splitlines() if line.strip().startswith("net")
    )
    assert f" {ratio:.2f} " in line


def test_a_run_ends_with_one_line_on_all_its_models():
    study = full_result()
    flowing = " ".join(shown(print_study, study).split())
    assert study.contests[0].sentence in flowing
    assert "forecast curve" not in flowing


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("recipe", ["tutorial", "default", "tutorial-mlp"])
def test_an_explanation_fits_and_prints_the_nets_own_digits(recipe, lang):
    told = explain(walk_bars(80, seed=1), recipe=recipe, settings=EPOCHS)
    stream = io.StringIO()
    print_explanation(told, Console(file=stream, width=100, highlight=False), lang)
    text = stream.getvalue()
    assert max(cell_len(line) for line in text.splitlines()) <= 100
    for value in told.steps[-1].layers[0]["h"]:
        assert f"{value:+.6f}" in text
    assert f"{told.output[0]:+.6f}" in text
    assert f"{told.yhat[0]:,.2f}" in text


def test_shapes_are_written_as_matrices_and_as_linear_layers_write_them():
    told = explain(walk_bars(80, seed=1), settings=EPOCHS | {"seq_len": 5})
    stream = io.StringIO()
    print_explanation(told, Console(file=stream, width=100, highlight=False), "en")
    text = stream.getvalue()
    assert "W_x (10,4) @ x_t (4,)" in text
    assert f"({told.train_windows},4) @ (4,10)" in text
    assert f"(5, {told.train_windows}, 4)" in text
