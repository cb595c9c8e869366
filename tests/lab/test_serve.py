"""A lab that is open: where it listens, what it tells browsers, and how it ends."""

from __future__ import annotations

import http.client
import json
import socket

import pytest
from tests.conftest import walk_bars

from nextclose.core.errors import BarsError, SettingsError
from nextclose.lab import serve
from nextclose.lab.serve import address, check_installed, listen, open_lab


@pytest.fixture(scope="module")
def lab():
    with open_lab(walk_bars(300, seed=3, symbol="WALK"), port=0) as opened:
        yield opened


def get(url, path, **headers):
    place = url.split("/")[2]
    connection = http.client.HTTPConnection(place, timeout=20)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    try:
        return answer.status, dict(answer.headers), answer.read().decode()
    finally:
        connection.close()


def test_the_page_is_told_what_it_may_load(lab):
    status, headers, text = get(lab.url, "/spec.json")
    assert status == 200
    assert json.loads(text)["lang"] == "en"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert f"ws://{lab.url.split('/')[2]}" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_a_foreign_name_gets_no_answer(lab):
    status, headers, text = get(lab.url, "/", Host="evil.example")
    assert status == 403
    assert "evil.example" in json.loads(text)["error"]
    assert "content-security-policy" in headers


def test_what_can_be_framed_takes_a_token():
    with open_lab(walk_bars(300, seed=3), port=0, framed=True) as lab:
        path = "/spec.json?" + lab.url.partition("?")[2]
        assert len(path) > 30
        status, headers, _ = get(lab.url, path)
        assert status == 200
        assert "frame-ancestors" not in headers["content-security-policy"]
        assert get(lab.url, "/spec.json")[0] == 403


def test_a_lab_that_is_closed_is_gone():
    lab = open_lab(walk_bars(300, seed=3), port=0)
    assert lab.url in repr(lab)
    lab.close()
    lab.close()
    lab.wait()
    assert "closed" in repr(lab)
    with pytest.raises(ConnectionError):
        get(lab.url, "/spec.json")


def test_bad_bars_are_told_before_anything_is_served(monkeypatch):
    monkeypatch.setattr(serve, "listen", None)
    with pytest.raises(BarsError, match="at least 60 bars, got 59"):
        open_lab(walk_bars(59, seed=3))


def test_the_next_free_port_is_taken_unless_one_was_asked_for(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(serve, "PORT", port)
        with listen("127.0.0.1", None) as other:
            assert other.getsockname()[1] != port
        with pytest.raises(SettingsError, match=f"port {port}.*another one"):
            listen("127.0.0.1", port)


def test_a_frame_does_not_wait_for_the_one_before_to_be_acknowledged():
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_host_must_be_this_machines(monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(SettingsError, match="'nowhere' is no address"):
        listen("nowhere", 0)


@pytest.mark.parametrize(
    ("host", "token", "wanted"),
    [
        ("127.0.0.1", None, "http://127.0.0.1:{port}/"),
        ("0.0.0.0", "a", "http://127.0.0.1:{port}/?token=a"),
        ("::1", None, "http://[::1]:{port}/"),
        ("box", "a", "http://box:{port}/?token=a"),
    ],
)
def test_the_address_is_one_that_a_browser_can_open(host, token, wanted):
    with listen("127.0.0.1", 0) as listener:
        assert address(listener, host, token) == wanted.format(port=listener.getsockname()[1])


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(serve, "find_spec", lambda name: None if name == "uvicorn" else object())
    with pytest.raises(SettingsError, match=r"needs uvicorn.*\.\[lab\]"):
        check_installed()
