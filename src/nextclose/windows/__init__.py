"""From bars to what a net reads: causal features, scalers, targets and windows."""

from nextclose.windows.dataset import Dataset, make_dataset
from nextclose.windows.pool import Part, Pool, PooledWindows, join_parts, make_pool, pool_part
from nextclose.windows.recursion import gone_on
from nextclose.windows.scalers import Affine, Scaler, fit_scaler
from nextclose.windows.volatility import ewma_volatility, range_volatility
from nextclose.windows.windows import make_windows

__all__ = [
    "Affine",
    "Dataset",
    "Part",
    "Pool",
    "PooledWindows",
    "Scaler",
    "ewma_volatility",
    "fit_scaler",
    "gone_on",
    "join_parts",
    "make_dataset",
    "make_pool",
    "make_windows",
    "pool_part",
    "range_volatility",
]
