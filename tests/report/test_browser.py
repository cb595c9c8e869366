"""The report in a real browser: it opens from disk, draws every figure and complains of nothing."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from tests.report.conftest import make_judgement, make_result, make_series

from nextclose.report import write_judgement, write_report, write_series

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed here"),
]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=10000",
)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_every_figure_is_drawn_without_a_complaint(tmp_path, lang):
    path = write_report(make_result(lang=lang), tmp_path / "보고서.html")
    assert drawn(path) == 6


@pytest.mark.parametrize(("symbols", "figures"), [(1, 3), (3, 3)])
def test_a_judged_file_is_drawn_without_a_complaint(tmp_path, symbols, figures):
    path = write_judgement(make_judgement(symbols=symbols, intervals=False), tmp_path / "판정.html")
    assert drawn(path) == figures


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("lost", [True, False])
def test_a_series_is_drawn_without_a_complaint(tmp_path, lang, lost):
    path = write_series(make_series(lang=lang, lost=lost), tmp_path / "시계열.html")
    assert drawn(path) == 3


def drawn(path) -> int:
    """How many figures of a page are drawn; fails where one is not, or where the page complains."""
    done = subprocess.run(
        ["chromium", *FLAGS, f"--user-data-dir={path.parent / 'profile'}", "--dump-dom", path.as_uri()],
        capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    wanted = len(re.findall(r'data-figure="', done.stdout))
    assert len(re.findall(r'class="main-svg"[^>]*>\s*<defs', done.stdout)) >= wanted
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    return wanted
