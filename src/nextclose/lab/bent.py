"""Windows bent on purpose: the faults that the lab lets one commit, to see what they do and what the judge says of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from nextclose.core.seeds import permutation, uniform
from nextclose.core.types import Float64s, Ints
from nextclose.judging.splits import Split
from nextclose.lab.choices import SWITCHES, Choices
from nextclose.training.fold import learning_windows
from nextclose.windows import Dataset

_Number = TypeVar("_Number", bound=np.generic)


@dataclass(frozen=True, kw_only=True, eq=False)
class Bent:
    """The windows that a net learns and is asked about."""

    data: Dataset
    rows: Ints
    """(n,) the true origin of each place on the data's rows; np.arange(n) but for a shuffled split."""
    scaled_on: tuple[int, int] | None
    """Rows that the scaler is fitted on, where it is not the train span."""


def bend(data: Dataset, choices: Choices, split: Split) -> Bent:
    """The dataset with the faults that `choices` asks for; `data` itself where it asks for none."""
    switches, rows = choices.switches, np.arange(len(data.close))
    train = data.train_windows(split.train_start, split.train_stop)
    test = data.test_windows(split.test_first, split.test_last, split.test_first)
    if switches["leak"] == "on":
        data = replace(data, X=np.concatenate([data.X[1:], data.X[-1:]]))
    if switches["days"] == "shuffled":
        data = replace(data, X=_days_shuffled(data.X))
    if switches["split"] == "shuffled":
        data, rows = _split_shuffled(data, train, test)
    if switches["axes"] == "reshape":
        learned = learning_windows(choices.recipe, data, (split.train_start, split.train_stop))
        data = replace(data, X=_reshaped(data.X, (*learned, test)))
    whole = switches["scaler"] == "everything" or switches["split"] == "shuffled"
    return Bent(data=data, rows=rows, scaled_on=(split.train_start, split.test_last + 1) if whole else None)


def sources(data: Dataset, choices: Choices, split: Split, window: int) -> tuple[Ints, Ints]:
    """Where each number of a bent window comes from: the row of the bars and the number of the feature, (L, F) each."""
    N, L, F = data.X.shape
    steps, columns = np.arange(L)[:, None], np.arange(F)
    if all(choices.switches[name] == SWITCHES[name][0] for name in ("days", "axes", "leak", "split")):
        return np.broadcast_to(data.first + window - L + 1 + steps, (L, F)), np.broadcast_to(columns, (L, F))
    rows = data.first - L + 1 + np.arange(N)[:, None, None] + steps  # (N, L, 1)
    numbers = bend(replace(data, X=(rows * F + columns).astype(np.float64)), choices, split).data.X[window]
    row, column = np.divmod(numbers.astype(np.int64), F)
    return row, column


def _days_shuffled(X: Float64s) -> Float64s:
    """Each window's days in an order of their own, (N, L, F)."""
    N, L, _ = X.shape
    places = np.argsort(uniform(0, "days", (N, L)), axis=1)
    return np.asarray(np.take_along_axis(X, places[:, :, None], axis=1))


def misread(batch: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """A batch (N, L, F) as `reshape(L, N, F)` has it, where `swapaxes(0, 1)` was meant."""
    N, L, F = batch.shape
    return batch.reshape(L, N, F)


def _reshaped(X: Float64s, batches: tuple[slice, ...]) -> Float64s:
    """What a net is fed of each batch (N, L, F) by `reshape(L, N, F)` where `swapaxes(0, 1)` was meant: the windows that
    train, those that validate and those that it is asked about."""
    wrong = X.copy()
    for batch in batches:
        wrong[batch] = misread(X[batch]).swapaxes(0, 1)
    return wrong


def _split_shuffled(data: Dataset, train: slice, test: slice) -> tuple[Dataset, Ints]:
    """Train and test windows drawn from both spans at random, as by a splitter that knows no time."""
    both = np.concatenate([np.arange(train.start, train.stop), np.arange(test.start, test.stop)])
    windows = np.arange(len(data.X))
    windows[both] = both[permutation(0, 0, len(both))]
    rows = np.concatenate([np.arange(data.first), windows + data.first])
    mixed = replace(
        data,
        X=data.X[windows],
        y=data.y[windows],
        close=data.close[rows],
        volatility=data.volatility[rows],
        scale=data.scale[rows],
    )
    return mixed, rows
