"""A lab that is open, and Debian's Chromium to look at it: pages that complain of anything fail their test."""

from __future__ import annotations

import shutil
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip
GIVEN_UP = "net::ERR_ABORTED"
SETTLED = "() => window.lab?.picture && lab.asked === lab.painted && lab.verdict?.id === lab.asked"
"""Whether what the page shows is the answer to what it asked last, the judge's sentence included."""


@pytest.fixture(scope="module", autouse=True)
def no_data_of_the_users(tmp_path_factory):
    """What labs keep lies in a folder of the module's unless a test names another: tries on equal bars are counted together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEXTCLOSE_DATA", str(tmp_path_factory.mktemp("kept")))
        yield


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The lab over sample:AAPL; its envelopes lie in a folder of the test's."""
    from nextclose.lab.serve import open_lab

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEXTCLOSE_DATA", str(tmp_path_factory.mktemp("data")))
        with open_lab("sample:AAPL", port=0) as opened:
            yield opened


@pytest.fixture(scope="module")
def chromium():
    """Chromium without a window. It lives for a module: its event loop would bar others from running theirs."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed here")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed here")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def watched(chromium, **known):
    """A page of 1280 x 720 unless told otherwise; complaints, errors and requests that fail are raised at the end.

    A request that the browser itself gave up, because the page was left or loaded anew before the answer, has not failed.
    """
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 720}, **known})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.complaints = []
    page.on("console", lambda said: said.type in ("error", "warning") and page.complaints.append(said.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on(
        "requestfailed",
        lambda request: request.failure != GIVEN_UP and page.complaints.append(f"{request.url}: {request.failure}"),
    )
    page.on("response", lambda answer: answer.status >= 400 and page.complaints.append(f"{answer.status} {answer.url}"))
    try:
        yield page
    finally:
        complaints = list(page.complaints)
        context.close()
    assert complaints == []


@pytest.fixture
def page(chromium):
    """An empty page."""
    with watched(chromium) as opened:
        yield opened


def settle(page):
    """Wait until the picture and the judge's sentence belong to what was asked last."""
    page.wait_for_function(SETTLED)


def visit(page, lab, **choices):
    """Open the lab with some choices in its address, and wait for what they give."""
    page.goto(lab.url + "?" + "&".join(f"{name}={value}" for name, value in choices.items()))
    settle(page)


def known(page):
    """Wait until the newest picture and sentence have come, whether or not the view that paints them is shown."""
    page.wait_for_function("() => window.lab?.asked && lab.picture?.id === lab.asked && lab.verdict?.id === lab.asked")


def look(page, lab, **choices):
    """Open the lab on any view, and wait until what it was asked is known."""
    page.goto(lab.url + "?" + "&".join(f"{name}={value}" for name, value in choices.items()))
    known(page)


def rewritten(page):
    """Wait until the address holds what the page was told: it is rewritten once the page has come to rest."""
    page.wait_for_function("() => location.pathname + location.search + location.hash === lab.state.address()")


def drag(page, selector, start, stop, steps=12):
    """Drag a slider's thumb between two shares of its width."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    for step in range(1, steps + 1):
        page.mouse.move(box["x"] + (start + (stop - start) * step / steps) * box["width"], y)
    page.mouse.up()
