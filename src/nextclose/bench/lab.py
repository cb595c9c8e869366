"""`nextclose bench lab`: from a hand on a slider to the picture on the screen, measured in the browser.

The tutorial's settings on the bundled sample, 689 sessions to train. The learning rate is dragged, a move every 30 to
60 ms; each input event is timed to the paint of its result or of a newer one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nextclose.bars import load_bars
from nextclose.bench.aims import Aim
from nextclose.bench.lab_page import Shown, browser, check_browser, drag, press, served, visit
from nextclose.core.errors import NextcloseError
from nextclose.core.types import Float64s

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SOURCE = "sample:AAPL"
RECIPE = "tutorial"
TRAIN = 689
"""Sessions that train."""
PICTURE, SENTENCE = 0.05, 0.2
"""Aims: seconds from an input to its picture, and from there to the judge's sentence, at the 95th percentile at most."""


@dataclass(frozen=True, kw_only=True)
class LabPlan:
    """How much is measured."""

    source: str = SOURCE
    seeds: tuple[int, ...] = (1, 5)
    """Nets trained at each move, a drag each."""
    events: int = 300
    """Moves of a drag."""
    spacing: tuple[float, float] = (0.03, 0.06)
    """Shortest and longest seconds between two moves."""
    presses: int = 30
    """Moves by the keyboard, each after the sentence on the last."""


@dataclass(frozen=True, kw_only=True)
class LabParity:
    """What the page shows, beside `nextclose run` on the same spans."""

    passed: bool
    forecasts: int
    differ: int
    """How many are not the run's, rounded to the float32 that is sent."""
    train: int
    """Sessions that train, read off the shapes that the page shows."""
    browser: str
    """Its version."""

    def error(self) -> NextcloseError:
        """What to say where it is red."""
        return NextcloseError(
            "{differ} of {forecasts} forecasts on the page are not those of nextclose run, so no speed was measured",
            differ=self.differ,
            forecasts=self.forecasts,
        )


@dataclass(frozen=True, kw_only=True)
class Delay:
    """Seconds of many events."""

    median: float
    p95: float
    """The 95th percentile."""
    worst: float
    n: int


@dataclass(frozen=True, kw_only=True)
class LabDrag:
    """A drag of the learning rate."""

    seeds: int
    picture: Delay
    """From an input event to the paint of its result or a newer one."""
    sentence: Delay
    """From the picture's paint to that of the judge's sentence, where nothing newer is asked."""
    inputs: int
    dropped: int
    """Requests that were stale before they were drawn."""
    last: bool
    """Whether the picture after the drag is that of the last value, as `nextclose run` gives it."""


def run_lab_bench(plan: LabPlan, tick: Callable[[str], None]) -> Iterator[tuple[str, Any]]:
    """The parts of a run by name; after a red parity check there is no other.

    Raises SettingsError where Chromium or playwright is missing.
    """
    from nextclose.bench.machine import describe_machine

    check_browser()
    yield "machine", describe_machine()
    with served(plan.source) as url, browser() as chromium:
        tick("parity")
        parity = check_lab(plan, chromium, url)
        yield "parity", parity
        if not parity.passed:
            return
        drags = []
        for seeds in plan.seeds:
            tick(f"drag, seeds={seeds}")
            drags.append(measure_drag(plan, chromium, url, seeds))
        yield "drags", tuple(drags)
    yield "aims", lab_aims(drags)


def check_lab(plan: LabPlan, chromium: Browser, url: str) -> LabParity:
    """Move the slider once, and compare what is drawn."""
    page = visit(chromium, url, recipe=RECIPE, seeds=plan.seeds[-1])
    found = press(page, 1)
    page.close()
    forecasts = run_forecasts(plan, found, plan.seeds[-1])
    differ = differing(found, forecasts)
    windows, length, _ = found.shapes["X_train"]
    return LabParity(
        passed=differ == 0,
        forecasts=len(forecasts),
        differ=differ,
        train=windows + length,
        browser=f"{chromium.browser_type.name} {chromium.version}",
    )


def run_forecasts(plan: LabPlan, found: Shown, seeds: int) -> Float64s:
    """(n,) the forecasts of `nextclose run` with the page's learning rate and spans."""
    from nextclose.study.run import run
    from nextclose.study.study import Study

    study = run(
        load_bars(plan.source),
        recipes=[RECIPE],
        settings={"lr": float(found.lr), "seeds": seeds},
        train_start=found.dates["train_start"],
        test_start=found.dates["test_start"],
        test_end=found.dates["test_end"],
        refit_every=0,
        ladder=False,
    )
    assert isinstance(study, Study)
    return np.asarray(study.table.yhat[study.table.model == RECIPE])


def differing(found: Shown, forecasts: Float64s) -> int:
    """How many forecasts on the page are others than these, in float32."""
    if len(found.yhat) != len(forecasts):
        return max(len(found.yhat), len(forecasts))
    return int(np.sum(found.yhat.astype(np.float32) != forecasts.astype(np.float32)))


def measure_drag(plan: LabPlan, chromium: Browser, url: str, seeds: int) -> LabDrag:
    """A drag, then some moves with a pause after each."""
    page = visit(chromium, url, recipe=RECIPE, seeds=seeds)
    press(page, 3)
    dragged = drag(page, plan.events, plan.spacing)
    pressed = press(page, plan.presses)
    page.close()
    return LabDrag(
        seeds=seeds,
        picture=delay(dragged.picture),
        sentence=delay(pressed.sentence - pressed.picture),
        inputs=dragged.inputs,
        dropped=dragged.inputs - dragged.pictures,
        last=dragged.newest and differing(dragged, run_forecasts(plan, dragged, seeds)) == 0,
    )


def delay(seconds: Float64s) -> Delay:
    """Median, 95th percentile and largest of (n,) seconds."""
    return Delay(
        median=float(np.median(seconds)),
        p95=float(np.percentile(seconds, 95.0)),
        worst=float(seconds.max()),
        n=len(seconds),
    )


def lab_aims(drags: list[LabDrag]) -> tuple[Aim, ...]:
    """The aims beside what was reached."""
    found = []
    for one in drags:
        where, picture, sentence = f"seeds={one.seeds}", one.picture.p95, one.sentence.p95
        found.append(Aim(quantity="picture", where=where, aim=PICTURE, reached=picture, met=picture <= PICTURE))
        found.append(Aim(quantity="sentence", where=where, aim=SENTENCE, reached=sentence, met=sentence <= SENTENCE))
        found.append(Aim(quantity="last", where=where, aim=1.0, reached=float(one.last), met=one.last))
    return tuple(found)
