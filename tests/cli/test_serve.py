"""nextclose serve as a process: what it says, and how it ends."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest
from tests.serve.asking import begun, three_evenings


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    ledger = three_evenings(tmp_path_factory.mktemp("ledger") / "run")
    return ledger.folder.parent


@contextmanager
def command(*words, **environment):
    """The process and the line that it says first."""
    with subprocess.Popen(
        [sys.executable, "-m", "nextclose", "serve", *map(str, words), "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment},
    ) as process:  # fmt: skip
        try:
            yield process, process.stdout.readline()
        finally:
            if process.poll() is None:
                process.kill()


def place(line):
    return next(word for word in line.split() if word.startswith("http")).removeprefix("http://")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "lang", "said"), [
    (signal.SIGTERM, "en", "nextclose: The API is closed."),
    (signal.SIGINT, "ko", "nextclose: API를 닫았습니다."),
])  # fmt: skip
def test_it_ends_as_other_verbs_do(run, number, lang, said):
    with command(run, "--lang", lang) as (process, line):
        with socket.create_connection(place(line).split(":"), timeout=20) as peer:
            whole = b"GET /v1/verdict HTTP/1.1\r\nHost: localhost\r\n\r\n"
            peer.sendall(whole)
            assert peer.recv(1 << 16).startswith(b"HTTP/1.1 200 OK")
            process.send_signal(number)
            assert process.wait(20) == 128 + number
            while peer.recv(1 << 16):
                pass
        assert process.stderr.read().strip() == said


@pytest.mark.slow
def test_a_token_may_come_from_the_environment(run):
    with command(run, NEXTCLOSE_TOKEN="s3cret") as (process, line):
        assert "s3cret" not in line
        peer = http.client.HTTPConnection(place(line), timeout=20)
        for headers, status in (({}, 401), ({"Authorization": "Bearer s3cret"}, 200)):
            peer.request("GET", "/v1/verdict", headers=headers)
            answer = peer.getresponse()
            answer.read()
            assert answer.status == status
        peer.close()
        process.terminate()


def refused(*words):
    done = subprocess.run(
        [sys.executable, "-m", "nextclose", "serve", *map(str, words)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.slow
def test_what_cannot_be_served_ends_with_status_2(run, tmp_path):
    code, said = refused(tmp_path, "--lang", "ko")
    assert (code, "장부가 없습니다" in said) == (2, True)
    ledger = begun(tmp_path / "damaged")
    ledger.path(ledger.entries[0]).write_bytes(b"other")
    code, said = refused(tmp_path / "damaged")
    assert (code, "entry 1 is not as it was written" in said) == (2, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, said = refused(run, "--port", taken.getsockname()[1])
    assert (code, "--port" in said) == (2, True)


@pytest.mark.slow
def test_an_open_door_is_said_so(run):
    with command(run, "--host", "0.0.0.0") as (process, line):
        assert "0.0.0.0" in line
        process.terminate()
        process.wait(20)
        assert process.stderr.read().startswith("Whoever reaches this machine can read it")
