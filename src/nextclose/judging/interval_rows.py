"""What the intervals of a table are worth: coverage, calm and wild, and the interval score beside a plain constant's.

The constant is last_close * (1 +- z * sigma): sigma an EWMA over the table's own last closes (`table_volatility`), z the
normal quantile of the level. It knows no model and no past error, and is what an interval has to be better than.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import ndtri

from nextclose.core.lang import Lang, Text
from nextclose.core.results import IntervalRow, Share, WorstSession
from nextclose.core.types import Bools, Float64s
from nextclose.judging import metrics
from nextclose.judging.interval_sentence import interval_sentence
from nextclose.judging.longrun import long_run_variance
from nextclose.judging.panel import Panel, Sessions
from nextclose.judging.row import NO_LEVEL, NO_PROBABILITY, Measured
from nextclose.judging.table_volatility import TableVolatility, table_volatility

AT_LEAST = 20
"""Returns behind a forecast without which its volatility is not used."""
FULL = 0.5
"""The worst session holds at least this share of the intervals of the fullest one."""
Z90 = float(ndtri(0.95))
NO_VOLATILITY = Text(
    "no forecast with an interval has {least} returns of its symbol behind it in this table", least=AT_LEAST
)
NONE_THERE = Text("no forecast lies there: too many have the same volatility")


def interval_row(panel: Panel, row: Measured, lang: Lang) -> IntervalRow | None:
    """The intervals of a panel that was measured as `row`; None where it has none."""
    return _row(panel, row, lang) if np.isfinite(row.coverage) else None


@dataclass(frozen=True, eq=False)
class _Intervals:
    """The rows of a panel that have an interval (m of them), oldest first."""

    panel: Panel
    rows: Bools
    """(n,) which they are."""
    volatility: TableVolatility

    @cached_property
    def inside(self) -> Float64s:
        """(m,) 1 where the truth lay inside, else 0."""
        table = self.panel.rows
        found = (table.lo <= table.y) & (table.y <= table.hi)
        return found[self.rows].astype(np.float64)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions.of_days(self.panel.sessions.of[self.rows])

    @cached_property
    def sigma(self) -> Float64s:
        """(m,) volatility of the step; NaN where too few returns lie behind it."""
        known = self.volatility.returns >= AT_LEAST
        return np.where(known, self.volatility.sigma, np.nan)[self.rows]

    @cached_property
    def scaled(self) -> Bools:
        """(m,) which have a volatility."""
        return np.isfinite(self.sigma)

    @cached_property
    def moves(self) -> Float64s:
        """(m,) |y / last_close - 1| in units of volatility."""
        moves: Float64s = np.abs(self.panel.naive[self.rows]) / self.sigma
        return moves

    @cached_property
    def level(self) -> Float64s:
        """(m,) what is claimed; NaN where that is no share below 1."""
        claimed = self.panel.rows.level[self.rows]
        return np.where((claimed >= 0.0) & (claimed < 1.0), claimed, np.nan)

    def thirds(self) -> tuple[Share, Share, Share]:
        """Calm, middle, wild: between the terciles of the volatility of all symbols' forecasts."""
        sigma, inside = self.sigma[self.scaled], self.inside[self.scaled]
        low, high = np.quantile(sigma, [1 / 3, 2 / 3]) if len(sigma) else (np.nan, np.nan)
        calm, wild = sigma <= low, sigma > high
        return _share(inside[calm]), _share(inside[~calm & ~wild]), _share(inside[wild])

    def scores(self) -> tuple[float, float]:
        """The interval score of the rows with a volatility and a level, and the constant's on them."""
        own = self.scaled & np.isfinite(self.level)
        table, level, half = self.panel.rows, self.level[own], ndtri((1.0 + self.level[own]) / 2.0) * self.sigma[own]
        y, lo, hi = ((column / table.last_close)[self.rows][own] for column in (table.y, table.lo, table.hi))
        score = metrics.interval_score(y, lo, hi, level)
        return score, metrics.interval_score(y, 1.0 - half, 1.0 + half, level)

    def worst(self) -> WorstSession | None:
        """One symbol: where the move was largest; several: where the least lay inside, of equals the largest mean move."""
        if self.panel.symbols < 2:
            if not self.scaled.any():
                return None
            session = int(self.sessions.of[int(np.nanargmax(self.moves))])
        else:
            counts = self.sessions.sums(np.ones(len(self.inside)))
            share = np.where(counts >= FULL * counts.max(), self.sessions.sums(self.inside) / counts, np.inf)
            moved = self.sessions.sums(np.nan_to_num(self.moves)) / counts
            session = int(np.argmax(np.where(share == share.min(), moved, -1.0)))
        own = self.sessions.of == session
        known = self.moves[own & self.scaled]
        return WorstSession(
            date=str(self.panel.rows.target_date[self.rows][own][0]),
            n=int(np.count_nonzero(own)),
            coverage=float(np.mean(self.inside[own])),
            move=float(np.mean(known)) if len(known) else metrics.NAN,
        )


