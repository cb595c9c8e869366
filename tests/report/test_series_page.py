from __future__ import annotations

import re
from html import escape

import numpy as np
import pytest
from rich.console import Console
from tests.report.conftest import figures_of, make_series, without_scripts

from nextclose.core.errors import SettingsError
from nextclose.report import write_series
from nextclose.report.series_page import render_series
from nextclose.report.series_terminal import print_series, print_series_start


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_sections_stand_in_the_order_a_reader_asks(lang):
    study = make_series(lang=lang)
    page = without_scripts(render_series(study, lang))
    places = [
        page.index(f'id="{name}"') for name in ("found", "alone", "one-step", "learning", "table", "data", "settings")
    ]
    assert places == sorted(places)
    for said in (study.models[0].sentence, study.rollout.sentence, "a note", "no tomorrow", "(37, 3, 1)", "(3, 37, 1)"):
        assert escape(said, quote=False) in page
    for row in study.models:
        assert f'<th class="word" scope="row">{row.name}</th>' in page
    assert "nan" not in re.sub(r"<[^>]*>", " ", page).lower()


def test_the_page_needs_nothing_from_outside_and_is_the_same_every_time():
    page = render_series(make_series(), "en")
    assert page == render_series(make_series(), "en")
    assert re.findall(r"\b(?:src|href)\s*=", without_scripts(page)) == []
    assert sorted(figures_of(page)) == ["alone", "loss", "one-step"]


def test_the_rollout_is_drawn_against_the_truth_with_the_step_that_lost_it():
    study = make_series()
    figure = figures_of(render_series(study, "en"))["alone"]
    lines = {(trace["name"], trace["yaxis"]): trace for trace in figure["data"]}
    rollout, truth = lines["trigonometric", "y2"], lines["truth", "y2"]
    np.testing.assert_allclose(rollout["y"], study.rolled.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(truth["y"], study.y, rtol=1e-4)
    assert rollout["x"] == truth["x"][3:]
    seeds = [trace for trace in figure["data"] if trace["name"] == "each seed"]
    assert [trace["showlegend"] for trace in seeds] == [True, False]
    window, lost = figure["layout"]["shapes"]
    assert (window["x0"], window["x1"]) == (study.t[0], study.t[2])
    assert lost["x0"] == study.t[3 + 18]
    assert figure["layout"]["annotations"][0]["text"] == "lost after 18 steps"


def test_a_rollout_that_is_never_lost_has_no_such_line():
    figure = figures_of(render_series(make_series(lost=False), "en"))["alone"]
    assert len(figure["layout"]["shapes"]) == 1
    assert "annotations" not in figure["layout"]


def test_one_seed_has_no_table_of_seeds():
    assert "Seed by seed" in render_series(make_series(), "en")
    page = render_series(make_series(seeds=1), "en")
    assert "Seed by seed" not in page
    assert {trace["name"] for trace in figures_of(page)["alone"]["data"]} == {"truth", "trigonometric"}


def test_a_name_never_becomes_markup():
    page = render_series(make_series(name="<b>x</b>"), "en")
    assert "<b>x</b>" not in page


def test_a_page_is_written_whole_or_not_at_all(tmp_path):
    assert (
        write_series(make_series(), tmp_path / "시계열.html", lang="ko")
        .read_text(encoding="utf-8")
        .endswith("</html>\n")
    )
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot write the report"):
        write_series(make_series(), tmp_path / "file" / "r.html")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "시계열.html"]


@pytest.mark.parametrize("width", [100, 80])
def test_the_terminal_says_what_the_page_says(width, tmp_path):
    study = make_series()
    console = Console(record=True, width=width, file=(tmp_path / "out").open("w", encoding="utf-8"))
    print_series_start(study.data, console, "en")
    print_series(study, console, folder=tmp_path)
    console.file.close()
    text = " ".join(console.export_text().split())
    assert text.startswith("40 points of sin t + sin 2t, t from 0 to 4")
    for said in (study.models[0].sentence, study.rollout.sentence, "18 of 37", "· a note"):
        assert said in text
    assert "…" not in text
