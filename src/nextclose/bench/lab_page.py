"""The lab in a browser as a hand meets it: a slider is dragged, and the page itself tells when each result was painted."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from nextclose.core.errors import NextcloseError, SettingsError
from nextclose.core.types import Float64s

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
SLIDER = "#set-lr"
ENDS = (0.1, 0.75)
"""Shares of the slider between which it is dragged to and fro; nets diverge at the largest rates."""
STEP = 2.0
"""Pixels a move, more than a step of the slider."""

PROBE = """() => {
  const inputs = [];
  const painted = (told) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => told(performance.now());
    port2.postMessage(null);
  });
  const mark = (name, id) => painted((now) => {
    for (const input of inputs) if (input[name] === null && input.id <= id) input[name] = now - input.at;
  });
  const probe = { inputs, pictures: 0 };
  document.addEventListener("input", (event) => {
    inputs.push({ at: event.timeStamp, id: lab.asked, picture: null, sentence: null });
  });
  lab.on("picture", () => {
    probe.pictures += 1;
    mark("picture", lab.picture.id);
  });
  lab.wire.on("train", (header) => header.error && mark("picture", header.id));
  lab.on("verdict", () => mark("sentence", lab.verdict.id));
  window.probe = probe;
}"""
"""A message posted in a frame's callback arrives after that frame's paint."""
READY = "() => window.lab?.picture && lab.painted === lab.asked && lab.verdict?.id === lab.asked"
SETTLED = "() => probe.inputs.length && probe.inputs.at(-1).sentence !== null"
TOLD = """() => ({
  inputs: probe.inputs, pictures: probe.pictures, asked: lab.asked, shown: lab.picture.id,
  values: Object.fromEntries(lab.state.names.map((name) => [name, lab.state.get(name)])),
  dates: lab.picture.dates, yhat: [...lab.picture.yhat], shapes: lab.picture.shapes, skill: lab.picture.skill,
})"""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a page shows, and when it showed what was asked."""

    lr: str
    """The learning rate that was chosen last."""
    dates: Mapping[str, str]
    """The spans, as `nextclose.run` takes them."""
    yhat: Float64s
    """(n,) the forecast that is drawn, float32 as it was sent."""
    shapes: Mapping[str, Any]
    skill: float
    newest: bool
    """Whether the picture answers what was asked last."""
    inputs: int
    """Input events."""
    pictures: int
    """Results that were drawn for them."""
    picture: Float64s
    """(inputs,) seconds from each input to the paint of its result, or of a newer one."""
    sentence: Float64s
    """(inputs,) seconds to the paint of the judge's sentence on that."""


def check_browser() -> str:
    """Where Chromium is. Raises SettingsError where it or playwright is missing."""
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None or find_spec("playwright") is None:
        raise SettingsError(
            "the lab's bench drives Chromium through playwright, and {missing} is not here: install chromium, and "
            'pip install -c constraints.txt -e ".[lab,test]"',
            missing="chromium" if found is None else "playwright",
        )
    return found


@contextmanager
def served(source: str) -> Iterator[str]:
    """The address of a lab in a process of its own, as the command starts it."""
    with tempfile.TemporaryDirectory() as data:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "nextclose", "lab", source, "--port", "0", "--no-open"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "NEXTCLOSE_DATA": data},
        )
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            if found is None:
                raise NextcloseError("the lab did not open: {said}", said=process.communicate()[1].strip())
            yield found[0]
        finally:
            process.terminate()
            process.communicate()


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=check_browser(), args=list(FLAGS))
        yield opened
        opened.close()


def visit(chromium: Browser, url: str, **choices: Any) -> Page:
    """A page of the lab, once it shows what its choices give."""
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(120_000)
    page.goto(url + "?" + "&".join(f"{name}={value}" for name, value in choices.items()))
    page.wait_for_function(READY)
    page.evaluate(PROBE)
    return page


def drag(page: Page, events: int, spacing: tuple[float, float]) -> Shown:
    """Drag the learning rate to and fro, so many moves, then wait until all is painted.

    spacing : the shortest and longest seconds between two moves; drawn with a fixed seed.
    """
    slider = page.locator(SLIDER)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    width, middle = box["width"], box["y"] + box["height"] / 2
    waits = np.random.default_rng(0).uniform(*spacing, events)
    page.mouse.move(box["x"] + width / 2, middle)
    page.mouse.down()
    for place, wait in zip(to_and_fro(events, width), waits, strict=True):
        due = time.perf_counter() + wait
        page.mouse.move(box["x"] + place, middle)
        time.sleep(max(due - time.perf_counter(), 0.0))
    page.mouse.up()
    return shown(page)


def to_and_fro(count: int, width: float) -> Float64s:
    """(count,) places on a slider, each STEP from the last, turning at ENDS."""
    low, high = (share * width for share in ENDS)
    away = (width / 2 - low + STEP * np.arange(1, count + 1)) % (2 * (high - low))
    return low + np.where(away > high - low, 2 * (high - low) - away, away)


def press(page: Page, presses: int) -> Shown:
    """Move the learning rate by the keyboard, each time once the sentence on the last move has been painted."""
    page.focus(SLIDER)
    for number in range(presses):
        page.keyboard.press("ArrowRight" if number % 2 else "ArrowLeft")
        page.wait_for_function(SETTLED)
    return shown(page)


def shown(page: Page) -> Shown:
    """What the page has told since the last time, all of it painted."""
    page.wait_for_function(SETTLED)
    told = page.evaluate(TOLD)
    page.evaluate("() => { probe.inputs.length = 0; probe.pictures = 0; }")
    return Shown(
        lr=told["values"]["lr"],
        dates=told["dates"],
        yhat=np.array(told["yhat"], dtype=np.float64),
        shapes=told["shapes"],
        skill=told["skill"],
        newest=told["asked"] == told["shown"],
        inputs=len(told["inputs"]),
        pictures=told["pictures"],
        picture=np.array([one["picture"] for one in told["inputs"]]) / 1000.0,
        sentence=np.array([one["sentence"] for one in told["inputs"]]) / 1000.0,
    )
