"""A market run on the terminal: every column whole, in both languages."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console
from tests.market.conftest import config_of, market_bars, run_market, write_set

from nextclose.core.market import Spans, Status
from nextclose.market.summary import summarise
from nextclose.report.market_terminal import print_answer, print_pages, print_plan, print_status, print_summary

STATUS = Status(
    folder="runs/x", state="running", phase="computing", symbols=2866, done=1200, shards=180, shards_done=75, left_out=31,
    failed=2, fits=40_000, rate=123.4, seconds_left=987.0, age=1.0, lang="en",
)  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The summary in both languages of a run whose tutorial is far off."""
    folder = tmp_path_factory.mktemp("terminal")
    source = write_set(folder / "set.parquet", *market_bars(("A", "BB", "삼성", "LONGNAME"), 220))
    run_market(config_of(source, ("tutorial", "default"), refit_every=0), folder / "run")
    return {lang: summarise(folder / "run", lang, top=2) for lang in ("en", "ko")}


def shown(call, *arguments, width=100, lang="en"):
    console = Console(file=StringIO(), width=width, highlight=False)
    call(*arguments, console, lang)
    return console.file.getvalue()


def rows_of(text, name):
    return [line.split() for line in text.splitlines() if line.strip().startswith(name)]


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("width", [70, 80, 100])
def test_no_cell_of_the_models_is_cut(runs, width, lang):
    text = shown(print_summary, runs[lang], width=width, lang=lang)
    assert "…" not in text
    assert all(len(line.rstrip()) <= width for line in text.splitlines())


def test_a_wide_terminal_shows_intervals_and_direction(runs):
    wide, narrow = (shown(print_summary, runs["en"], width=width) for width in (100, 80))
    for title in ("90 % interval", "direction"):
        assert title in wide.split("verdict")[0]
        assert title not in narrow.split("verdict")[0]
    (row,) = rows_of(narrow, "persistence")
    assert row[1] == "+0.0000"


def test_it_names_the_ends_the_survivors_and_the_rivals(runs):
    text = shown(print_summary, runs["en"])
    assert "Against the plainer forecasts: drift" in text
    assert text.count("better after Benjamini-Hochberg: none") == 2
    survivors = tuple(replace(runs["en"].best[0], symbol=f"S{number}", model="default") for number in range(12))
    text = shown(print_summary, replace(runs["en"], survivors=survivors))
    assert "better after Benjamini-Hochberg: 12 (S0, S1, S2, S3, S4, S5, S6, S7, S8, S9, ...)" in text


def test_it_says_what_is_missing(runs):
    told = replace(
        runs["en"], left_out={"too-short": 1200, "failed": 1, "odd": 2}, skipped={"symbols": 7},
        faults={"outside": 3, "something": 1},
    )  # fmt: skip
    text = " ".join(shown(print_summary, told).split())
    assert "left out 1,203: too few bars 1,200, the computation failed 1, odd 2" in text
    assert "Symbols that the filters took out: --symbols 7" in text
    assert "open or close outside [low, high] by more than 0.5 % 3, something 1" in text
    assert "Survivors only" in text


def test_the_plan_names_the_set_the_spans_and_what_is_kept():
    spans = Spans(
        train_start="2016-01-04", train_end="2022-12-29", test_start="2023-01-02", test_end="2023-01-04",
        sessions=("2023-01-02", "2023-01-03", "2023-01-04"),
    )  # fmt: skip
    text = shown(print_plan, "set.parquet", spans, 2866, 180, 75)
    assert "2,866 symbols in 180 shards   set.parquet" in text
    assert "2023-01-02 to 2023-01-04, 3 sessions" in text
    assert "75 shards are kept" in text
    assert "kept" not in shown(print_plan, "set.parquet", spans, 2866, 180, 0)


@pytest.mark.parametrize(
    ("state", "said", "unsaid"),
    [
        ("running", "123 fits a second, 987 seconds left", "resume"),
        ("stopped", "nextclose market resume runs/x", "a second"),
        ("finished", "1,200 of 2,866 symbols, 75 of 180 shards, 40,000 fits, 31 left out, 2 failed", "resume"),
    ],
)
def test_a_status_says_where_the_run_is(state, said, unsaid):
    text = shown(print_status, replace(STATUS, state=state))
    assert text.startswith(f"{state}   runs/x")
    assert said in text
    assert unsaid not in text


def test_a_run_that_has_just_begun_knows_no_time_left():
    assert "— seconds left" in shown(print_status, replace(STATUS, seconds_left=None))


def test_an_answer_is_a_table_or_lines_with_tabs_where_it_is_too_wide():
    rows = [["A", 1.23456789, None], ["[red]B", 2, "x"]]
    text = shown(print_answer, ["symbol", "value", "value"], rows, 2)
    assert rows_of(text, "A") == [["A", "1.23457", "—"]]
    assert rows_of(text, "[red]B") == [["[red]B", "2", "x"]]
    many = [f"column{number}" for number in range(30)]
    text = shown(print_answer, many, [list(range(30))], 1)
    assert text.splitlines()[0].split("\t") == many
    assert text.splitlines()[1].split("\t") == [str(number) for number in range(30)]


def test_a_long_path_stays_on_one_line(tmp_path):
    path = tmp_path / ("x" * 120) / "index.html"
    assert str(path) in shown(print_pages, path)
