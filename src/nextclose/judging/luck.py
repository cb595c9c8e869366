"""The best skill that luck alone gives in so many tries, kept up to date from try to try.

Whoever moves sliders on one stretch of history will find settings that beat persistence there. How good does the best
of them look if none knows anything? The forecasts are kept as they are, and a coin decides for each session whether its
change had the sign that it had or the other: in such a world no forecast can know tomorrow. Over `RESAMPLES` such worlds
stands the best skill that any try so far reached there.

With e = (y - last) / last, persistence's error, and f = (yhat - last) / last, what a forecast adds to it, a try's skill is
(2 sum e f - sum f^2) / sum e^2, and in a world of coins c = +-1 it is (2 sum c e f - sum f^2) / sum e^2. Only the first
term is luck's: a net with wild forecasts pays sum f^2 in every world, so it lifts nothing, however widely its skill
scatters. That is Clark & West's null hypothesis (2007, the forecasts know nothing) for the largest of many, as in
Hubrich & West 2010, "Forecast evaluation of small nested model sets"; White's 2000 reality check and Hansen's 2005 test
ask for equal expected losses instead, under which every bad net may have been a good one with bad luck.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from nextclose.core.types import Float64s, Ints
from nextclose.judging.bootstrap import RESAMPLES

SELDOM = 0.05
"""How often luck alone passes `Luck.seldom`."""
PIECE = 256
"""Sessions whose coins are made numbers at a time."""
MARK = 16
"""Bytes that tell one try from another."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Searched:
    """All that a `Luck` remembers of its tries."""

    drawn: Float64s
    """(RESAMPLES,) the best skill of any try in each world of coins."""
    best: float
    """The best skill of any try in the world that came."""
    seen: frozenset[bytes]
    """A mark of MARK bytes a try."""


class Luck:
    """How good the best of all tries so far would look by luck.

    Assumed: one step ahead, changes that are as likely up as down given the past (sizes may cluster), and forecasts
    that see no future. Tries on other spans share the coins of the sessions that they share. Not for two threads at once.

    Parameters
    ----------
    sessions : how many sessions there are; tries name theirs by number. seed : of the coins.
    """

    def __init__(self, sessions: int, *, seed: int = 0) -> None:
        rng = np.random.Generator(np.random.PCG64(seed))
        self._coins = rng.integers(0, 2, (sessions, RESAMPLES), dtype=np.int8) * np.int8(2) - np.int8(1)
        self._drawn = np.zeros(RESAMPLES)
        self._best = 0.0
        self._seen: set[bytes] = set()

    def tried(self, error: Float64s, naive: Float64s, sessions: Ints | slice) -> None:
        """Take one more try into account; forecasts that were tried before count once.

        A net whose errors are not finite counts as a try and lifts nothing, like fewer than two sessions.

        Parameters
        ----------
        error, naive : (T,) signed errors (y - yhat) / last_close of the model and of persistence.
        sessions : (T,) numbers of their target sessions, or a slice of T.
        """
        mark = _mark(error, naive, sessions)
        if mark in self._seen:
            return
        self._seen.add(mark)
        base = float(naive @ naive)
        if len(error) < 2 or base == 0.0 or not np.isfinite(error).all():
            return
        with np.errstate(over="ignore", invalid="ignore"):
            added = naive - error
            paid, known = added @ added, naive * added
            drawn = (2.0 * self._tossed(known, sessions) - paid) / base
            best = (2.0 * known.sum() - paid) / base
        self._drawn = np.fmax(self._drawn, drawn)
        self._best = float(np.fmax(self._best, best))

    @property
    def searched(self) -> Searched:
        """What is remembered so far."""
        return Searched(drawn=self._drawn, best=self._best, seen=frozenset(self._seen))

    def unite(self, other: Searched) -> None:
        """Take into account what another `Luck` of the same sessions and coins has remembered: exactly as if its tries were
        this one's too, and those of both count once."""
        self._drawn = np.fmax(self._drawn, other.drawn)
        self._best = max(self._best, other.best)
        self._seen |= other.seen

    def _tossed(self, values: Float64s, sessions: Ints | slice) -> Float64s:
        """Sums of values (T,) by the coins of their sessions, (RESAMPLES,)."""
        coins, sums = self._coins[sessions], np.zeros(RESAMPLES)
        for start in range(0, len(values), PIECE):
            sums += values[start : start + PIECE] @ coins[start : start + PIECE]
        return sums

    @property
    def count(self) -> int:
        """How many different forecasts were tried."""
        return len(self._seen)

    @property
    def best(self) -> float:
        """The best skill found; at least 0, since persistence is always at hand."""
        return self._best

    @property
    def typical(self) -> float:
        """The best skill that luck alone gives in one of two such searches; at least 0."""
        return float(np.median(self._drawn))

    @property
    def seldom(self) -> float:
        """The best skill that luck alone passes in one of twenty such searches; at least 0."""
        return float(np.quantile(self._drawn, 1.0 - SELDOM))

    @property
    def pvalue(self) -> float:
        """How often luck alone gives at least the best skill found: p of the null hypothesis that no try knows anything."""
        return float((1 + np.count_nonzero(self._drawn >= self._best)) / (1 + RESAMPLES))


def _mark(error: Float64s, naive: Float64s, sessions: Ints | slice) -> bytes:
    """Equal for equal errors on equal sessions only."""
    where = str(sessions).encode() if isinstance(sessions, slice) else np.asarray(sessions, dtype="<i8").tobytes()
    digest = hashlib.blake2b(digest_size=MARK)
    for part in (where, error.tobytes(), naive.tobytes()):
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.digest()
