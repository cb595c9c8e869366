"""Before any speed: the ledger's forecasts are those of `nextclose.run` on the same bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nextclose.bench.evening_flow import Flow
from nextclose.bench.market_bare import members
from nextclose.core.errors import NextcloseError
from nextclose.market.config import MarketConfig
from nextclose.market.ledger.book import read
from nextclose.market.ledger.chain import Ledger
from nextclose.market.symbol import Member
from nextclose.recipes import parse_settings
from nextclose.study.run import run
from nextclose.study.study import Study


@dataclass(frozen=True, kw_only=True)
class EveningParity:
    """What was compared."""

    passed: bool
    symbols: tuple[str, ...]
    forecasts: int
    differ: int
    """Of them, those that are not the same to the last bit."""

    def error(self) -> NextcloseError:
        """What to say where it is red."""
        return NextcloseError(
            "{differ} of {forecasts} forecasts in the ledger are not those of nextclose run, so no speed was measured",
            differ=self.differ,
            forecasts=self.forecasts,
        )


def check_evening(recipe: str, settings: Sequence[str], wanted: int, flow: Flow) -> EveningParity:
    """The next close of a few symbols, by recipe and baselines, from the ledger and from a run alone."""
    config = MarketConfig.read(flow.run)
    ledger = _ledger(flow)
    chosen = list(_some(config, wanted))
    pairs = [
        (value, ledger.get((member.bars.symbol, model)))
        for member in chosen
        for model, value in _alone(recipe, settings, member, config).items()
    ]
    differ = sum(value != other for value, other in pairs)
    return EveningParity(
        passed=bool(pairs) and differ == 0,
        symbols=tuple(member.bars.symbol for member in chosen),
        forecasts=len(pairs),
        differ=differ,
    )


def _ledger(flow: Flow) -> dict[tuple[str, str], float | None]:
    """(symbol, model) -> forecast of the first evening."""
    rows = read(Ledger.open(flow.run)).forecasts
    keys = zip(rows.column("symbol").to_pylist(), rows.column("model").to_pylist(), strict=True)
    return dict(zip(keys, rows.column("yhat").to_pylist(), strict=True))


def _some(config: MarketConfig, wanted: int) -> Iterator[Member]:
    """Symbols spread over the set that traded on every session of the test span."""
    names = [name for shard in config.shards for name in shard]
    spread = [names[at] for at in np.linspace(0, len(names) - 1, min(4 * wanted, len(names))).astype(int)]
    found = 0
    for _, member in members(config, list(dict.fromkeys(spread))):
        if found < wanted and member.split.test_last - member.split.test_first + 1 == len(config.sessions):
            found += 1
            yield member


def _alone(recipe: str, settings: Sequence[str], member: Member, config: MarketConfig) -> dict[str, float]:
    """Model -> the next close of `nextclose.run`."""
    spans = config.spans
    study = run(
        member.bars, recipes=[recipe], train_start=spans.train_start, train_end=spans.train_end,
        test_start=spans.test_start, test_end=spans.test_end, refit_every=config.refit_every,
        seeds=config.chosen()[0].seeds, settings=parse_settings(settings), faults="drop", ladder=False,
    )  # fmt: skip
    assert isinstance(study, Study)
    return {row.model: row.yhat for row in study.tomorrow if row.step == 1}
