"""A sweep's page and its table on the terminal."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console
from tests.conftest import walk_bars

from nextclose.core.sweep import Span
from nextclose.report.document import Pictures
from nextclose.report.facets import Panel, facets
from nextclose.report.sweep_heat import heat_parts
from nextclose.report.sweep_page import render_sweep
from nextclose.report.sweep_terminal import print_sweep
from nextclose.report.sweep_tries import tries_section
from nextclose.study.sweep import sweep

QUICK = {"recipe": "default", "seeds": 2, "refit_every": 0, "engine": "fused"}


@pytest.fixture(scope="module")
def grid():
    """Two by three settings and a third that doubles them."""
    settings = {"hidden_size": [2, 3], "lr": [0.01, 0.02, 0.03], "memory": [True, False], "epochs": 3}
    return sweep(walk_bars(200, seed=5, symbol="<b>삼성"), settings=settings, **QUICK)


def figures(page):
    found = re.findall(r'<script type="application/json" id="data-(\w+)">(.*?)</script>', page, flags=re.DOTALL)
    return {name: json.loads(text) for name, text in found}


def text_of(result, width=100):
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_sweep(result, console)
    return console.file.getvalue()


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_page_answers_first_and_holds_every_picture(grid, lang):
    page = render_sweep(grid, lang)
    assert page == render_sweep(grid, lang)
    body = page[page.index("<body>") :]
    assert (
        body.index(grid.sentence)
        < body.index('id="scores"')
        < body.index('id="learning"')
        < body.index('id="forecasts"')
    )
    assert "<b>삼성" not in body
    assert figures(page).keys() == {"losses", "forecasts"}
    assert "http" not in re.sub(r"<script>.*?</script>", "", body, flags=re.DOTALL)


def test_a_small_picture_for_every_combination_with_a_line_a_seed(grid):
    drawn = figures(render_sweep(grid, "en"))
    panels = {trace["xaxis"] for trace in drawn["losses"]["data"]}
    assert len(panels) == 12
    assert len(drawn["losses"]["data"]) == 12 * 2 * 2
    one = [trace for trace in drawn["forecasts"]["data"] if trace["xaxis"] == "x3"]
    assert [trace["name"] for trace in one].count("a seed") == 2
    assert {len(trace["y"]) for trace in one} == {40}
    assert sum(trace["showlegend"] for trace in drawn["forecasts"]["data"]) == 4


def test_scores_over_two_settings_stand_in_a_table_for_each_value_of_the_third(grid):
    parts = "".join(heat_parts(grid, "en"))
    assert parts.count('class="heats"') == 2
    assert parts.count("<table") == 2 * 3
    assert parts.count("<td") == 12 * 3
    assert parts.count("best") == 3
    shades = [float(shade) for shade in re.findall(r"--heat:([0-9.]+)", parts)]
    assert (min(shades), max(shades)) == (0.0, 1.0)


def test_the_terminal_lists_the_grid_in_order_and_marks_the_best(grid):
    lines = text_of(grid).splitlines()
    assert max(map(len, lines)) <= 100
    rows = [
        line for line in lines if re.search(r"0\.0[123]", line) and ("on" in line or "off" in line) and "  " in line
    ][:12]
    assert [re.findall(r"0\.0[123]\b", line)[0] for line in rows] == [
        "0.01",
        "0.01",
        "0.02",
        "0.02",
        "0.03",
        "0.03",
    ] * 2
    assert sum("*" in line[:4] for line in rows) == sum("†" in line[:4] for line in rows) == 1
    assert grid.sentence in " ".join(text_of(grid, width=300).split())


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_narrow_terminal_cuts_no_number(grid, width):
    table = text_of(grid, width=width).split("best on the test span")[0]
    assert max(map(len, table.splitlines())) <= width
    assert re.search(r"\d…", table) is None


def test_a_combination_that_failed_is_told_and_leaves_no_hole():
    result = sweep(
        walk_bars(200, seed=5), recipe="tutorial", settings={"lr": [1e30, 0.01], "hidden_size": [2, 3]}, seeds=1,
        engine="fused",
    )  # fmt: skip
    page = render_sweep(result, "en")
    assert len({trace["xaxis"] for trace in figures(page)["losses"]["data"]}) == 4
    assert page.count("not fitted") >= 2
    assert "not fitted" in text_of(result)


def test_a_search_is_drawn_try_by_try(grid):
    pictures = Pictures("en")
    assert tries_section(grid, pictures) == ""
    axes = {"hidden_size": Span(low=2, high=3, whole=True), "lr": Span(low=0.001, high=0.1), "memory": (True, False)}
    names = tuple(row.name for row in grid.scores)
    searched = replace(grid, axes=axes, tries=13, tried=(*names, names[0]))
    assert 'id="search"' in tries_section(searched, pictures)
    figure = pictures.figures["tries"]
    assert len(figure["data"][0]["x"]) == 13
    assert figure["layout"]["xaxis3"]["type"] == "log"
    assert figure["layout"]["xaxis4"]["categoryarray"] == ["on", "off"]
    assert figure["layout"]["annotations"][0]["text"] == "try"
    assert heat_parts(searched, "en") == []


def test_of_many_combinations_the_best_are_drawn_and_it_is_said():
    settings = {"lr": [0.001 * (1 + place) for place in range(40)], "epochs": 1}
    result = sweep(walk_bars(120, seed=5), settings=settings, **{**QUICK, "seeds": 1})
    page = render_sweep(result, "en")
    assert "Drawn: the 12 of 40 with the lowest validation loss" in page
    assert len({trace["xaxis"] for trace in figures(page)["losses"]["data"]}) == 12


def test_panels_share_axes_and_do_not_overlap():
    figure = facets([Panel(title=f"a long title, number {n}", traces=[]) for n in range(5)], 2, x={}, y={})
    layout = figure["layout"]
    assert layout["xaxis4"]["matches"] == "x"
    assert [layout[f"xaxis{key}"]["showticklabels"] for key in ("", "2", "3", "4", "5")] == [
        False,
        False,
        False,
        True,
        True,
    ]
    domains = [layout[f"yaxis{key}"]["domain"] for key in ("", "3", "5")]
    assert domains[0][0] > domains[1][1] > domains[1][0] > domains[2][1] >= domains[2][0] >= 0.0