def coverage_interval(inside: Float64s, sessions: Sessions, lag: int = 0) -> tuple[float, float]:
    """90 % interval of a share (Wilson 1927) whose observations come in sessions.

    n is the effective number p (1 - p) / Var(mean) (Kish 1965), the variance that of the sessions' sums, with `lag`
    autocovariances where forecasts of several steps overlap; the sessions where all lay inside or none did.
    """
    n, p = len(inside), float(np.mean(inside))
    variance = long_run_variance(sessions.sums(inside - p), lag) * sessions.count / n**2
    effective = min(p * (1.0 - p) / variance, float(n)) if variance > 0.0 else float(sessions.count)
    shrink = 1.0 + Z90**2 / effective
    centre = (p + Z90**2 / (2.0 * effective)) / shrink
    half = Z90 * np.sqrt(p * (1.0 - p) / effective + (Z90 / (2.0 * effective)) ** 2) / shrink
    return max(float(centre - half), 0.0), min(float(centre + half), 1.0)


def _share(inside: Float64s) -> Share:
    return Share(n=len(inside), coverage=float(np.mean(inside)) if len(inside) else metrics.NAN)


def _row(panel: Panel, row: Measured, lang: Lang) -> IntervalRow:
    found = _Intervals(panel, np.isfinite(panel.rows.lo) & np.isfinite(panel.rows.hi), table_volatility(panel))
    lo, hi = coverage_interval(found.inside, found.sessions, row.step - 1)
    score, constant = found.scores()
    calm, middle, wild = found.thirds()
    facts: dict[str, Any] = {
        "model": row.name, "step": row.step, "level": row.level, "n": len(found.inside), "coverage": row.coverage,
        "coverage_lo": lo, "coverage_hi": hi, "width": row.interval_width, "score": row.interval_score,
        "compared": int(np.count_nonzero(found.scaled)), "compared_score": score, "constant_score": constant,
        "score_ratio": score / constant, "calm": calm, "middle": middle, "wild": wild, "worst": found.worst(),
        "brier": row.brier, "brier_base": row.brier_base,
    }  # fmt: skip
    reasons = {name: reason.render(lang) for name, reason in _reasons(row, found, (calm, middle, wild)).items()}
    told = IntervalRow(**facts, sentence="", reasons=reasons)
    sentence = interval_sentence(told, several=row.symbols > 1).render(lang)
    return IntervalRow(**facts, sentence=sentence, reasons=reasons)


def _reasons(row: Measured, found: _Intervals, thirds: tuple[Share, Share, Share]) -> dict[str, Text]:
    """Field name -> why it is NaN, empty or None."""
    why: dict[str, Text] = {}
    scaled = bool(found.scaled.any())
    if not np.isfinite(found.level[found.scaled]).any():
        why |= dict.fromkeys(("compared_score", "constant_score", "score_ratio"), NO_LEVEL if scaled else NO_VOLATILITY)
    if not scaled and row.symbols < 2:
        why["worst"] = NO_VOLATILITY
    if np.isnan(row.interval_score):
        why |= dict.fromkeys(("level", "score") if np.isnan(row.level) else ("score",), NO_LEVEL)
    for name, third in zip(("calm", "middle", "wild"), thirds, strict=True):
        if third.n == 0:
            why[name] = NONE_THERE if scaled else NO_VOLATILITY
    if np.isnan(row.brier):
        why |= dict.fromkeys(("brier", "brier_base"), NO_PROBABILITY)
    return why
