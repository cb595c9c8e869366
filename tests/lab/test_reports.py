"""The full report of what is on screen."""

from __future__ import annotations

import http.client
import json
import threading
import time
from urllib.parse import urlencode

import pytest
from tests.conftest import walk_bars

from nextclose.core.errors import SettingsError
from nextclose.lab import reports as reports_module
from nextclose.lab.choices import read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.experiment import experiment
from nextclose.lab.job import StaleError
from nextclose.lab.reports import KEPT, Reports, studied
from nextclose.lab.serve import open_lab

QUICK = {"epochs": "3", "seeds": "2", "lr": "0.02"}


@pytest.fixture(scope="module")
def walk():
    with open_lab(walk_bars(300, seed=3, symbol="WALK"), port=0, framed=True) as opened:
        yield opened


def fetch(lab, how, path, **asked):
    token = dict([lab.url.partition("?")[2].split("=", 1)])
    connection = http.client.HTTPConnection(lab.url.split("/")[2], timeout=120)
    connection.request(how, f"{path}?{urlencode({**asked, **token})}" if how == "POST" else path)
    answer = connection.getresponse()
    try:
        return answer.status, dict(answer.headers), answer.read().decode()
    finally:
        connection.close()


def test_the_study_has_the_numbers_on_screen_and_sees_no_sealed_bar():
    desk = Desk(walk_bars(400, seed=1))
    choices = read_choices({**QUICK, "test_start": "2020-09-01"})
    study = studied(desk, choices, "en")
    assert study.models[0].skill == experiment(desk, choices).skill
    assert study.data.last == str(desk.bars.dates[-1])


@pytest.mark.parametrize("fault", [{"leak": "on"}, {"h0": "carried"}, {"pick": "best"}])
def test_the_labs_own_mistakes_have_no_report(fault):
    with pytest.raises(SettingsError, match="undo the faults"):
        studied(Desk(walk_bars(400, seed=1)), read_choices(fault), "en")


def test_what_nobody_waits_for_any_more_is_stopped():
    class GoneError(Exception):
        pass

    def check():
        raise GoneError

    with pytest.raises(GoneError):
        studied(Desk(walk_bars(900, seed=1)), read_choices({"hidden_size": "32", "seq_len": "20"}), "en", check)


def test_a_lab_that_is_closed_stops_its_reports(monkeypatch):
    begun, stopped = threading.Event(), threading.Event()

    def endless(desks, request, lang, check):
        begun.set()
        try:
            for _ in range(3000):
                check()
                time.sleep(0.01)
        except StaleError:
            stopped.set()
            raise

    monkeypatch.setattr(reports_module, "make", endless)
    with open_lab(walk_bars(300, seed=3, symbol="WALK"), port=0) as lab:
        connection = http.client.HTTPConnection(lab.url.split("/")[2], timeout=120)
        connection.request("POST", "/report")
        assert begun.wait(60)
    assert stopped.wait(60)
    connection.close()


def test_a_report_is_kept_apart_from_the_lab(walk):
    status, _, text = fetch(walk, "POST", "/report", **QUICK, lang="ko")
    path = json.loads(text)["report"]
    status, headers, text = fetch(walk, "GET", path)
    assert status == 200
    assert 'lang="ko"' in text
    assert "WALK" in text
    assert "sandbox" in headers["content-security-policy"]
    assert "'self'" not in headers["content-security-policy"]
    assert fetch(walk, "GET", "/report/other")[0] == 404


def test_what_is_wrong_is_told(walk):
    assert "hidden_size" in json.loads(fetch(walk, "POST", "/report", hidden_size="65")[2])["error"]
    assert "no setting" in json.loads(fetch(walk, "POST", "/report", nothing="65")[2])["error"]
    assert "the lab opens" in json.loads(fetch(walk, "POST", "/report", source="/etc/passwd")[2])["error"]


def test_the_oldest_report_is_forgotten():
    reports = Reports()
    names = [reports.keep(str(number)) for number in range(KEPT + 1)]
    assert len(set(names)) == KEPT + 1
    assert list(reports._pages) == names[1:]


@pytest.mark.slow
def test_everything_can_be_taken_from_the_page(page, lab):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{lab.url}?{urlencode({'view': 'take', **QUICK})}")
    page.wait_for_selector("#script")
    page.click("#copy-script")
    page.wait_for_function("() => document.querySelector('#copy-script').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#script").inner_text()
    page.click("#copy-link")
    page.wait_for_function("() => document.querySelector('#copy-link').textContent === 'Copied'")
    assert "lr=0.02" in page.evaluate("navigator.clipboard.readText()")
    assert "--set lr=0.02" in page.locator("#command").inner_text()
    assert "lr = 0.02" in page.locator("#recipe").inner_text()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as aapl-tutorial.toml").click()
    assert "epochs = 3" in saved.value.path().read_text()
    page.click("#report")
    page.wait_for_selector("#report-link")
    with page.context.expect_page() as opened:
        page.click("#report-link")
    opened.value.wait_for_load_state("domcontentloaded")
    assert "AAPL" in opened.value.title()


@pytest.mark.slow
def test_a_fault_leaves_the_script_alone(page, lab):
    page.goto(f"{lab.url}?{urlencode({'view': 'take', 'leak': 'on', **QUICK})}")
    page.wait_for_function("() => document.querySelector('#script')?.textContent.includes('\"leak\": \"on\"')")
    assert page.locator("#command").count() == 0
    assert page.locator("#report").is_disabled()
    page.evaluate("lab.state.set({ leak: null })")
    page.wait_for_selector("#command")
    assert page.locator("#report").is_enabled()
