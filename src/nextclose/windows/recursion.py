"""Windows that go on with forecasts: the last k bars of each are closes that a net has said.

origin t, one close said     x_{t-L+2} .. x_t, c_1
two said                     x_{t-L+3} .. x_t, c_1, c_2
"""

from __future__ import annotations

import numpy as np

from nextclose.core.types import Float64s
from nextclose.windows.dataset import Dataset, relative
from nextclose.windows.windows import sliding


def gone_on(data: Dataset, windows: slice, said: Float64s) -> Float64s:
    """Windows after the closes `said` (n, k) of each, unscaled but for what is relative to their last bar: (n, L, F).

    The volatility stays what it was at the origin: a forecast is no observation.
    """
    if not said.shape[1]:
        return data.X[windows]
    L, origins = data.settings.seq_len, data.origins(windows)
    seen = sliding(data.columns[data.first - L + 1 :], L)[windows]
    rows = np.concatenate([seen, _bars(data, windows, said)], axis=1)[:, -L:]
    return relative(rows, data.settings, data.volatility[origins])


def _bars(data: Dataset, windows: slice, said: Float64s) -> Float64s:
    """The closes as bars, (n, k, F): `change` follows from them."""
    before = np.concatenate([data.close[data.origins(windows), None], said[:, :-1]], axis=1)
    known = {"close": said, "change": said / before - 1.0}
    return np.stack([known[name] for name in data.settings.features], axis=-1)
