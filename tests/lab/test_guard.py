"""Who may talk to a lab."""

from __future__ import annotations

import pytest

from nextclose.lab.guard import Rules

OWN = "127.0.0.1:8471"


def refusal(rules=Rules(), *, path="/ws", kind="websocket", method="GET", query="", host=OWN, origin=None):  # noqa: B008
    headers = [(b"host", host.encode("latin-1"))]
    headers += [(b"origin", origin.encode())] if origin is not None else []
    scope = {"type": kind, "method": method, "path": path, "query_string": query.encode(), "headers": headers}
    told = rules.refusal(scope)
    return "" if told is None else str(told)


@pytest.mark.parametrize("host", [OWN, "localhost", "LOCALHOST:1", "[::1]:8471"])
def test_the_labs_own_names_are_answered(host):
    assert refusal(host=host, origin=f"http://{host}") == ""


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8471", "127.0.0.1.evil.example", "", "me@127.0.0.1", "127.0.0.1:80; x", "10.0.0.7"],
)
def test_a_foreign_name_is_refused_for_whatever_is_asked(host):
    for path in ("/", "/ws", "/page/main.js"):
        assert "is not called" in refusal(path=path, kind="http", host=host)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:8888", "http://localhost:8471"])
def test_a_foreign_page_may_neither_talk_nor_send(origin):
    assert "may not talk" in refusal(origin=origin)
    assert "may not talk" in refusal(origin=origin, kind="http", method="POST", path="/bars")
    assert refusal(origin=origin, kind="http", path="/") == ""


def test_an_address_will_do_where_the_lab_listens_on_all_of_them():
    rules = Rules(any_address=True)
    assert refusal(rules, host="10.0.0.7:8471") == ""
    assert "is not called" in refusal(rules, host="evil.example")


@pytest.mark.parametrize("query", ["", "token=", "token=b", "token=ab", "other=a", "token=%ff"])
def test_bars_are_told_to_who_knows_the_token(query):
    rules = Rules(token="a")
    assert "takes a token" in refusal(rules, query=query)
    assert "takes a token" in refusal(rules, query=query, kind="http", path="/spec.json")
    assert refusal(rules, query="token=a") == ""
    assert refusal(rules, query=query, kind="http", path="/") == ""
    assert refusal(rules, query=query, kind="http", path="/page/main.js") == ""
