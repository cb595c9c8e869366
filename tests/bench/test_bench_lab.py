"""The lab's bench: what the page shows is what a run gives, and then one short drag."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pytest
from rich.console import Console

from nextclose.bench import lab as bench
from nextclose.bench import lab_page
from nextclose.bench.lab import LabPlan, delay, differing, lab_aims, run_lab_bench
from nextclose.bench.lab_page import ENDS, STEP, Shown, check_browser, to_and_fro
from nextclose.cli import app
from nextclose.core.errors import SettingsError

SMALL = LabPlan(source="sample:IBM", seeds=(2,), events=12, spacing=(0.0, 0.01), presses=2)
needs_browser = pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed here")


def silent(_):
    """Nobody watches."""


def shown(**known):
    plain = {
        "lr": "0.005", "dates": {}, "yhat": np.array([1.0, 2.0]), "shapes": {"X_train": [685, 4, 4]}, "skill": 0.0,
        "newest": True, "inputs": 4, "pictures": 3, "picture": np.array([0.02, 0.03, 0.04, 0.05]),
        "sentence": np.array([0.05, 0.06, 0.07, 0.08]),
    }  # fmt: skip
    return Shown(**{**plain, **known})


@pytest.fixture
def faked(monkeypatch):
    """No browser: what the page is said to show is set, and every run forecasts 1, 2."""

    def set_to(*, moved, dragged):
        from contextlib import nullcontext
        from types import SimpleNamespace

        chromium = SimpleNamespace(version="1", browser_type=SimpleNamespace(name="chromium"))
        monkeypatch.setattr(bench, "check_browser", lambda: "chromium")
        monkeypatch.setattr(bench, "served", lambda source: nullcontext("http://127.0.0.1/"))
        monkeypatch.setattr(bench, "browser", lambda: nullcontext(chromium))
        monkeypatch.setattr(bench, "visit", lambda *_, **__: SimpleNamespace(close=lambda: None))
        monkeypatch.setattr(bench, "press", lambda *_: moved)
        monkeypatch.setattr(bench, "drag", lambda *_: dragged)
        monkeypatch.setattr(bench, "run_forecasts", lambda *_: np.array([1.0, 2.0]))

    return set_to


def test_nothing_is_measured_on_red(faked):
    faked(moved=shown(yhat=np.array([1.0, np.nextafter(np.float32(2), np.float32(3))])), dragged=None)
    parts = dict(run_lab_bench(SMALL, silent))
    assert list(parts) == ["machine", "parity"]
    assert "1 of 2 forecasts" in str(parts["parity"].error())


def test_delays_and_dropped_requests_are_told(faked, capsys):
    from nextclose.bench.lab_terminal import print_lab_part

    faked(moved=shown(), dragged=shown(picture=np.array([0.02, 0.02, 0.04, 0.06])))
    parts = dict(run_lab_bench(LabPlan(seeds=(1, 5)), silent))
    assert list(parts) == ["machine", "parity", "drags", "aims"]
    assert parts["parity"].train == 689
    drag = parts["drags"][1]
    assert (drag.seeds, drag.inputs, drag.dropped, drag.last) == (5, 4, 1, True)
    assert (drag.picture.median, drag.picture.worst) == (0.03, 0.06)
    assert drag.sentence.p95 == pytest.approx(0.03)
    assert {(aim.quantity, aim.met) for aim in parts["aims"]} == {
        ("picture", False),
        ("sentence", True),
        ("last", True),
    }
    for name, part in parts.items():
        print_lab_part(name, part, Console(width=100, file=sys.stdout), "ko")
    said = " ".join(capsys.readouterr().out.split())
    assert "입력 4번, 그중 1번" in said
    assert "57.0" in said


@pytest.mark.parametrize(
    "stale", [{"newest": False}, {"yhat": np.array([1.0, 3.0])}, {"yhat": np.array([1.0])}], ids=str
)
def test_a_picture_that_is_not_the_last_values_is_seen(faked, stale):
    faked(moved=shown(), dragged=shown(**stale))
    (drag,) = dict(run_lab_bench(SMALL, silent))["drags"]
    assert not drag.last
    assert not next(aim.met for aim in lab_aims([drag]) if aim.quantity == "last")


def test_differences_below_float32_are_none():
    assert differing(shown(yhat=np.array([1.0, 2.0])), np.array([1.0 + 1e-9, 2.0])) == 0
    assert differing(shown(), np.array([1.0, 2.0, 3.0])) == 3


def test_delays_of_many_events():
    found = delay(np.arange(101) / 1000.0)
    assert (found.median, found.p95, found.worst, found.n) == pytest.approx((0.05, 0.095, 0.1, 101))


def test_a_drag_turns_at_the_ends():
    places = to_and_fro(500, 150.0)
    assert places.min() >= ENDS[0] * 150.0
    assert places.max() <= ENDS[1] * 150.0
    assert np.abs(np.diff(places)).max() <= STEP + 1e-9
    assert np.sum(np.diff(np.sign(np.diff(places))) != 0) >= 6


@pytest.mark.parametrize(("chromium", "playwright"), [(None, True), ("/usr/bin/chromium", None)])
def test_what_is_missing_is_named(monkeypatch, chromium, playwright):
    monkeypatch.setattr(lab_page.shutil, "which", lambda _: chromium)
    monkeypatch.setattr(lab_page, "find_spec", lambda _: playwright)
    with pytest.raises(SettingsError, match="playwright is not here" if chromium else "chromium is not here"):
        check_browser()


@pytest.mark.slow
@needs_browser
def test_a_short_drag_is_measured_in_a_browser(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["nextclose", "bench", "lab", "--json"])
    monkeypatch.setattr(bench, "LabPlan", lambda: SMALL)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert not ended.value.code
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["parity"]["passed"]
    assert found["parity"]["train"] == 689
    (drag,) = found["drags"]
    assert drag["last"]
    assert 4 <= drag["inputs"] <= 14
    assert 0 <= drag["dropped"] < drag["inputs"]
    assert 0.0 < drag["picture"]["median"] <= drag["picture"]["worst"]
    assert drag["sentence"]["n"] == 2
    assert "Forecasts on the page" in err
