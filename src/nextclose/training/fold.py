"""One recipe fitted on training spans: a net a span and seed, and the scaler that a span's nets share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time

import numpy as np

from nextclose.core.cells import is_recurrent
from nextclose.core.errors import FitError, NextcloseError, SettingsError, TooFewBarsError
from nextclose.core.fit import Fit, Task
from nextclose.core.settings import NetSettings
from nextclose.core.types import Float64s, Params
from nextclose.recipes import Recipe
from nextclose.training.batches import check_batches
from nextclose.training.masked_windows import masked_windows
from nextclose.training.resolve import Done, Engine, Job
from nextclose.windows import Dataset, Scaler, fit_scaler, gone_on


class FitWatcher:
    """Told how fits come along; this one keeps quiet."""

    def fitted(self, fits: int) -> None:
        """So many more nets are done."""

    def look(self) -> None:
        """Called many times a second while nets are fitted; what is raised here stops them."""

    def losses(self, fold: int, seed: int, losses: Float64s) -> None:
        """A net's loss by epoch, told when all nets are done, one net after the other."""


class FailedFitError(FitError):
    """A net of a fold that is not to be used."""

    fits: tuple[Fit, ...] = ()
    """Every seed's net of that fold, as far as it came."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedFold:
    """The nets of one training span."""

    recipe: Recipe
    scaler: Scaler
    fits: tuple[Fit, ...]
    """One a seed, in order."""
    train_shape: tuple[int, int, int]
    """(N, L, F) of the windows that trained, validation windows included."""
    held_out: int | None = None
    """The latest of them that validated; None: the recipe's share."""

    def forecast(self, data: Dataset, windows: slice, engine: Engine) -> Float64s:
        """Each seed's closes for some windows, (S, n, K); the medians where the net has quantiles."""
        return self.quantile_closes(data, windows, engine)[..., self.recipe.training.median]

    def quantile_closes(self, data: Dataset, windows: slice, engine: Engine) -> Float64s:
        """Each seed's closes by quantile, (S, n, K, Q), increasing along Q; Q = 1 where the net has no quantiles.

        Outputs that cross are pushed apart seed by seed, from the median outwards (`uncrossed`), so the forecast is the
        median's output and a mean over seeds is ordered too.
        """
        return closes_by_fold([(self, windows)], data, engine)[0]

    def tasks(self, windows: slice) -> list[Task]:
        """What is asked of each seed's net."""
        x = self.scaler.x
        return [
            Task(start=windows.start, stop=windows.stop, init=fit.params, x_shift=x.shift, x_scale=x.scale)
            for fit in self.fits
        ]


def closes_by_fold(asked: Sequence[tuple[FittedFold, slice]], data: Dataset, engine: Engine) -> list[Float64s]:
    """`FittedFold.quantile_closes` of some folds of one recipe, each for its windows, in one call of the engine."""
    if data.settings.strategy == "recursive":
        return [_one_after_the_other(fold, data, windows, engine) for fold, windows in asked]
    tasks = [task for fold, windows in asked for task in fold.tasks(windows)]
    return _closes([(fold, data, windows) for fold, windows in asked], data.X, tasks, engine)


def closes_of_many(asked: Sequence[tuple[FittedFold, Dataset, slice]], engine: Engine) -> list[Float64s]:
    """`FittedFold.quantile_closes` of nets of one recipe, each on windows of its own bars, in one call of the engine."""
    if not asked:
        return []
    if asked[0][1].settings.strategy == "recursive":
        return [_one_after_the_other(fold, data, windows, engine) for fold, data, windows in asked]
    counts = [windows.stop - windows.start for _, _, windows in asked]
    X, tasks, first = np.concatenate([data.X[windows] for _, data, windows in asked]), [], 0
    for (fold, _, _), count in zip(asked, counts, strict=True):
        tasks += fold.tasks(slice(first, first + count))
        first += count
    return _closes(asked, X, tasks, engine)


def _closes(
    asked: Sequence[tuple[FittedFold, Dataset, slice]], X: Float64s, tasks: Sequence[Task], engine: Engine
) -> list[Float64s]:
    """What the tasks' nets, a seed each, say of windows X, as closes."""
    recipe, count = asked[0][0].recipe, asked[0][1].settings.outputs * asked[0][0].recipe.training.heads
    outputs = iter(engine.predict_many(X, tasks, net=recipe.net, outputs=count))
    closes = []
    for fold, data, windows in asked:
        own = np.stack([next(outputs) for _ in fold.fits])
        closes.append(uncrossed(closes_of(own, fold.scaler, data, windows), recipe.training.median))
    return closes


