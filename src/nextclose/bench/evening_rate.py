"""The day's refits beside the same fits on bare arrays."""

from __future__ import annotations

from dataclasses import dataclass

from nextclose.bars.bars import Bars
from nextclose.bench.evening_flow import Flow, Step
from nextclose.bench.market_bare import bare_seconds, count
from nextclose.core.fit import Task
from nextclose.market.config import MarketConfig
from nextclose.market.sets import open_set
from nextclose.recipes import Recipe
from nextclose.training.fold import learning_windows
from nextclose.training.resolve import Job
from nextclose.windows import fit_scaler, make_dataset

SHARE = 8
"""The bare fits are those of every eighth symbol."""


@dataclass(frozen=True, kw_only=True)
class RefitRate:
    """Fits a second, by the clock on the wall."""

    fits: int
    """On the evening on which all nets were due."""
    whole: float
    """Of `nextclose market update`, from its start to its end: reading, fits, scores, writing."""
    bare: float
    """Of the engine on arrays that are cut and scaled already, on as many threads."""
    bare_fits: int

    @property
    def share(self) -> float:
        """The whole's rate over the bare one."""
        return self.whole / self.bare


def refit_rate(flow: Flow, fits: int, update: Step) -> RefitRate:
    """Beside an update that fitted so many nets."""
    config = MarketConfig.read(flow.run)
    names = [name for shard in config.shards for name in shard][::SHARE]
    read = open_set(config.source).read(names, config.faults)
    known = [bars.between(None, flow.sessions[1]) for _, bars in read if isinstance(bars, Bars)]
    jobs = [_job(config.chosen()[0], bars) for bars in known if len(bars) >= config.min_bars]
    wall, _ = bare_seconds(jobs, flow.workers)
    return RefitRate(fits=fits, whole=fits / update.wall, bare=count(jobs) / wall, bare_fits=count(jobs))


def _job(recipe: Recipe, bars: Bars) -> Job:
    """A symbol's fits on all its bars."""
    data, span = make_dataset(bars, recipe.windows), (0, len(bars))
    windows, held_out = learning_windows(recipe, data, span)
    scaler = fit_scaler(data, *span)
    tasks = [
        Task(
            start=windows.start, stop=windows.stop, val_start=held_out.start, val_stop=held_out.stop, seed=seed,
            x_shift=scaler.x.shift, x_scale=scaler.x.scale, y_shift=scaler.y.shift, y_scale=scaler.y.scale,
        )
        for seed in range(recipe.seeds)
    ]  # fmt: skip
    y = data.taught(every_step=recipe.every_step)
    return Job(X=data.X, y=y, tasks=tasks, net=recipe.net, training=recipe.training)
