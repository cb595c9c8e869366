"""A page's wire: what is no message is told so, what is no longer wanted is stopped, and nobody waits for the others."""

from __future__ import annotations

import json
import threading
import time

import pytest
from tests.conftest import walk_bars
from tests.lab.wire import Page
from websockets.exceptions import ConnectionClosed

from nextclose.lab import server
from nextclose.lab.serve import open_lab

HEAVY = {"hidden_size": "32", "seq_len": "20", "epochs": "2000", "seeds": "7"}
"""Some 15 seconds of a core."""


@pytest.fixture(scope="module")
def lab():
    with open_lab(walk_bars(300, seed=3, symbol="WALK"), port=0) as opened:
        yield opened


@pytest.fixture
def page(lab):
    with Page(lab) as opened:
        yield opened


@pytest.mark.parametrize(
    "message",
    [
        "", "{", "null", "[]", "7", '"train"', b"\x00\x01", b'{"topic": "train", "id": 1}', "[" * 30_000, '{"a":' * 9_000,
        '{"topic": "train", "id": "1"}', '{"topic": "train", "id": 1.5}', '{"topic": "train", "id": true}',
        '{"topic": "train", "id": [[]]}', '{"topic": "train", "id": 1e400}', '{"topic": "train", "id": NaN}',
        '{"topic": "train", "id": 99999999999999999999}', '{"topic": "train", "id": ' + "9" * 5000 + "}",
        '{"topic": "train", "id": 1, "choices": []}', '{"topic": "train", "id": 1, "choices": {"lr": {}}}',
        '{"topic": "train", "id": 1, "choices": {"lr": null}}', '{"topic": "train", "id": 1, "source": 5}',
        '{"topic": "train", "id": 1, "choices": {"features": "' + "close," * 100 + '"}}',
    ],
)  # fmt: skip
def test_what_is_no_message_is_told_so_and_the_wire_holds(page, message):
    page.send(message)
    header, _ = page.take()
    assert 'the lab takes messages such as {"topic": "train",' in header["error"]
    assert "skill" in page.picture()[0]


@pytest.mark.parametrize("topic", ["", "nothing", None, 5, [], {}, ["train"], "__class__", "x" * 50_000])
def test_a_topic_that_is_none_is_told_so(page, topic):
    page.ask(topic)
    header, _ = page.take()
    assert "expected one of bars" in header["error"]
    assert len(header["error"]) < 1000


@pytest.mark.parametrize("more", [{"choices": {"\ud800": "1"}}, {"source": "\ud800"}, {"choices": {"lr": "\udfff"}}])
def test_half_a_letter_is_answered(page, more):
    page.ask("train", **more)
    header, _ = page.take()
    assert "?" in header["error"]


def test_a_message_that_is_too_long_ends_the_connection(page):
    page.send('{"topic": "train", "id": 1, "more": "' + "x" * 65_536 + '"}')
    with pytest.raises(ConnectionClosed) as ended:
        page.take()
    assert ended.value.rcvd.code == 1009


def said_of(header):
    """What is wrong: with the choices, or with the training that they led to."""
    return header.get("error") or header.get("problem", "")


