"""How a fit's windows are cut: every sample once an epoch, in order, and the same whoever asks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextclose.engine.turns import CHUNK, TURN, Chunk, Cut, Shuffle, works


def chunks_of(cut):
    return [work for work in works(cut) if isinstance(work, Chunk)]


@given(
    train=st.integers(1, 3 * CHUNK * TURN),
    batch=st.integers(1, 10_000),
    held_out=st.integers(0, 2 * CHUNK * TURN),
    epochs=st.integers(1, 2),
)
def test_each_epoch_has_every_sample_once_and_in_order(train, batch, held_out, epochs):
    batch = min(max(batch, train // 50), train)
    chunks = chunks_of(Cut(train, held_out, batch, epochs, False))
    for epoch in range(epochs):
        for held, count in ((False, train), (True, held_out)):
            own = [chunk for chunk in chunks if chunk.turn.epoch == epoch and chunk.turn.held_out == held]
            assert [chunk.first for chunk in own] == [0, *(chunk.stop for chunk in own)][: len(own)]
            assert sum(chunk.stop - chunk.first for chunk in own) == count
            assert all(0 < chunk.stop - chunk.first <= CHUNK for chunk in own)


@given(train=st.integers(1, 200_000), held_out=st.integers(0, 200_000), batches=st.integers(1, 7))
def test_turns_hold_what_they_say_and_end_with_their_batch(train, held_out, batches):
    cut = Cut(train, held_out, -(-train // batches), 2, False)
    turns = {}
    for chunk in chunks_of(cut):
        turns.setdefault(chunk.turn, []).append(chunk)
    assert [turn.number for turn in turns] == list(range(len(turns)))
    for turn, own in turns.items():
        assert [chunk.row for chunk in own] == list(range(1, turn.chunks + 1))
        assert turn.chunks <= cut.widest <= TURN
        if not turn.held_out:
            assert (turn.step > 0) == (own[-1].stop % cut.batch == 0 or own[-1].stop == train)
            assert turn.samples == min(cut.batch, train - own[0].first // cut.batch * cut.batch)
        assert turn.ends == (own[-1].stop == (held_out if turn.held_out else train))
    assert [turn.step for turn in turns if turn.step] == list(range(1, 2 * cut.updates + 1))


@pytest.mark.parametrize(
    ("samples", "sizes"),
    [
        (1, [1]),
        (CHUNK, [CHUNK]),
        (CHUNK + 1, [528, 497]),
        (4 * CHUNK, [CHUNK] * 4),
        (2 * CHUNK + 7, [688, 688, 679]),
    ],
)
def test_a_batch_is_cut_into_chunks_of_about_equal_size(samples, sizes):
    assert [chunk.stop - chunk.first for chunk in chunks_of(Cut(samples, 0, samples, 1, False))] == sizes


def test_the_order_of_an_epoch_is_drawn_while_the_one_before_runs():
    told = [
        ("order", work.epoch) if isinstance(work, Shuffle) else ("windows", work.turn.epoch)
        for work in works(Cut(5, 0, 5, 3, True))
    ]
    assert told == [
        ("order", 0), ("order", 1), ("windows", 0), ("order", 2), ("windows", 1), ("windows", 2),
    ]  # fmt: skip


def test_what_is_to_be_done_is_cut_lazily():
    first = works(Cut(10**12, 0, 4096, 10**6, False))
    assert [next(first).stop for _ in range(5)] == [1024, 2048, 3072, 4096, 5120]
    assert all(one.first < two.first for one, two in pairwise(next(first) for _ in range(9)))
