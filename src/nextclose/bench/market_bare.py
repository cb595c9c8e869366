"""The fits of a market run on bare arrays: read, cut and scaled beforehand."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.bench.loops import LoopNet, train
from nextclose.bench.market_plan import Task
from nextclose.bench.plan import Size, Update
from nextclose.bench.timing import seconds
from nextclose.core.fit import Task as Fit
from nextclose.core.types import Floats
from nextclose.market.config import MarketConfig
from nextclose.market.plan import Wishes, make_config
from nextclose.market.sets import open_set
from nextclose.market.symbol import LeftOutError, Member, admit
from nextclose.recipes import Recipe
from nextclose.study.walk import RecipeWalk
from nextclose.study.watch import Watcher
from nextclose.training.fused import fit_jobs
from nextclose.training.resolve import Job, resolve_engine
from nextclose.windows import fit_scaler


def configure(task: Task) -> MarketConfig:
    """What the market run will write into its manifest."""
    return make_config(Wishes(**task.wishes()))


def members(config: MarketConfig, names: Sequence[str]) -> Iterator[tuple[str, Member]]:
    """(name, symbol) for those of some names that the market run uses."""
    for name, got in open_set(config.source).read(names, config.faults):
        if isinstance(got, Bars):
            try:
                yield name, admit(got, config)
            except LeftOutError:
                continue


def bare_jobs(config: MarketConfig, names: Sequence[str]) -> list[Job]:
    """The fits of some symbols as the engine takes them, a job a symbol."""
    recipe = config.chosen()[0]
    return [_job(walk_of(recipe, member)) for _, member in members(config, names)]


def walk_of(recipe: Recipe, member: Member) -> RecipeWalk:
    """A symbol's windows and folds."""
    return RecipeWalk(recipe, resolve_engine("fused", recipe), member.bars, member.split, Watcher())


def _job(walk: RecipeWalk) -> Job:
    data, recipe = walk.data, walk.recipe
    tasks = []
    for start, stop in walk.wanted.spans:
        windows, scaler = data.train_windows(start, stop), fit_scaler(data, start, stop)
        tasks += [
            Fit(
                start=windows.start, stop=windows.stop, seed=seed, x_shift=scaler.x.shift, x_scale=scaler.x.scale,
                y_shift=scaler.y.shift, y_scale=scaler.y.scale,
            )
            for seed in range(recipe.seeds)
        ]  # fmt: skip
    return Job(X=data.X, y=data.y, tasks=tasks, net=recipe.net, training=recipe.training)


def count(jobs: Sequence[Job]) -> int:
    """Fits of all jobs."""
    return sum(len(job.tasks) for job in jobs)


def bare_seconds(jobs: Sequence[Job], threads: int) -> tuple[float, float]:
    """Wall and process seconds of `engine.fit_batches` on all jobs."""
    began, cpu = time.perf_counter(), time.process_time()
    fit_jobs(jobs, threads=threads)
    return time.perf_counter() - began, time.process_time() - cpu


def loop_seconds(jobs: Sequence[Job], sample: int) -> list[float]:
    """Process seconds of some of the same fits, spread over all, by a plain PyTorch loop on one thread."""
    every = [(job, task) for job in jobs for task in job.tasks]
    picked = np.linspace(0, len(every) - 1, sample).round().astype(int).tolist()
    return [seconds(lambda pair=every[at]: _loop_fit(*pair)) for at in picked]  # type: ignore[misc]


def _loop_fit(job: Job, task: Fit) -> None:
    kind, training = np.dtype(job.training.dtype), job.training
    X: Floats = ((job.X[task.start : task.stop] - task.x_shift) / task.x_scale).astype(kind)
    y: Floats = ((job.y[task.start : task.stop] - task.y_shift) / task.y_scale).astype(kind)
    size = Size(windows=len(X), seq_len=X.shape[1], input_size=X.shape[2], hidden_size=job.net.hidden_size)
    update = Update(name="", optimizer=training.optimizer, lr=training.lr, batch_size=training.batch_size)
    train(LoopNet, size, update, X=X, y=y, epochs=training.epochs)
