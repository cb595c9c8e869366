"""Drift: does a model err as it erred before, against persistence?

The statistic is the root of the model's squared errors over persistence's in the last sessions. Were a model's changes as
large as the market's, whatever the market does, that would stay where it was. A net whose changes keep their size errs more
against persistence in calm weeks, without being any worse. So a line is fitted to the reference sessions, squared error a
forecast = a + b times persistence's (a, b >= 0), which holds both, and the band lies around what it foretells of the recent
sessions. How wide it is comes from pairs of stretches of the reference, one as long as the recent one and one as long as the
reference with a line of its own, drawn independently in circular blocks (Politis & Romano 1992): the noise of a short
stretch, that of the line, and their serial dependence are in it.
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
"""Share of evenings without drift on which the error may leave its band, by the band's making; half of them on each side."""
MARGIN = 0.02
"""What the error may move by, as a share, or the coverage, as points: over many symbols less can be told, and means little."""
RESAMPLES = 4_000
_SAME = 1e-9


@dataclass(frozen=True, kw_only=True)
class _Recent:
    """The last m sessions."""

    m: int
    ratio: float
    base: float
    """Persistence's squared error a forecast."""
    coverage: float
    level: float


def drift(reference: Tally, recent: Tally, *, name: str, lang: Lang = "en") -> Drift | Text:
    """One model's recent error and coverage against what they were; why there is nothing to compare, otherwise.

    An error above its band raises the alarm, one below it too: too good is no good sign. So does a coverage below both its
    level and what the reference lets one expect.

    Parameters
    ----------
    reference : sums of the sessions before, such as a run's own test span.
    recent : sums of the sessions since; the last `WINDOW` of them are looked at.
    """
    m = min(WINDOW, recent.sessions)
    if m < FEWEST:
        return Text(
            "{name}: drift is looked at from {least} sessions with truths on; so far {m}", name=name, m=m, least=FEWEST
        )
    if reference.sessions < REFERENCE:
        return Text(
            "{name}: the run tested {count} sessions; a band takes {least} of them",
            name=name,
            count=reference.sessions,
            least=REFERENCE,
        )
    if min(reference.lost.sum(), reference.base.sum(), recent.base[-m:].sum()) <= 0.0:
        return Text("{name}: there is no error to compare", name=name)
    return _compare(reference, _last(recent, m), name, lang)


def _last(recent: Tally, m: int) -> _Recent:
    base, intervals = float(recent.base[-m:].sum()), int(recent.intervals[-m:].sum())
    levels = recent.level[-m:][np.isfinite(recent.level[-m:])]
    return _Recent(
        m=m,
        ratio=float(np.sqrt(recent.lost[-m:].sum() / base)),
        base=base / int(recent.n[-m:].sum()),
        coverage=int(recent.inside[-m:].sum()) / intervals if intervals else float("nan"),
        level=float(levels[-1]) if len(levels) else float("nan"),
    )


def _compare(reference: Tally, recent: _Recent, name: str, lang: Lang) -> Drift:
    low, high = error_band(reference, recent.m, recent.base)
    least = coverage_floor(reference, recent.m)
    worse, better = recent.ratio > high + _SAME, recent.ratio < low - _SAME
    narrow = bool(recent.coverage < min(least, recent.level) - _SAME)
    said = {"name": name, "m": recent.m, "ratio": f"{recent.ratio:.3f}", "low": f"{low:.3f}", "high": f"{high:.3f}"}
    told = [_of_error(worse, better, said)]
    if narrow:
        told.append(_of_coverage(recent.coverage, least, recent.level))
    return Drift(
        model=name,
        sessions=recent.m,
        ratio=recent.ratio,
        low=low,
        high=high,
        reference=reference.sessions,
        alarm=worse or better or narrow,
        sentence=" ".join(text.render(lang) for text in told),
        coverage=recent.coverage,
        coverage_low=least,
        level=recent.level,
    )


def error_band(reference: Tally, m: int, base: float) -> tuple[float, float]:
    """Of the root of the squared errors over persistence's in m sessions in which persistence's is `base` a forecast."""
    x, y = reference.base / reference.n, reference.lost / reference.n
    weight = 1.0 / (x + x.mean()) ** 2
    sums = np.column_stack(
        [reference.lost, reference.base, reference.n, weight, weight * x, weight * x**2, weight * y, weight * x * y]
    )
    short, long = _stretches(sums, m)
    with np.errstate(divide="ignore", invalid="ignore"):
        away = 0.5 * np.log(short[:, 0] / _foretold(long, short[:, 1] / short[:, 2]) / short[:, 2])
    centre = float(np.sqrt(_foretold(sums.sum(axis=0), np.array(base)) / base))
    low, high = centre * np.exp(np.quantile(away[np.isfinite(away)], [RATE / 2.0, 1.0 - RATE / 2.0]))
    return min(float(low), centre * (1.0 - MARGIN)), max(float(high), centre * (1.0 + MARGIN))


def coverage_floor(reference: Tally, m: int) -> float:
    """What the coverage of m sessions keeps above, all but half of `RATE` of the evenings; NaN without enough intervals.

    The symbols of a session hit or miss together, so sessions are drawn, not intervals.
    """
    known = reference.intervals > 0
    if np.count_nonzero(known) < REFERENCE:
        return float("nan")
    sums = np.column_stack([reference.inside[known], reference.intervals[known]]).astype(np.float64)
    short, long = _stretches(sums, m)
    away = short[:, 0] / short[:, 1] - long[:, 0] / long[:, 1]
    return float(sums[:, 0].sum() / sums[:, 1].sum() + min(float(np.quantile(away, RATE / 2.0)), -MARGIN))


def _foretold(sums: Float64s, base: Float64s) -> Float64s:
    """Squared error a forecast where persistence's is `base`, by the line that sums (..., 8) of sessions give."""
    w, x, xx, y, xy = np.moveaxis(sums[..., 3:], -1, 0)
    spread = w * xx - x * x
    flat = spread <= _SAME * w * xx
    slope = (w * xy - x * y) / np.where(flat, 1.0, spread)
    level = (y - slope * x) / w
    through = flat | (level < 0.0)
    even = ~through & (slope < 0.0)
    slope = np.where(through, xy / xx, np.where(even, 0.0, slope))
    level = np.where(through, 0.0, np.where(even, y / w, level))
    foretold: Float64s = level + slope * base
    return foretold


def _stretches(values: Float64s, m: int) -> tuple[Float64s, Float64s]:
    """Sums of the rows (T, M) over stretches of m and of T sessions, independently drawn; (RESAMPLES, M) each."""
    short, long = _draws(len(values), m)
    return _sums(values, m, short), _sums(values, len(values), long)


def _sums(values: Float64s, length: int, starts: Ints) -> Float64s:
    """Sums over circular blocks from these rows (RESAMPLES, blocks), the last as short as the length asks for."""
    T, block = len(values), block_length(len(values))
    rest = length - (starts.shape[1] - 1) * block
    running = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(np.concatenate([values, values]), axis=0)])
    whole, short = (running[size : size + T] - running[:T] for size in (block, rest))
    summed: Float64s = whole[starts[:, :-1]].sum(axis=1) + short[starts[:, -1]]
    return summed


@lru_cache(maxsize=8)
def _draws(T: int, m: int) -> tuple[Ints, Ints]:
    """Where the blocks of each stretch start, of m sessions and of T."""
    rng, block = np.random.Generator(np.random.PCG64(0)), block_length(T)
    short, long = (rng.integers(0, T, (RESAMPLES, -(-length // block))) for length in (m, T))
    return short, long


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
