"""A net whose state is never reset: each window starts from the state that the window before it left."""

from __future__ import annotations

import numpy as np

from nextclose.core.cells import layer_suffix
from nextclose.core.types import Float64s, Params
from nextclose.engine.passes import states


def predict_carried(params: Params, X: Float64s, *, cell: str, activation: str = "tanh") -> Float64s:
    """What the net says of windows (N, L, F) in this order, h_0 of each being h_L of the one before; (N, K) float64.

    The first starts as the net does. The windows are walked as one of N * L steps, whose head is read at the end of each.

    Raises
    ------
    FitError, SettingsError : as `predict`.
    """
    N, L, F = X.shape
    if N == 0:
        return np.empty((0, len(params["w_y"])))
    weights = {name: np.asarray(array, dtype=np.float64) for name, array in params.items()}
    known = states(weights, np.asarray(X, dtype=np.float64).reshape(1, N * L, F), cell=cell, activation=activation)
    layers = 1
    while "h" + layer_suffix(layers) in known:
        layers += 1
    last = known["h" + layer_suffix(layers - 1)][0, L::L]  # (N, H)
    return np.asarray(last @ weights["w_y"].T + weights.get("b_y", 0.0))
