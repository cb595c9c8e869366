"""Drift: does a model err as it erred before, against persistence?

The statistic is the root of the model's squared errors over persistence's in the last sessions: calm and wild markets move
both, so that it stays where it was while the model is what it was. Its band is that of two stretches of the reference
sessions, one as long as the recent one and one as long as the reference, drawn independently in circular blocks (Politis &
Romano 1992): it holds the noise of a short stretch, that of the reference itself, and their serial dependence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nextclose.core.evening import Drift
from nextclose.core.lang import Lang, Text
from nextclose.core.types import Float64s, Ints
from nextclose.judging.bootstrap import block_length
from nextclose.judging.tally import Tally

WINDOW = 20
"""Recent sessions that are looked at."""
FEWEST = 5
"""Recent sessions below which nothing is said."""
REFERENCE = 60
"""Reference sessions below which there is no band."""
RATE = 0.005
"""Evenings without drift on which the error leaves its band nevertheless, as the band is made; half of them above."""
RESAMPLES = 4_000
SAME = 1e-9


@dataclass(frozen=True, kw_only=True)
class Band:
    """What a statistic keeps between, all but `RATE` of the time."""

    low: float
    high: float


def drift(reference: Tally, recent: Tally, *, name: str, lang: Lang = "en") -> Drift | Text:
    """One model's recent error and coverage against what they were; why there is nothing to compare, otherwise.

    Parameters
    ----------
    reference : sums of the sessions before, such as a run's own test span.
    recent : sums of the sessions since; the last `WINDOW` of them are looked at.
    """
    m = min(WINDOW, recent.sessions)
    if m < FEWEST:
        return Text(
            "{name}: {m} sessions have truths; drift is looked at from {least} on", name=name, m=m, least=FEWEST
        )
    if reference.sessions < REFERENCE:
        return Text(
            "{name}: the run tested {count} sessions; a band takes {least} of them",
            name=name,
            count=reference.sessions,
            least=REFERENCE,
        )
    lost, base = float(recent.lost[-m:].sum()), float(recent.base[-m:].sum())
    if not (lost > 0.0 and base > 0.0 and reference.lost.sum() > 0.0 and reference.base.sum() > 0.0):
        return Text("{name}: there is no error to compare", name=name)
    ratio, band = float(np.sqrt(lost / base)), error_band(reference.lost, reference.base, m)
    intervals = int(recent.intervals[-m:].sum())
    coverage = int(recent.inside[-m:].sum()) / intervals if intervals else float("nan")
    least = coverage_band(reference.inside, reference.intervals, m)
    level = _level(recent, m)
    worse, better = ratio > band.high + SAME, ratio < band.low - SAME
    narrow = bool(coverage < min(least, level) - SAME)
    said = {"name": name, "m": m, "ratio": f"{ratio:.3f}", "low": f"{band.low:.3f}", "high": f"{band.high:.3f}"}
    sentence = [_of_error(worse, better, said)]
    if narrow:
        sentence.append(_of_coverage(coverage, least, level))
    return Drift(
        model=name,
        sessions=m,
        ratio=ratio,
        low=band.low,
        high=band.high,
        reference=reference.sessions,
        alarm=worse or better or narrow,
        sentence=" ".join(part.render(lang) for part in sentence),
        coverage=coverage,
        coverage_low=least,
        level=level,
    )


def error_band(lost: Float64s, base: Float64s, m: int) -> Band:
    """Of the root of lost over base in m sessions, from those (T,) of the reference.

    Both stretches are drawn, so that the log of the one's ratio over the other's is what it is without drift.
    """
    short, long = _stretches(np.column_stack([lost, base]), m)
    with np.errstate(divide="ignore", invalid="ignore"):
        away = 0.5 * (np.log(short[:, 0] / short[:, 1]) - np.log(long[:, 0] / long[:, 1]))
    ratio = np.sqrt(float(lost.sum()) / float(base.sum()))
    low, high = np.quantile(away[np.isfinite(away)], [RATE / 2.0, 1.0 - RATE / 2.0])
    return Band(low=float(ratio * np.exp(low)), high=float(ratio * np.exp(high)))


def coverage_band(inside: Ints, intervals: Ints, m: int) -> float:
    """What the coverage of m sessions keeps above, all but half of `RATE` of the time; NaN without intervals.

    The symbols of a session hit or miss together, so sessions are drawn, not intervals.
    """
    known = intervals > 0
    if np.count_nonzero(known) < REFERENCE:
        return float("nan")
    hits, every = inside[known].astype(np.float64), intervals[known].astype(np.float64)
    short, long = _stretches(np.column_stack([hits, every]), m)
    away = short[:, 0] / short[:, 1] - long[:, 0] / long[:, 1]
    return float(hits.sum() / every.sum() + np.quantile(away, RATE / 2.0))


def _stretches(values: Float64s, m: int) -> tuple[Float64s, Float64s]:
    """Sums of the rows (T, M) over stretches of m and of T sessions, independently drawn; (RESAMPLES, M) each."""
    short, long = _draws(len(values), m)
    return _sums(values, m, short), _sums(values, len(values), long)


def _sums(values: Float64s, length: int, starts: Ints) -> Float64s:
    """Sums over circular blocks from these rows (RESAMPLES, blocks), the last as short as the length asks for."""
    T, block = len(values), block_length(len(values))
    rest = length - (starts.shape[1] - 1) * block
    twice = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(np.concatenate([values, values]), axis=0)])
    whole, short = (twice[size : size + T] - twice[:T] for size in (block, rest))
    summed: Float64s = whole[starts[:, :-1]].sum(axis=1) + short[starts[:, -1]]
    return summed


@lru_cache(maxsize=8)
def _draws(T: int, m: int) -> tuple[Ints, Ints]:
    """Where the blocks of each stretch start, of m sessions and of T."""
    rng, block = np.random.Generator(np.random.PCG64(0)), block_length(T)
    short, long = (rng.integers(0, T, (RESAMPLES, -(-length // block))) for length in (m, T))
    return short, long


def _level(recent: Tally, m: int) -> float:
    known = recent.level[-m:][np.isfinite(recent.level[-m:])]
    return float(known[-1]) if len(known) else float("nan")


def _of_error(worse: bool, better: bool, said: dict[str, object]) -> Text:
    if worse:
        return Text(
            "{name} errs more than it did: over the last {m} sessions its error is {ratio} of persistence's, above its band of "
            "{low} to {high}. Look at the newest bars first, then think of a new run.",
            **said,
        )
    if better:
        return Text(
            "{name} is better than it can be expected to be: over the last {m} sessions its error is {ratio} of persistence's, "
            "below its band of {low} to {high}. Look for a leak, or a date that is off by one.",
            **said,
        )
    return Text(
        "{name} errs as it did: over the last {m} sessions its error is {ratio} of persistence's, in its band of {low} to "
        "{high}.",
        **said,
    )


def _of_coverage(coverage: float, least: float, level: float) -> Text:
    return Text(
        "Its intervals held {coverage} of the truths instead of {level}; {least} is the least that the sessions before would "
        "let one expect.",
        coverage=f"{coverage:.1%}",
        level=f"{level:.0%}",
        least=f"{least:.1%}",
    )
