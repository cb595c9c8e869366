"""Threads that share one fit: each takes the next chunk, makes its windows, and runs the kernel on them in its turn.

    thread 1    take 0 | chunk 0 | take 2 | chunk 2 | update | take 4 | chunk 4 | ...
    thread 2    take 1 | chunk 1   | take 3 | ...............| chunk 3 | take 5 | ...

Here chunks 0 to 2 are a turn. Windows are taken ahead: only the kernel waits for the weights that the turn before leaves.
The thread that ends a turn sums it up. A thread that is slow delays a turn and changes no number.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable

import numpy as np

from nextclose.core.types import Ints
from nextclose.engine.beside import run_beside
from nextclose.engine.course import Course
from nextclose.engine.layout import BAD_X, BAD_Y, DONE, Call, address
from nextclose.engine.scratch import Sizes, make_room
from nextclose.engine.source import Source, not_finite
from nextclose.engine.store import Store
from nextclose.engine.turns import Chunk, Cut, Shuffle, Turn, Work, works

_WINDOWS, _TARGETS = Call._fields.index("windows"), Call._fields.index("targets")


class Order:
    """The samples in the order of an epoch, once they are drawn; who takes a chunk keeps the order that it needs."""

    places: Ints | None = None


class Crew:
    """What the threads of a fit share."""

    def __init__(
        self, store: Store, course: Course, source: Source, train: Ints | None, held_out: Ints, cut: Cut
    ) -> None:
        self.store, self.course, self.source, self.cut = store, course, source, cut
        self.train, self.held_out = train, held_out
        self.works = works(cut)
        self.orders: dict[int, Order] = {}
        self.turn, self.ran, self.over = 0, 0, False
        self.news = threading.Condition(threading.Lock())

    def run(self, threads: int, look: Callable[[], None]) -> None:
        """Fit with so many threads; raises what any of them raised."""
        run_beside([self._work] * threads, stop=self._stop, look=look)

    def _stop(self) -> None:
        self.store.control[0] = 1
        self._end()

    def _end(self) -> None:
        with self.news:
            self.over = True
            self.news.notify_all()

    def _work(self) -> None:
        """What one thread does."""
        room = make_room(self.store.plan, Sizes(0))
        call = array("q", self.store.call)
        while not self.over:
            work, order = self._next()
            if work is None:
                return
            if isinstance(work, Shuffle):
                places = self.store.order(work.epoch, self.cut.train)
                with self.news:
                    order.places = places
                    self.news.notify_all()
            else:
                self._chunk(work, order, room.at, call)

    def _next(self) -> tuple[Work | None, Order]:
        """What is to be done next, None if nothing is, and the order that it draws or needs."""
        with self.news:
            work = next(self.works, None)
            if isinstance(work, Shuffle):
                self.orders.pop(work.epoch - 2, None)  # whoever still needs it has it
                self.orders[work.epoch] = Order()
                return work, self.orders[work.epoch]
            return work, self.orders[work.turn.epoch] if work and self.cut.shuffle else Order()

    def _chunk(self, chunk: Chunk, order: Order, room: int, call: array[int]) -> None:
        turn, store = chunk.turn, self.store
        rows = self._rows(chunk, order)
        if rows is None:
            return
        X, y = self.source.take(rows)
        if not self._wait(lambda: self.turn == turn.number):
            return
        call[_WINDOWS], call[_TARGETS] = address(X), address(y)
        store.wholes[chunk.row, 1], store.wholes[chunk.row, 6] = len(rows), turn.samples
        store.run(store.judge if turn.held_out else store.learn, room, call, chunk.row)
        ended = store.record[chunk.row, 0]
        if ended == DONE:
            self._done(turn)
        elif ended in (BAD_X, BAD_Y):
            raise not_finite("X", X, rows) if ended == BAD_X else not_finite("y", y, rows)

    def _rows(self, chunk: Chunk, order: Order) -> Ints | None:
        """The chunk's window numbers, once the order of its epoch is there; None if the fit is over before."""
        if chunk.turn.held_out:
            return self.held_out[chunk.first : chunk.stop]
        if not self.cut.shuffle:
            places = np.arange(chunk.first, chunk.stop)
        elif self._wait(lambda: order.places is not None) and order.places is not None:
            places = order.places[chunk.first : chunk.stop]
        else:
            return None
        return places if self.train is None else self.train[places]

    def _wait(self, ready: Callable[[], bool]) -> bool:
        """Wait until it is; False if the fit is over before."""
        with self.news:
            self.news.wait_for(lambda: self.over or ready())
            return not self.over

    def _done(self, turn: Turn) -> None:
        """A chunk of the turn has run; after the last one the turn is summed up and the next begins."""
        with self.news:
            self.ran += 1
            if self.ran < turn.chunks:
                return
        course, store = self.course, self.store
        course.add(turn, store.end(turn, course.lr))
        if turn.ends and course.close(turn, store.params[0]):
            self._end()
            return
        with self.news:
            self.ran, self.turn = 0, turn.number + 1
            self.news.notify_all()