def _one_after_the_other(fold: FittedFold, data: Dataset, windows: slice, engine: Engine) -> Float64s:
    """The same by recursion, (S, n, K, 1): each seed's forecast close ends its next window."""
    closes, net = [], fold.recipe.net
    for fit in fold.fits:
        said = np.empty((windows.stop - windows.start, 0))
        for _ in range(data.settings.horizon):
            X = fold.scaler.x.forward(gone_on(data, windows, said))
            target = fold.scaler.y.backward(engine.predict(fit.params, X, net=net, outputs=1))
            last = said[:, -1] if said.shape[1] else None
            said = np.concatenate([said, data.prices(target, windows, last)], axis=1)
        closes.append(said)
    return np.stack(closes)[..., None]


def closes_of(output: Float64s, scaler: Scaler, data: Dataset, windows: slice) -> Float64s:
    """The closes that nets' outputs mean, (..., n, K * Q) -> (..., n, K, Q)."""
    K = data.settings.outputs
    target = scaler.y.backward(output.reshape(*output.shape[:-1], K, output.shape[-1] // K))
    return np.stack([data.prices(target[..., q], windows) for q in range(target.shape[-1])], axis=-1)


def uncrossed(closes: Float64s, median: int) -> Float64s:
    """Quantiles (..., Q) that do not cross: none above the median is below one nearer to it, and none below it above."""
    if closes.shape[-1] == 1:
        return closes
    below = np.minimum.accumulate(closes[..., median::-1], axis=-1)[..., ::-1]
    above = np.maximum.accumulate(closes[..., median:], axis=-1)
    return np.concatenate([below, above[..., 1:]], axis=-1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Wanted:
    """One recipe to be fitted on some training spans, bars `start`..`stop`-1 each."""

    recipe: Recipe
    data: Dataset
    spans: Sequence[tuple[int, int]]
    engine: Engine
    watcher: FitWatcher = field(default_factory=FitWatcher)
    scaled_on: tuple[int, int] | None = None
    """Bars that every span's scaler is fitted on instead of its own: the fault of a scaler that saw the test, to be shown."""
    first_seed: int = 0
    """Number of the first of the recipe's nets that are fitted."""
    before: tuple[Fit, ...] = ()
    """Nets of an earlier span, one a seed, that the first span's start from, where the recipe has a warm start."""
    pretrained_on: tuple[int, int] | None = None
    """Bars that the nets are pre-trained on, where they are; the first span's by default."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """The nets of one recipe, a fold a span, and the process seconds that fitting took."""

    folds: tuple[FittedFold, ...]
    seconds: float
    pretrained: int = 0
    """Windows that the nets were pre-trained on."""


def fit_all(wanted: Sequence[Wanted], threads: int | None = None) -> tuple[Fitted, ...]:
    """Fit every (recipe, span, seed) as one batch an engine, on `threads` threads (as many as there are cores by default).

    A recipe with a warm start goes round by round: the nets of a span start from the weights of the span before.

    Raises
    ------
    TooFewBarsError : a span of fewer bars than one window, its target and one more.
    SettingsError : windows that cannot be cut into the batches asked for.
    FailedFitError : training diverged or met a value that is not finite.
    """
    for one in wanted:
        check_spans(one)
    done = try_all(wanted, threads)
    for got in done:
        if isinstance(got, NextcloseError):
            raise got
    return tuple(got for got in done if isinstance(got, Fitted))


def try_all(wanted: Sequence[Wanted], threads: int | None = None) -> tuple[Fitted | NextcloseError, ...]:
    """What `fit_all` does, but one that fails stops no other: its error stands in its place."""
    works = [_Work(one) for one in wanted]
    for name in dict.fromkeys(one.engine.chosen for one in wanted):
        own = [work for work in works if work.wanted.engine.chosen == name]
        while due := [work for work in own if work.waiting]:
            jobs = [work.next_job() for work in due]
            tell = [_in_steps(work.wanted.watcher.fitted) for work in due]

            def on_done(
                done: Sequence[int], tell: Sequence[Callable[[int], None]] = tell, due: Sequence[_Work] = due
            ) -> None:
                for work, told, count in zip(due, tell, done, strict=True):
                    work.wanted.watcher.look()
                    told(count)

            for work, done in zip(due, own[0].wanted.engine.fit_jobs(jobs, on_done, threads), strict=True):
                work.take(done)
    return tuple(work.problem or work.fitted() for work in works)


def fit_folds(
    recipe: Recipe,
    data: Dataset,
    spans: Sequence[tuple[int, int]],
    engine: Engine,
    watcher: FitWatcher | None = None,
) -> tuple[FittedFold, ...]:
    """Fit every seed of `recipe` on each span of bars `start`..`stop`-1; errors as for `fit_all`."""
    wanted = Wanted(recipe=recipe, data=data, spans=spans, engine=engine, watcher=watcher or FitWatcher())
    return fit_all([wanted])[0].folds


def fit_fold(
    recipe: Recipe, data: Dataset, start: int, stop: int, engine: Engine, watcher: FitWatcher | None = None
) -> FittedFold:
    """Fit every seed of `recipe` on bars `start`..`stop`-1; errors as for `fit_folds`."""
    return fit_folds(recipe, data, [(start, stop)], engine, watcher)[0]


def check_spans(wanted: Wanted) -> None:
    """Raise TooFewBarsError for a span of fewer bars with all features than one window, its target and one more, and
    SettingsError for one whose windows cannot be cut into the batches asked for."""
    recipe, lead = wanted.recipe, wanted.data.first + 1 - wanted.recipe.windows.seq_len
    sessions = min((stop - max(start, lead) for start, stop in wanted.spans), default=0)
    needed = recipe.windows.seq_len + recipe.windows.horizon + 1
    if sessions < needed:
        raise TooFewBarsError(
            "recipe '{recipe}' needs at least {needed} train sessions that have all features (seq_len {seq_len}, horizon "
            "{horizon}, and one more), got {got}. Give an earlier train-start, or more bars.",
            recipe=recipe.name,
            needed=needed,
            seq_len=recipe.windows.seq_len,
            horizon=recipe.windows.horizon,
            got=max(sessions, 0),
        )
    for span in wanted.spans:
        train, _ = learning_windows(recipe, wanted.data, span)
        check_batches(recipe.net, recipe.training, train.stop - train.start)


def learning_windows(recipe: Recipe, data: Dataset, span: tuple[int, int]) -> tuple[slice, slice]:
    """The windows of a train span that train, and those behind them that validate.

    By share, the latest validate, and so many before them are left out that no target is both learned and held out. From
    `validation_start` on, those validate that lie behind it (in it, where a window must lie inside its span), and those
    train whose every target comes before; a recipe that is fitted again has no such date, since it would stand still.
    """
    windows = data.train_windows(*span)
    if recipe.validates_from is not None:
        row = int(np.searchsorted(data.dates, np.datetime64(recipe.validates_from)))
        reach = recipe.windows.seq_len if recipe.windows.context == "inside" else 0
        train = slice(windows.start, row - recipe.windows.outputs - data.first)
        held_out = slice(row - 1 + reach - data.first, windows.stop)
        if train.start < train.stop and held_out.start < held_out.stop:
            return train, held_out
    cut = windows.stop - recipe.training.held_out(windows.stop - windows.start)
    shared = recipe.windows.seq_len if recipe.every_step else recipe.windows.outputs
    last = max(cut - shared + 1, windows.start + 1) if cut < windows.stop else cut
    return slice(windows.start, last), slice(cut, windows.stop)


def held_out_count(recipe: Recipe, data: Dataset, span: tuple[int, int]) -> int:
    """How many windows of a train span, the latest, validate."""
    held_out = learning_windows(recipe, data, span)[1]
    return int(held_out.stop - held_out.start)


class _Work:
    """A recipe on its way: which spans are fitted, and from which weights the next ones start."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.fits: list[Fit] = []
        self.seconds, self.pretrained = 0.0, 0
        self.problem: NextcloseError | None = None
        try:
            check_spans(wanted)
            self.scalers = [fit_scaler(wanted.data, *(wanted.scaled_on or span)) for span in wanted.spans]
            self.inits = self._inits()
        except NextcloseError as error:
            self.problem = error

    @property
    def waiting(self) -> bool:
        """Whether some span is not fitted yet, and can be."""
        return self.problem is None and len(self.fits) < len(self.wanted.spans) * self.wanted.recipe.seeds

    def next_job(self) -> Job:
        """Every span at once, or the next one where it starts from the weights of the one before."""
        recipe, data = self.wanted.recipe, self.wanted.data
        first = len(self.fits) // recipe.seeds
        stop = first + 1 if recipe.training.warm_start else len(self.wanted.spans)
        tasks = [self._task(number, seed) for number in range(first, stop) for seed in range(recipe.seeds)]
        y = data.taught(every_step=recipe.every_step)
        return Job(X=data.X, y=y, tasks=tasks, net=recipe.net, training=recipe.training)

    def take(self, done: Done) -> None:
        """Keep what came of the job, and tell the losses of its folds up to one that failed."""
        seeds = self.wanted.recipe.seeds
        for first in range(0, len(done.fits), seeds):
            number = (len(self.fits) + first) // seeds
            self.problem = self.problem or _tell(self.wanted, number, done.fits[first : first + seeds])
        self.fits += done.fits
        self.seconds += done.seconds

    def fitted(self) -> Fitted:
        """The folds, when none is waiting."""
        recipe, data = self.wanted.recipe, self.wanted.data
        folds = tuple(
            FittedFold(
                recipe=recipe,
                scaler=scaler,
                fits=tuple(self.fits[number * recipe.seeds : (number + 1) * recipe.seeds]),
                train_shape=data.X[data.train_windows(*span)].shape,
                held_out=held_out_count(recipe, data, span),
            )
            for number, (span, scaler) in enumerate(zip(self.wanted.spans, self.scalers, strict=True))
        )
        return Fitted(folds=folds, seconds=self.seconds, pretrained=self.pretrained)

    def _inits(self) -> list[Params | None]:
        """What each seed's nets start from: weights that were given, or learned on the first span's bars, or neither."""
        recipe, data, first = self.wanted.recipe, self.wanted.data, self.wanted.first_seed
        seeds = range(first, first + recipe.seeds)
        pretrain = self.wanted.engine.pretrain
        if not recipe.training.pretrain_epochs or pretrain is None:
            return [read_init(recipe.net)] * recipe.seeds
        began = process_time()
        span = self.wanted.pretrained_on or self.wanted.spans[0]
        train, _ = learning_windows(recipe, data, span)
        X = masked_windows(recipe, data, train, fit_scaler(data, *(self.wanted.scaled_on or span)))
        self.pretrained = len(X)
        outputs = data.settings.outputs * recipe.training.heads
        learned, _ = pretrain(X, net=recipe.net, training=recipe.training, seeds=seeds, outputs=outputs)
        self.seconds += process_time() - began
        return [*learned]

    def _task(self, number: int, seed: int) -> Task:
        """One seed on a span's windows; the latest of them validate where the recipe holds some out."""
        training = self.wanted.recipe.training
        windows, held_out = learning_windows(self.wanted.recipe, self.wanted.data, self.wanted.spans[number])
        scaler, seeds = self.scalers[number], self.wanted.recipe.seeds
        before = self.fits[(number - 1) * seeds :] if number > 0 else self.wanted.before
        warm = training.warm_start and len(before) > 0
        return Task(
            start=windows.start,
            stop=windows.stop,
            val_start=held_out.start,
            val_stop=held_out.stop,
            seed=self.wanted.first_seed + seed,
            init=before[seed].params if warm else self.inits[seed],
            epochs=training.warm_epochs if warm else None,
            x_shift=scaler.x.shift,
            x_scale=scaler.x.scale,
            y_shift=scaler.y.shift,
            y_scale=scaler.y.scale,
        )


def _in_steps(fitted: Callable[[int], None]) -> Callable[[int], None]:
    """From "so many are done" to "so many more are done"."""
    before = 0

    def on_done(done: int) -> None:
        nonlocal before
        if done > before:
            fitted(done - before)
            before = done

    return on_done


def _tell(wanted: Wanted, number: int, fits: Sequence[Fit]) -> FitError | None:
    """A fold's losses to the watcher, up to a fit that failed; what is to be said of that one."""
    for seed, fit in enumerate(fits):
        wanted.watcher.losses(number, seed, fit.losses)
        if fit.problem is not None:
            failed = FailedFitError(
                "recipe '{recipe}', fold {fold} of {folds}, seed {seed}: {problem}",
                recipe=wanted.recipe.name,
                fold=number + 1,
                folds=len(wanted.spans),
                seed=wanted.first_seed + seed,
                problem=fit.problem,
            )
            failed.fits = tuple(fits)
            return failed
    return None


def read_init(net: NetSettings) -> Params | None:
    """Initial weights from a .json file, {"w_x": [[...]], ...} or that under "init"; None for a named scheme.

    An h_0 among them is left out for a net without time.
    """
    init, stateless = net.init, not is_recurrent(net.cell)
    if not init.endswith(".json"):
        return None
    try:
        page = json.loads(Path(init).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError("init: no file '{path}'", path=init) from None
    except (ValueError, OSError) as error:
        raise SettingsError("init: '{path}' is no JSON file of weights ({error})", path=init, error=error) from None
    weights = page.get("init", page) if isinstance(page, Mapping) else None
    if not isinstance(weights, Mapping) or "w_y" not in weights:
        raise SettingsError(
            'init: \'{path}\' holds no weights: expected {{"w_x": [[...]], "w_h": [[...]], "w_y": [[...]], ...}}',
            path=init,
        )
    left_out = {"h_0"} if stateless else set()
    return {name: np.asarray(value, dtype=np.float64) for name, value in weights.items() if name not in left_out}
