"""Before any speed: a market run's forecasts are those of `nextclose.run`, and its fits those of a PyTorch loop."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from nextclose.bench.market_bare import configure, members, walk_of
from nextclose.bench.market_command import run_market
from nextclose.bench.market_plan import RECIPE, MarketPlan, Task
from nextclose.bench.walk_loop import loop_refit
from nextclose.core.errors import NextcloseError
from nextclose.core.types import Float64s
from nextclose.market.ask import ask
from nextclose.market.config import MarketConfig
from nextclose.market.symbol import Member
from nextclose.recipes import with_settings
from nextclose.study.run import run
from nextclose.study.study import Study
from nextclose.training.fold import fit_fold

TOLERANCES = {"float64": 1e-10, "float32": 1e-5}
"""Of a forecast after 100 updates, relative to the price."""


@dataclass(frozen=True, kw_only=True)
class MarketParity:
    """What was compared."""

    passed: bool
    symbols: tuple[str, ...]
    forecasts: int
    """Of a market run, compared with those of `nextclose.run` on the same symbols."""
    differ: int
    """Of them, those that are not the same to the last bit."""
    comparisons: int
    """Forecasts of the engine's nets beside the loop's, from the same initial weights."""
    worst: dict[str, float]
    """Precision -> largest difference of those, relative to the price."""
    tolerances: dict[str, float]

    def error(self) -> NextcloseError:
        """What to say where it is red."""
        if self.differ:
            return NextcloseError(
                "{differ} of {forecasts} forecasts of a market run are not those of nextclose run, so no speed was measured",
                differ=self.differ,
                forecasts=self.forecasts,
            )
        return NextcloseError(
            "forecasts differ from the PyTorch loop's, so no speed was measured: by {worst} of the price, allowed {tolerances}",
            worst=self.worst,
            tolerances=self.tolerances,
        )


def check_market(plan: MarketPlan) -> MarketParity:
    """Run a few symbols of the set as a market, alone, and by the loop."""
    config = configure(plan.task())
    names = [name for shard in config.shards for name in shard]
    chosen = dict(_some(config, names, plan.checked))
    task = plan.task(symbols=tuple(chosen), workers=1)
    forecasts = [_differences(*pair) for pair in _both(task, chosen, config)]
    worst = {dtype: max(_loop_differences(chosen, config, dtype), default=np.nan) for dtype in TOLERANCES}
    differ = sum(count for count, _ in forecasts)
    return MarketParity(
        passed=differ == 0 and all(worst[dtype] <= TOLERANCES[dtype] for dtype in TOLERANCES),
        symbols=tuple(member.bars.symbol for member in chosen.values()),
        forecasts=sum(n for _, n in forecasts),
        differ=differ,
        comparisons=len(TOLERANCES) * len(_FOLDS) * len(chosen),
        worst=worst,
        tolerances=TOLERANCES,
    )


def _some(config: MarketConfig, names: list[str], wanted: int) -> Iterator[tuple[str, Member]]:
    """Symbols spread over the set that traded on every session of the test span."""
    whole = len(config.sessions)
    spread = [names[at] for at in np.linspace(0, len(names) - 1, min(4 * wanted, len(names))).astype(int)]
    found = 0
    for name, member in members(config, list(dict.fromkeys(spread))):
        if found < wanted and member.split.test_last - member.split.test_first + 1 == whole:
            found += 1
            yield name, member


_ByDay: TypeAlias = dict[str, float]
"""Target date -> forecast."""


def _both(task: Task, chosen: Mapping[str, Member], config: MarketConfig) -> Iterator[tuple[_ByDay, _ByDay]]:
    """Each symbol's forecasts by target date, of the market run and of a run alone."""
    with tempfile.TemporaryDirectory() as made:
        run_market(task, Path(made) / "run")
        query = "SELECT CAST(target_date AS VARCHAR) AS day, yhat FROM forecasts WHERE model = ? AND symbol = ?"
        for member in chosen.values():
            answer = ask(Path(made) / "run", query, (RECIPE, member.bars.symbol))
            market = dict(zip(answer.column("day").to_pylist(), answer.column("yhat").to_pylist(), strict=True))
            yield market, _alone(task, member, config)


def _alone(task: Task, member: Member, config: MarketConfig) -> _ByDay:
    spans, wishes = config.spans, task.wishes()
    study = run(
        member.bars, recipes=[RECIPE], train_start=spans.train_start, train_end=spans.train_end,
        test_start=spans.test_start, test_end=spans.test_end, refit_every=task.refit_every, seeds=task.seeds,
        settings=wishes["settings"], faults="drop", ladder=False,
    )  # fmt: skip
    assert isinstance(study, Study)
    table = study.table.of(RECIPE)
    return dict(zip(table.target_date.astype(str).tolist(), table.yhat.tolist(), strict=True))


def _differences(market: Mapping[str, float], alone: Mapping[str, float]) -> tuple[int, int]:
    """Forecasts that one of them lacks or has otherwise, and all forecasts."""
    days = market.keys() | alone.keys()
    return sum(market.get(day) != alone.get(day) for day in days), len(days)


_FOLDS = (0, -1)
"""Of each symbol, those that the loop fits too."""


def _loop_differences(chosen: Mapping[str, Member], config: MarketConfig, dtype: str) -> Iterator[float]:
    recipe: Any = with_settings(config.chosen()[0], {"seeds": 1, "dtype": dtype})
    for member in chosen.values():
        walk = walk_of(recipe, member)
        for number in _FOLDS:
            start, stop = walk.wanted.spans[number]
            nets = fit_fold(recipe, walk.data, start, stop, walk.engine)
            window = walk.data.train_windows(start, stop).stop
            ours: Float64s = nets.forecast(walk.data, slice(window, window + 1), walk.engine)
            theirs = loop_refit(member.bars[start:], stop - start, recipe, from_engine=True)
            yield abs(theirs / float(ours[0, 0, 0]) - 1.0)
