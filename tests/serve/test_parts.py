"""Parts that need no ledger: answers that are kept, and names that are one slip away."""

from __future__ import annotations

import threading

import pytest

from nextclose.serve.kept import Kept
from nextclose.serve.near import index_of, nearest

NAMES = ("005930", "AAPL", "BRK/B", "카카오")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("05930", "005930"), ("0059300", "005930"), ("005931", "005930"), ("005390", "005930"), ("aapl", "AAPL"),
        ("aaple", "AAPL"), ("BRK.B", "BRK/B"), ("카카", "카카오"),
        ("660", None), ("", None), ("0" * 64, None),
    ],
)  # fmt: skip
def test_a_name_one_slip_away_is_found(word, name):
    said = str(nearest(word, index_of(NAMES)))
    assert said == ("" if name is None else f" Did you mean '{name}'?")


def test_a_whole_name_goes_before_what_is_left_of_others():
    assert "'ABC'" in str(nearest("abc", index_of(["XABC", "ABC", "ABCD"])))


def test_an_answer_is_made_once():
    kept, made = Kept(100), []

    def make():
        made.append(threading.get_ident())
        barrier.wait(5)
        return b"answer"

    barrier, found = threading.Barrier(2), []
    threads = [threading.Thread(target=lambda: found.append(kept.once("key", make))) for _ in range(5)]
    for thread in threads:
        thread.start()
    barrier.wait(5)
    for thread in threads:
        thread.join(5)
    assert found == [b"answer"] * 5
    assert len(made) == 1


def test_the_oldest_answers_give_way():
    kept = Kept(10)
    for number in range(4):
        assert kept.once(number, lambda number=number: bytes([number] * 4)) == bytes([number] * 4)
    assert [kept.get(number) is not None for number in range(4)] == [False, False, True, True]
    assert kept.once("long", lambda: b"0123456789+") == b"0123456789+"
    assert kept.get("long") is None
    assert kept.size == 8
    assert kept.once(2, lambda: b"another") == bytes([2] * 4)


def test_an_answer_that_cannot_be_made_is_tried_again():
    kept = Kept(10)
    with pytest.raises(ZeroDivisionError):
        kept.once("key", lambda: bytes([1 // 0]))
    assert kept.once("key", lambda: b"now") == b"now"
