"""A server on a port: what it bounds, where it listens, and that it loads none of the heavy libraries."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import threading

import pytest
from tests.serve.test_reload import get, served

from nextclose.core.errors import SettingsError
from nextclose.serve import app, run, wire
from nextclose.serve.run import open_api

HEAVY = ("torch", "numba", "llvmlite", "scipy", "statsmodels", "pandas", "plotly", "exchange_calendars", "requests")


@pytest.fixture(scope="module")
def port(ledger):
    with served(ledger.folder.parent) as opened:
        yield opened


def sent(port, content, timeout=20):
    """What comes back to some bytes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as peer:
        peer.sendall(content)
        found = b""
        while piece := peer.recv(1 << 16):
            found += piece
        return found


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/forecasts/BRK%2FB", "application/json"),
        ("/v1/forecasts/BRK/B", "application/json"),
        ("/v1/forecasts/50%25", "application/json"),
        ("/v1/forecasts/M%26A%3F", "application/json"),
        ("/v1/forecasts/%EC%B9%B4%EC%B9%B4%EC%98%A4", "application/json"),
        ("/v1/forecasts.parquet", "application/vnd.apache.parquet"),
        ("/v1/forecasts.csv", "text/csv; charset=utf-8"),
        ("/v1/verdict", "application/json"),
        ("/v1/health", "application/json"),
        ("/openapi.json", "application/json"),
        ("/", "application/json"),
    ],
)
def test_every_path_is_answered_over_a_socket(port, path, kind):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for method in ("GET", "HEAD", "GET"):
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
        assert (answer.status, answer.headers["content-type"]) == (200, kind)
        assert len(body) == (0 if method == "HEAD" else int(answer.headers["content-length"]))
        assert "server" not in answer.headers
    connection.close()


def test_a_large_answer_comes_whole_a_piece_at_a_time(api, port, monkeypatch):
    monkeypatch.setattr(app, "PIECE", 100)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    status, body = get(connection, "/v1/forecasts.csv")
    connection.close()
    assert status == 200
    assert len(body) > 500
    assert body == api.ask("/v1/forecasts.csv").body


def test_a_head_that_is_too_long_is_cut_off(port):
    line = b"X-Filler: " + b"x" * 1000 + b"\r\n"
    with pytest.raises(ConnectionError):
        raise_if_empty(sent(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + line * 100))


def test_one_header_without_an_end_is_cut_off(port):
    with pytest.raises(ConnectionError):
        raise_if_empty(sent(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Filler: " + b"x" * 100_000))


def raise_if_empty(answer):
    """A connection that is closed with bytes unread is reset on some systems, and ends without an answer on others."""
    if not answer:
        raise ConnectionError
    return answer


def test_a_head_that_does_not_come_is_not_awaited_for_ever(port, monkeypatch):
    monkeypatch.setattr(wire, "PATIENCE", 0.05)
    assert sent(port, b"") == b""
    assert sent(port, b"GET / HTTP/1.1\r\nHost: loc") == b""


def test_a_head_in_pieces_is_answered(port):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        for piece in (b"GE", b"T /v1/health HTTP/1.1\r\nHo", b"st: localhost\r\n", b"\r\n"):
            peer.sendall(piece)
        assert peer.recv(1 << 16).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_body_is_neither_read_nor_answered(port):
    got = sent(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 413 ")
    assert b"takes no body" in got


def test_what_is_not_http_gets_a_400(port):
    assert sent(port, b"\x16\x03\x01 nothing of the kind\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_a_host_header_is_asked_for(port):
    assert sent(port, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 403 ")


def test_requests_in_a_row_are_answered_in_order(port):
    one = b"GET /v1/forecasts/%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
    got = sent(port, one % (b"005930", b"") + one % (b"BRK/B", b"Connection: close\r\n"))
    assert got.count(b"HTTP/1.1 200 OK") == 2
    assert got.index(b'"symbol":"005930"') < got.index(b'"symbol":"BRK/B"')


def test_it_listens_on_loopback_unless_told_otherwise(ledger):
    api = open_api(ledger.folder.parent, port=0)
    assert api.url.startswith("http://127.0.0.1:")
    assert api.local
    api.close()
    api = open_api(ledger.folder.parent, port=0, host="0.0.0.0")
    assert not api.local
    api.close()


def test_a_port_that_is_taken_is_said_so(ledger):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {number}.*--port"):
            open_api(ledger.folder.parent, port=number)


def test_a_host_must_be_this_machines(ledger, monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(SettingsError, match="'nowhere' is no address"):
        open_api(ledger.folder.parent, host="nowhere", port=0)


@pytest.mark.parametrize("token", ["", " ", "two words", "토큰", "a\n"])
def test_a_token_that_no_header_can_bring_is_refused(ledger, token):
    with pytest.raises(SettingsError, match="--token: expected letters"):
        open_api(ledger.folder.parent, port=0, token=token)


def test_what_is_missing_is_named(ledger, monkeypatch):
    monkeypatch.setattr(run, "find_spec", lambda name: None if name == "uvicorn" else object())
    with pytest.raises(SettingsError, match=r"needs uvicorn.*\.\[serve\]"):
        open_api(ledger.folder.parent, port=0)


def test_the_process_loads_none_of_the_heavy_libraries(ledger):
    code = (
        "import sys, threading, http.client\n"
        "from pathlib import Path\n"
        "from nextclose.serve.run import open_api\n"
        "api = open_api(Path(sys.argv[1]), port=0)\n"
        "thread = threading.Thread(target=api.serve); thread.start()\n"
        "peer = http.client.HTTPConnection('127.0.0.1', int(api.url.rpartition(':')[2]), timeout=20)\n"
        "paths = ['forecasts/005930?history=2', 'forecasts/0059', 'forecasts.csv?model=default', 'forecasts.parquet']\n"
        "paths += ['verdict', 'health']\n"
        "for path in [*('/v1/' + path for path in paths), '/openapi.json', '/']:\n"
        "    peer.request('GET', path); answer = peer.getresponse(); print(answer.status, len(answer.read()) > 20)\n"
        "api.stop(); thread.join()\n"
        f"print('HEAVY', [name for name in {HEAVY} if name in sys.modules])\n"
    )
    command = [sys.executable, "-c", code, str(ledger.folder.parent)]
    said = subprocess.check_output(command, text=True, timeout=60).splitlines()
    assert said == ["200 True", "404 True", *["200 True"] * 6, "HEAVY []"]


def test_many_connections_are_answered_at_once(port):
    found = []

    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        found.extend(get(connection, "/v1/forecasts/005930")[0] for _ in range(5))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == [200] * 200


def test_an_open_request_is_finished_when_the_server_ends(ledger, monkeypatch):
    asked, going = threading.Event(), threading.Event()
    make = app.symbol_answer

    def slow(*words):
        asked.set()
        assert going.wait(20)
        return make(*words)

    monkeypatch.setattr(app, "symbol_answer", slow)
    api, found = open_api(ledger.folder.parent, port=0), []
    server = threading.Thread(target=api.serve)
    server.start()
    connection = http.client.HTTPConnection("127.0.0.1", int(api.url.rpartition(":")[2]), timeout=20)
    reader = threading.Thread(target=lambda: found.append(get(connection, "/v1/forecasts/005930?history=1")))
    reader.start()
    assert asked.wait(20)
    api.stop()
    going.set()
    for thread in (reader, server):
        thread.join(20)
    connection.close()
    assert found[0][0] == 200
    assert len(found[0][1]) > 500
