"""A ledger that grows, is damaged and is mended while it is served."""

from __future__ import annotations

import http.client
import json
import threading
import time
from contextlib import contextmanager

import pytest
from tests.serve.asking import Api, begun, day, evening, say, score, three_evenings

from nextclose.market.ledger.chain import Ledger, LedgerError
from nextclose.market.ledger.entries import CHAIN, VERDICT
from nextclose.serve import store
from nextclose.serve.run import open_api
from nextclose.serve.store import Store


@contextmanager
def served(run, **known):
    """A server's port, in a thread of its own."""
    api = open_api(run, port=0, **known)
    thread = threading.Thread(target=api.serve)
    thread.start()
    try:
        yield int(api.url.rpartition(":")[2])
    finally:
        api.stop()
        thread.join(20)
    assert not thread.is_alive()


def get(connection, path):
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def until(right, seconds=20.0):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not right():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_new_entry_is_read_and_the_others_are_kept(own):
    held = Store(own.folder.parent)
    before = held.snapshot
    say(own, 3, *evening(3))
    held.refresh()
    after = held.snapshot
    assert [*after.forecasts] == [str(day(number)) for number in (3, 2, 1, 0)]
    for origin, parts in before.forecasts.items():
        assert all(new is old for new, old in zip(after.forecasts[origin], parts, strict=True))
    assert all(new is old for new, old in zip(after.truths, before.truths, strict=True))
    assert after.near is before.near


def test_the_same_ledger_is_not_read_again(own):
    held = Store(own.folder.parent)
    before = held.snapshot
    held.refresh()
    assert held.snapshot is before


def test_old_origins_are_let_go(tmp_path, monkeypatch):
    from nextclose.serve import snapshot

    monkeypatch.setattr(snapshot, "KEPT", 2)
    ledger = three_evenings(tmp_path / "run")
    held = Store(tmp_path / "run")
    assert [*held.snapshot.forecasts] == [str(day(2)), str(day(1))]
    assert [part.entry.as_of for part in held.snapshot.truths] == [str(day(1)), str(day(2))]
    score(ledger, 2)
    say(ledger, 3, *evening(3))
    held.refresh()
    assert [*held.snapshot.forecasts] == [str(day(3)), str(day(2))]


def damages(ledger):
    """Ways in which a ledger can be damaged: of a file that an entry names, of the chain, of the verdict."""
    chain = ledger.folder / CHAIN
    return {
        "file": lambda: ledger.path(ledger.entries[-1]).write_bytes(b"other"),
        "chain": lambda: chain.write_bytes(chain.read_bytes().replace(b"2025", b"2026")),
        "verdict": lambda: (ledger.folder / VERDICT).write_text("{", encoding="utf-8"),
    }


@pytest.mark.parametrize("kind", ["file", "chain", "verdict"])
def test_a_ledger_that_is_damaged_is_not_served(own, kind):
    damages(own)[kind]()
    with pytest.raises(Exception, match="not as it was written|damaged"):
        Store(own.folder.parent)


@pytest.mark.parametrize("kind", ["file", "chain", "verdict"])
def test_the_ledger_before_is_served_while_a_newer_one_is_damaged(own, kind):
    api = Api(own.folder.parent)
    before = api.ask("/v1/forecasts/005930").body
    files = {path: path.read_bytes() for path in own.folder.iterdir()}
    say(own, 3, *evening(3))
    whole = {path: path.read_bytes() for path in own.folder.iterdir()}
    damages(own)[kind]()
    for _ in range(2):
        api.store.refresh()
        page = api.ask("/v1/health").page
        assert page["status"] == "degraded"
        assert page["problem"]
        assert page["entries"] == 6
        assert api.ask("/v1/forecasts/005930").body == before
    assert files.keys() < whole.keys()
    for path, content in whole.items():
        path.write_bytes(content)
    api.store.refresh()
    assert api.ask("/v1/health").page["problem"] is None
    assert api.ask("/v1/forecasts/005930").page["origin"] == str(day(3))


def test_whatever_goes_wrong_is_told(own, monkeypatch):
    api = Api(own.folder.parent)
    say(own, 3, *evening(3))

    def broken(*_):
        raise MemoryError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(store, "load", broken)
        api.store.refresh()
        assert api.ask("/v1/health").page["problem"] == "MemoryError: no room"
    api.store.refresh()
    assert api.ask("/v1/health").page["problem"] is None


def test_another_ledger_in_its_place_is_not_taken_for_the_same(own, tmp_path):
    api = Api(own.folder.parent)
    other = begun(tmp_path / "other")
    say(other, 0, *evening(0))
    for path in other.folder.iterdir():
        (own.folder / path.name).write_bytes(path.read_bytes())
    api.store.refresh()
    assert api.ask("/v1/health").page["status"] == "degraded"


def test_no_ledger_is_said_so(tmp_path):
    with pytest.raises(LedgerError, match="no ledger yet"):
        open_api(tmp_path, port=0)


def test_new_entries_come_in_under_load_without_a_lost_request(own):
    """Steady requests on kept connections while three evenings come in: every one is answered, by one ledger or the next."""
    stop, found, faults = threading.Event(), [], []

    def ask(port, path):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            while not stop.is_set():
                status, body = get(connection, path)
                page = json.loads(body)
                found.append((status, page["origin"], page["forecasts"][0]["origin"], page["forecasts"][0]["yhat"]))
                time.sleep(0.005)
            connection.close()
        except Exception as error:
            faults.append(error)

    with served(own.folder.parent) as port:
        threads = [
            threading.Thread(target=ask, args=(port, f"/v1/forecasts/005930?history={history}"))
            for history in (0, 0, 2)
        ]
        for thread in threads:
            thread.start()
        for number in (3, 4, 5):
            say(own, number, *evening(number))
            until(lambda number=number: found and found[-1][1] == str(day(number)))
        stop.set()
        for thread in threads:
            thread.join(20)
    assert faults == []
    assert {status for status, *_ in found} == {200}
    assert {origin for _, origin, *_ in found} >= {str(day(number)) for number in (3, 4, 5)}
    for _, origin, told, yhat in found:
        assert told == origin
        assert day(int(yhat - 100.0)).isoformat() == origin


def test_a_ledger_is_looked_at_often_enough_to_be_seen_within_a_second():
    assert store.EVERY <= 0.5


def test_the_ledger_is_only_read(own):
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in own.folder.rglob("*")}
    api = Api(own.folder.parent)
    for path in ("/v1/forecasts/005930?history=2", "/v1/forecasts.csv", "/v1/forecasts.parquet", "/v1/verdict"):
        assert api.ask(path).status == 200
    api.store.refresh()
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in own.folder.rglob("*")} == before
    assert Ledger.open(own.folder.parent).entries == own.entries
