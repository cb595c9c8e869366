"""A dataset: every window that the bars allow, the last one included, whose target is tomorrow.

A window is named by its origin, the row number of its last bar. Which windows train a fold and which it
forecasts are slices of origins, so folds share one set of windows.

    train span [start, stop)     origins start+L-1 .. stop-K-1      every target inside the span (K = 1 for recursion)
    test span  [first, last]     origins first-1 .. last-K          context 'before': windows may reach back
                                 origins first+L-1 .. last-K        context 'inside': windows lie in the span
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.errors import BarsError, TooFewBarsError
from nextclose.core.settings import FEATURES, WindowSettings
from nextclose.core.types import Dates, Float64s
from nextclose.windows.features import RELATIVE_TO_CLOSE, feature_matrix
from nextclose.windows.volatility import volatilities
from nextclose.windows.windows import sliding


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Windows of n bars, unscaled but for what is relative to each window's own last bar."""

    settings: WindowSettings
    dates: Dates
    """(n,)"""
    columns: Float64s
    """(n, F) features by bar."""
    close: Float64s
    """(n,)"""
    volatility: Float64s
    """(n,) of the daily log return, as known at each close."""
    scale: Float64s
    """(n,) the volatility in whose units an interval scores errors, as known at each close."""
    first: int
    """The first origin; window i has origin first + i."""
    X: Float64s
    """(n - first, L, F)"""
    y: Float64s
    """(n - first, K) in the target's own unit; NaN where the session has not happened."""

    def taught(self, *, every_step: bool) -> Float64s:
        """What a net learns of each window: (N, K), or one session where it goes on by recursion, or (N, L) the session
        after each step of it."""
        if every_step:
            after = targets_ahead(self.close, self.volatility, 0, self.settings)
            L = self.settings.seq_len
            return sliding(after, L)[self.first - L + 1 :, :, 0]
        return self.y[:, : self.settings.outputs]

    def train_windows(self, start: int, stop: int) -> slice:
        """Windows whose every bar and target lies in bars `start`..`stop`-1."""
        low = max(start + self.settings.seq_len - 1, self.first)
        high = stop - self.settings.outputs
        return slice(low - self.first, max(high, low) - self.first)

    def test_windows(self, first_target: int, last_target: int, span_start: int) -> slice:
        """Windows whose targets lie in `first_target`..`last_target`, for a test span that begins at `span_start`."""
        reach = span_start + self.settings.seq_len - 1 if self.settings.context == "inside" else self.first
        low = max(first_target - 1, reach, self.first)
        high = last_target - self.settings.horizon + 1
        return slice(low - self.first, max(high, low) - self.first)

    @property
    def latest(self) -> slice:
        """The window that ends at the last bar."""
        return slice(len(self.X) - 1, len(self.X))

    def origins(self, windows: slice) -> slice:
        """Row numbers of the windows' last bars."""
        return slice(windows.start + self.first, windows.stop + self.first)

    def prices(self, target: Float64s, windows: slice, last: Float64s | None = None) -> Float64s:
        """The closes that values in the target's unit mean, (..., n, K) -> (..., n, K); `last` (n,) stands for the windows'
        own last closes where these are forecast themselves."""
        kind, origins = self.settings.target, self.origins(windows)
        if kind == "price":
            return target
        last = self.close[origins] if last is None else last
        steps = np.sqrt(np.arange(1, target.shape[-1] + 1))
        unit = self.volatility[origins, None] * steps if kind == "volatility-return" else 1.0
        with np.errstate(over="ignore"):  # a net that diverged says so by a price that is no number
            growth = np.exp(target * unit)
            return (last[:, None] + 1.0) * growth - 1.0 if kind == "log1p-return" else last[:, None] * growth


