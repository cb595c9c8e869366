"""What a page looks at: one of the nets after some epoch, and one window through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nextclose.core.errors import SettingsError
from nextclose.core.explanation import Explanation
from nextclose.core.lang import Text
from nextclose.core.types import Ints
from nextclose.judging.splits import Split
from nextclose.lab.bent import Bent, bend, sources
from nextclose.lab.choices import Choices
from nextclose.lab.desk import Desk
from nextclose.lab.diverged import told_plainly
from nextclose.lab.spans import page_date
from nextclose.study.epochs import fit_epochs
from nextclose.study.one_window import explain_window
from nextclose.training.fold import FittedFold, FitWatcher


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """One window through one net."""

    split: Split
    net: int
    """Which of the nets, from 0."""
    epoch: int | None
    """Epochs trained; None for the net that forecasts."""
    whole: FittedFold
    """That net, trained to the end."""
    window: int
    """Its number among the bent windows."""
    origin: int
    """Its true last row of the desk's bars."""
    bent: Bent
    explained: Explanation
    carried: bool
    """Whether its state comes from the window before."""
    rows: Ints
    """(L, F) the row of the bars that each number read comes from."""
    columns: Ints
    """(L, F) the number of the feature that it is."""

    @property
    def taken(self) -> int:
        """Epochs after which the net that forecasts was taken: all of them, or the best on the windows that validate."""
        return self.whole.fits[0].best_epoch + 1

    @property
    def ran(self) -> int:
        """Epochs that training ran for."""
        return len(self.whole.fits[0].losses)


class _Wanted(FitWatcher):
    """Asks, while a net is fitted, whether anybody still wants it."""

    def __init__(self, check: Callable[[], None]) -> None:
        self.check = check

    def look(self) -> None:
        """As often as the engine looks up."""
        self.check()


def look_at(desk: Desk, choices: Choices, ask: Mapping[str, Any], check: Callable[[], None]) -> Look:
    """What a page asks to look at: `at` the target date of the window, `net` which of the nets, and `epoch`.

    A date without a window means the nearest that has one; no date the last of the test span. A number that is too large
    means the largest.

    Raises
    ------
    SettingsError : what is no date or no whole number from 0 on.
    DivergedError : what `nextclose.run` says of a net that diverged.
    """
    split = desk.split(choices)
    net = whole_number(ask, "net", choices.recipe.seeds - 1) or 0
    epoch = whole_number(ask, "epoch", choices.recipe.training.epochs)
    bent = desk.kept(("bent", choices.key), partial(bend, desk.dataset(choices.recipe.windows), choices, split))

    fitted = partial(_fitted, desk, choices, split, bent, net, check)
    whole = desk.kept(("net", choices.key, net, None), fitted)
    check()
    if epoch is not None:
        epoch = min(epoch, len(whole.fits[0].losses))
    fold = whole if epoch is None else desk.kept(("net", choices.key, net, epoch), partial(fitted, epoch))
    origin = _origin(desk, bent, split, ask.get("at"))
    window = int(np.flatnonzero(bent.rows == origin)[0]) - bent.data.first
    before = _before(bent, choices, split, window)
    explained = desk.kept(
        ("window", choices.key, net, epoch, origin),
        lambda: explain_window(fold, bent.data, desk.bars, window, epoch=epoch, before=before, origin=origin),
    )
    rows, columns = sources(desk.dataset(choices.recipe.windows), choices, split, window)
    return Look(
        split=split,
        net=net,
        epoch=epoch,
        whole=whole,
        window=window,
        origin=origin,
        bent=bent,
        explained=explained,
        carried=before is not None,
        rows=rows,
        columns=columns,
    )


def whole_number(ask: Mapping[str, Any], name: str, most: int) -> int | None:
    """A number from 0 to `most` that a page may give; None where it gives none. Raises SettingsError for what is none."""
    value = ask.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise SettingsError(
            "{name}: expected a whole number from 0 to {most}, got {got}", name=name, most=most, got=value
        )
    return min(value, most)


def _fitted(
    desk: Desk,
    choices: Choices,
    split: Split,
    bent: Bent,
    net: int,
    check: Callable[[], None],
    epochs: int | None = None,
) -> FittedFold:
    with told_plainly(choices.recipe):
        return fit_epochs(
            choices.recipe,
            bent.data,
            (split.train_start, split.train_stop),
            desk.engine(choices.recipe),
            epochs=epochs,
            seed=net,
            scaled_on=bent.scaled_on,
            watcher=_Wanted(check),
        )


def _origin(desk: Desk, bent: Bent, split: Split, at: Any) -> int:
    """The last row of the window whose target is the session of `at`, or the nearest that has a window."""
    row = split.test_last
    if at is not None and at != "":
        row = int(np.searchsorted(desk.bars.dates, page_date(Text("the session looked at"), str(at))))
    return min(max(row - 1, bent.data.first), desk.explored - 2)


def _before(bent: Bent, choices: Choices, split: Split, window: int) -> slice | None:
    """The windows whose state a window of the test span goes on from, where states are carried over."""
    test = bent.data.test_windows(split.test_first, split.test_last, split.test_first)
    if not choices.carried or not test.start <= window < test.stop:
        return None
    return slice(test.start, window)
