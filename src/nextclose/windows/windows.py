"""Windows: L consecutive rows in, the value after them out.

bars     0  1  2  3  4  5  6  ...  n-1
X[0]    [0  1  2  3]                        y[0] = close[4]
X[1]       [1  2  3  4]                     y[1] = close[5]
...
X[n-L-1]               [n-5 ... n-2]        y[n-L-1] = close[n-1]
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.errors import BarsError, SettingsError
from nextclose.core.types import Dates, Float64s
from nextclose.windows.features import feature_matrix


def make_windows(
    bars: Bars,
    seq_len: int = 4,
    *,
    horizon: int = 1,
    features: Sequence[str] = ("open", "high", "low", "close"),
) -> tuple[Float64s, Float64s, Dates]:
    """Unscaled windows, the closes after them, and the first target's date.

    Parameters
    ----------
    bars : the bars of one symbol, n of them.
    seq_len : sessions in a window (L).
    horizon : closes to forecast (K).
    features : columns of a step (F).

    Returns
    -------
    X (N, L, F), y (N, K) and dates (N,) with N = n - L - K + 1; X[i] = bars[i : i+L], y[i] = close[i+L : i+L+K].

    Raises
    ------
    SettingsError : seq_len or horizon below 1.
    BarsError : fewer than L + K bars.
    """
    if seq_len < 1 or horizon < 1:
        raise SettingsError(
            "seq_len and horizon: expected whole numbers of at least 1, got {seq_len} and {horizon}",
            seq_len=seq_len,
            horizon=horizon,
        )
    if len(bars) < seq_len + horizon:
        raise BarsError(
            "a window of {seq_len} sessions with {horizon} to forecast needs at least {needed} bars, got {got}",
            seq_len=seq_len,
            horizon=horizon,
            needed=seq_len + horizon,
            got=len(bars),
        )
    X = sliding(feature_matrix(bars, features), seq_len)[: len(bars) - seq_len - horizon + 1]
    y = sliding(bars.close[seq_len:, None], horizon)[:, :, 0]
    return X, y, bars.dates[seq_len : seq_len + len(X)]


def sliding(rows: Float64s, length: int) -> Float64s:
    """Every run of `length` consecutive rows: (n, F) -> (n - length + 1, length, F), a copy."""
    views = np.lib.stride_tricks.sliding_window_view(rows, length, axis=0)  # (n - length + 1, F, length)
    return np.ascontiguousarray(views.swapaxes(1, 2))