def make_dataset(bars: Bars, settings: WindowSettings, *, latest: int | None = None) -> Dataset:
    """Every window of `bars` under `settings`, or so many of the latest.

    Raises
    ------
    TooFewBarsError : fewer than seq_len bars that have all features.
    BarsError : a feature that the bars lack, or a column with gaps.
    """
    columns = feature_matrix(bars, settings.features)
    lead = int(np.isnan(columns).any(axis=1).sum())
    first = lead + settings.seq_len - 1
    if first >= len(bars):
        raise TooFewBarsError(
            "a window of {seq_len} sessions needs at least {needed} bars, got {got}",
            seq_len=settings.seq_len,
            needed=first + 1,
            got=len(bars),
        )
    if latest is not None:
        first = max(first, len(bars) - latest)
    volatility, scale = volatilities(bars)
    X = relative(sliding(columns[first - settings.seq_len + 1 :], settings.seq_len), settings, volatility[first:])
    _check_finite(X, settings, bars)
    return Dataset(
        settings=settings,
        dates=bars.dates,
        columns=columns,
        close=bars.close,
        volatility=volatility,
        scale=scale,
        first=first,
        X=X,
        y=targets_ahead(bars.close, volatility, first, settings),
    )


def relative(X: Float64s, settings: WindowSettings, volatility: Float64s) -> Float64s:
    """What a scaling within each window makes of it, (N, L, F) -> (N, L, F); X itself under the others.

    log-ratio: prices as log(price / last close), adj_close as log(a / a_last), volume as log((v + 1) / (v_last + 1)), the
    user's own columns as they are. log1p-ratio: every column as log(x + 1) - log(x_last + 1).
    """
    if settings.scaling == "log1p-ratio":
        with np.errstate(divide="ignore", invalid="ignore"):
            logs: Float64s = np.log1p(X)
            return np.asarray(logs - logs[:, -1:])
    if settings.scaling not in ("log-ratio", "log-ratio-volatility"):
        return X
    unit = volatility[:, None] if settings.scaling == "log-ratio-volatility" else 1.0
    last_close = X[:, -1, settings.features.index("close"), None] if "close" in settings.features else None
    scaled = np.empty_like(X)
    for f, name in enumerate(settings.features):
        column = X[:, :, f]
        if name in RELATIVE_TO_CLOSE:
            scaled[:, :, f] = np.log(column / (column[:, -1:] if last_close is None else last_close)) / unit
        elif name == "adj_close":
            scaled[:, :, f] = np.log(column / column[:, -1:]) / unit
        elif name == "volume":
            scaled[:, :, f] = np.log1p(column) - np.log1p(column[:, -1:])
        else:
            scaled[:, :, f] = column if name not in FEATURES else column / unit
    return scaled


def _check_finite(X: Float64s, settings: WindowSettings, bars: Bars) -> None:
    """Raise BarsError for a column that has no logarithm of x + 1."""
    if settings.scaling != "log1p-ratio":
        return
    bad = ~np.isfinite(X).all(axis=(0, 1))
    if bad.any():
        raise BarsError(
            "{symbol}: scaling=log1p-ratio takes the logarithm of x + 1, which the column '{name}' does not always have: it "
            "holds -1 or less. Leave it out of the features.",
            symbol=bars.symbol,
            name=settings.features[int(bad.argmax())],
        )


def targets_ahead(close: Float64s, volatility: Float64s, first: int, settings: WindowSettings) -> Float64s:
    """What follows each origin, in the target's unit, (n - first, K)."""
    n, K = len(close), settings.horizon
    ahead = np.full((n - first, K), np.nan)
    for k in range(1, K + 1):
        ahead[: n - first - k, k - 1] = close[first + k :]
    if settings.target == "price":
        return ahead
    if settings.target == "log1p-return":
        return np.asarray(np.log1p(ahead) - np.log1p(close[first:, None]))
    log_return = np.log(ahead / close[first:, None])
    if settings.target == "log-return":
        return log_return
    return log_return / (volatility[first:, None] * np.sqrt(np.arange(1, K + 1)))
