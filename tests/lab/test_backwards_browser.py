"""The view that looks backwards, in a browser: a radius is dragged and the gradient follows, by mouse and by keys."""

from __future__ import annotations

import re

import pytest
from tests.lab.conftest import drag, look, rewritten

from nextclose.bars import load_bars
from nextclose.engine.through_time import gradient_back, with_spectral_radius
from nextclose.lab.backwards import arriving
from nextclose.lab.choices import read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.looked_at import look_at
from nextclose.lab.window import Window

pytestmark = pytest.mark.slow
VIEW = "#view-backwards"
PIXELS = "place => document.querySelector(place).toDataURL()"
CUT = """() => [...document.querySelectorAll('#view-backwards figcaption')].filter(one => one.scrollWidth > one.clientWidth + 1)
    .map(one => one.innerText)"""


def opened(page, lab, **choices):
    look(page, lab, view="backwards", **choices)
    settled(page)


def settled(page):
    page.wait_for_function("() => lab.backwards?.asked && lab.backwards.asked === lab.backwards.painted")
    page.wait_for_timeout(100)


def said(page):
    return page.inner_text(VIEW).replace("\n", " ")


def test_a_dragged_radius_moves_the_gradient_and_the_forecast(page, lab):
    opened(page, lab)
    before = said(page), page.evaluate(PIXELS, f"{VIEW} canvas")
    assert "As it was trained, the net forecasts" in before[0]
    drag(page, "#rho", 0.3, 0.75)
    settled(page)
    rho = float(page.input_value("#rho"))
    assert rho == pytest.approx(1.5, abs=0.05)
    choices, desk = read_choices({}), Desk(load_bars("sample:AAPL"))
    window = Window(desk=desk, choices=choices, look=look_at(desk, choices, {}, lambda: None))
    back = gradient_back(with_spectral_radius(window.params, rho), window.x)
    text = said(page)
    assert f"With a radius of {rho:.2f} the net forecasts {window.closes(back.yhat)[0]:.2f}" in text
    assert f"{arriving(back):.3g} of it is left" in text
    assert page.evaluate(PIXELS, f"{VIEW} canvas") != before[1]
    rewritten(page)
    assert f"rho={rho:g}" in page.url
    page.click("#as-trained")
    settled(page)
    assert said(page) == before[0]


def test_the_keys_alone_suffice(page, lab):
    opened(page, lab, rho="1", at="2009-10-05")
    page.focus("#rho")
    page.keyboard.press("ArrowRight")
    settled(page)
    assert "radius of 1.01" in said(page)
    assert page.evaluate("() => document.activeElement.id") == "rho"
    page.focus(VIEW)
    for key, day in (("ArrowRight", "2009-10-06"), ("ArrowLeft", "2009-10-05"), ("ArrowLeft", "2009-10-02")):
        page.keyboard.press(key)
        settled(page)
        assert f"Forecast for {day}" in said(page)
    page.select_option("#instead", "before")
    settled(page)
    assert "had it repeated the session before" in said(page)


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize(
    "choices", [{}, {"seq_len": "60", "rho": "1.2"}, {"recipe": "lstm", "num_layers": "2", "rho": "0.8"}], ids=str
)
def test_it_fits_its_place_in_both_languages(page, lab, choices, lang):
    opened(page, lab, lang=lang, **choices)
    assert page.evaluate(CUT) == []
    assert not page.evaluate(
        "() => { const v = document.querySelector('#view-backwards'); return v.scrollWidth > v.clientWidth; }"
    )
    assert bool(re.search("[가-힣]", said(page))) == (lang == "ko")


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_captions_and_the_choice_of_a_day_fit_a_narrow_window(page, lab, lang):
    page.set_viewport_size({"width": 1024, "height": 720})
    opened(page, lab, lang=lang, num_layers="2", rho="0.8", seeds="3")
    assert page.evaluate(CUT) == []
    least = page.evaluate("""() => {
        const free = document.getElementById('instead').cloneNode(true);
        free.id = '';
        free.style.cssText = 'position: absolute; max-width: none; font-size: 12.5px; padding: 0';
        document.body.append(free);
        return free.offsetWidth;
    }""")
    assert page.evaluate("() => document.getElementById('instead').offsetWidth") >= least
    assert page.locator("#net option").all_inner_texts()[0] == {"en": "1 of 3", "ko": "3개 중 1번"}[lang]


def test_no_date_breaks_at_its_hyphens(page, lab):
    opened(page, lab, lang="ko")
    for width in range(900, 1300, 20):
        page.set_viewport_size({"width": width, "height": 720})
        dates = page.locator(f"{VIEW} p .date")
        assert dates.count() >= 2
        assert set(dates.evaluate_all("all => all.map(one => one.getClientRects().length)")) == {1}, width


def test_an_mlp_has_no_radius_to_drag(page, lab):
    opened(page, lab, cell="mlp")
    assert not page.is_visible("#rho")
    assert "An MLP reads all days at once" in said(page)
    page.click("#set-cell [data-value=gru]")
    page.wait_for_selector("#rho:visible")
    settled(page)
    assert "As it was trained" in said(page)
