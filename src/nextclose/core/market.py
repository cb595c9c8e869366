"""What is said of a market run: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nextclose.core.lang import Lang
from nextclose.core.results import Contest, ModelRow, RivalRow, Verdict


@dataclass(frozen=True, kw_only=True)
class Spans:
    """The spans of a whole market, as sessions that are there."""

    train_start: str
    train_end: str
    test_start: str
    test_end: str
    sessions: tuple[str, ...]
    """Every session of the test span."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """What can be seen of a run from outside."""

    folder: str
    state: str
    """finished, running, or stopped: nobody works on it, and shards are left."""
    phase: str
    """What it last was at."""
    symbols: int
    done: int
    """Symbols whose shard is kept."""
    shards: int
    shards_done: int
    left_out: int
    failed: int
    fits: int
    """Nets that kept shards hold."""
    rate: float | None
    """Fits a second, while it runs."""
    seconds_left: float | None
    age: float | None
    """Seconds since the last heartbeat."""
    lang: Lang


@dataclass(frozen=True, kw_only=True)
class SkillSpread:
    """How one model's skill spreads over the symbols, and on how many it is better and worse."""

    model: str
    kind: str
    symbols: int
    p05: float
    p25: float
    median: float
    p75: float
    p95: float
    """Quantiles of the skill."""
    positive: float
    """Share of symbols with a skill above 0."""
    better: int
    worse: int
    """Symbols found better and worse than persistence, at a false discovery rate over all of them."""
    informed: int
    """Symbols on which information was seen, likewise."""


@dataclass(frozen=True, kw_only=True)
class LiquiditySkill:
    """One model over symbols that are traded about alike."""

    model: str
    part: int
    """From 1, the least traded."""
    symbols: int
    value: float
    """Median of what they trade a session before the test span, close x volume."""
    skill: float
    """Over all of them together."""


@dataclass(frozen=True, kw_only=True)
class RankedSymbol:
    """One model on one symbol."""

    model: str
    symbol: str
    n: int
    skill: float
    skill_lo: float
    skill_hi: float
    pvalue_adjusted: float
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class MarketSummary:
    """A finished market run."""

    folder: str
    source: str
    scope: str
    train_start: str
    train_end: str
    test_start: str
    test_end: str
    sessions: int
    used: int
    left_out: Mapping[str, int]
    """Kind of reason -> symbols."""
    skipped: Mapping[str, int]
    """Filter -> symbols that it took out."""
    in_set: int
    ended_early: int
    faults: Mapping[str, int]
    """Kind of finding -> rows."""
    models: tuple[ModelRow, ...]
    """Over all symbols, clustered by session."""
    contests: tuple[Contest, ...]
    rivals: tuple[RivalRow, ...]
    spreads: tuple[SkillSpread, ...]
    liquidity: tuple[LiquiditySkill, ...]
    """Fifths of the symbols; none where there are few."""
    best: tuple[RankedSymbol, ...]
    """Of each recipe, the symbols with the largest skill."""
    worst: tuple[RankedSymbol, ...]
    survivors: tuple[RankedSymbol, ...]
    """Symbols on which a recipe is found better than persistence after Benjamini-Hochberg, the best first."""
    notes: tuple[str, ...]