@pytest.mark.parametrize(
    "choices",
    [
        {"lr": "nan"}, {"lr": "inf"}, {"lr": "-1"}, {"lr": "1e400"}, {"lr": "0"}, {"lr": "x"}, {"lr": ""}, {"momentum": "nan"},
        {"weight_decay": "inf"}, {"weight_decay": "nan"}, {"validation": "nan"}, {"validation": "0.95"}, {"clip_norm": "nan"},
        {"hidden_size": "0"}, {"hidden_size": "65"}, {"hidden_size": "1e3"}, {"hidden_size": "9" * 400}, {"hidden_size": -1},
        {"seq_len": "0"}, {"seq_len": "61"}, {"seq_len": True}, {"epochs": "0"}, {"epochs": "1e9"}, {"epochs": "100000000"},
        {"seeds": "0"}, {"seeds": "21"}, {"batch_size": "0"}, {"batch_size": "-5"}, {"batch_size": "9" * 30},
        {"patience": "99999999999"},
        {"features": ""}, {"features": "close,close"}, {"features": "nothing"}, {"features": "__class__"},
        {"target": "nothing"}, {"cell": "transformer"}, {"dtype": "object"}, {"init": "/etc/passwd.json"}, {"init": "x.json"},
        {"train_start": "nan"}, {"train_start": "2023-99-99"}, {"test_start": "1066-10-14"}, {"test_end": "9999-12-31x"},
        {"test_start": "3000-01-01"}, {"train_start": "2020-06-01", "test_start": "2020-01-01"}, {"refit_every": "1"},
        {"leak": "maybe"}, {"days": ""}, {"split": "1"}, {"recipe": "transformer"}, {"recipe": "../tutorial"}, {"": "1"},
        {"pretrain_bars": "/etc/passwd"}, {"loss": "pinball"}, {"series": "x"}, {"context": 1}, {"h0": "nan"},
    ],
)  # fmt: skip
def test_choices_that_cannot_be_are_told_so_as_help(page, choices):
    said = said_of(page.picture(**choices)[0])
    assert len(said) > 10
    assert "the lab failed" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "choices",
    [
        {"batch_size": "100000"}, {"lr": "1e-300"}, {"lr": "1e30"},
        {"clip_norm": "1e-300"}, {"weight_decay": "1e30"}, {"validation": "0.9"}, {"seq_len": "60"}, {"batch_size": "1"},
        {"h0": "random", "num_layers": "3"}, {"epochs": "1"}, {"hidden_size": "1"}, {"lr": 0.01}, {"seeds": 2},
        {"recipe": "default", "seq_len": "60"}, {"features": "close"}, {"momentum": "1"},
    ],
)  # fmt: skip
def test_choices_at_the_edge_are_answered_or_told_so_as_help(page, choices):
    header, _ = page.picture(**choices)
    assert "skill" in header or len(said_of(header)) > 10
    assert "the lab failed" not in said_of(header)


def test_the_newest_request_of_a_topic_is_answered(page):
    numbers = [page.ask("train", choices={"lr": str(0.001 * (i + 1))}) for i in range(50)]
    seen = []
    while not seen or seen[-1] != numbers[-1]:
        header, _ = page.take()
        if header.get("part") == "picture":
            seen.append(header["id"])
    assert seen == sorted(seen)
    assert len(seen) < 50


def fitting():
    """Threads of the engine."""
    return [
        thread for thread in threading.enumerate() if "beside" in (thread.name + str(getattr(thread, "_target", "")))
    ]


def until(true, seconds=30.0):
    for _ in range(int(seconds / 0.02)):
        if true():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.slow
def test_a_page_that_goes_away_stops_its_fit(lab):
    assert until(lambda: not fitting())
    page = Page(lab)
    page.ask("train", choices=HEAVY)
    assert until(fitting)
    page.close()
    assert until(lambda: not fitting(), seconds=5.0)


@pytest.mark.slow
def test_a_page_that_falls_silent_stops_its_fit_too(lab):
    page = Page(lab)
    page.ask("train", choices=HEAVY)
    assert until(fitting)
    page.socket.socket.shutdown(2)
    assert until(lambda: not fitting(), seconds=5.0)


@pytest.mark.slow
def test_one_more_page_gets_its_answers_while_nine_fit(lab):
    heavy = [Page(lab) for _ in range(9)]
    try:
        numbers = [page.ask("train", choices={**HEAVY, "lr": str(0.001 * (i + 1))}) for i, page in enumerate(heavy)]
        assert until(fitting)
        with Page(lab) as light:
            skills = [light.picture(lr=str(0.001 * (i + 1)))[0]["skill"] for i in range(20)]
        assert len(set(skills)) == 20
        assert numbers == [1] * 9
        for page in heavy:
            with pytest.raises(TimeoutError):
                page.take(timeout=0.01)
    finally:
        for page in heavy:
            page.close()


def test_pages_beyond_the_last_are_told_why(lab, monkeypatch):
    monkeypatch.setattr(server, "PAGES", 0)
    with Page(lab) as page, pytest.raises(ConnectionClosed) as ended:
        page.take()
    assert ended.value.rcvd.code == 1013
    assert ended.value.rcvd.reason == str(server.FULL)


def test_a_language_is_spoken(page):
    page.send(json.dumps({"topic": "train", "id": 1, "lang": "ko", "choices": {"hidden_size": "65"}}))
    assert "실험실" in page.take()[0]["error"]
