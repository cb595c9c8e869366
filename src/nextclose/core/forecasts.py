"""The Forecasts table: one row a (symbol, model, origin, step).

Everything that judges, plots, trades or serves reads this table, so anyone's forecasts can be judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nextclose.core.types import Bools, Dates, Float64s, Ints

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "symbol", "model", "origin", "step", "target_date", "yhat", "lo", "hi", "level", "p_up", "last_close", "y",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecasts:
    """Columns of equal length n; prices are quoted prices; what is not known is NaN (NaT for a date)."""

    symbol: npt.NDArray[Any]
    """(n,) text."""
    model: npt.NDArray[Any]
    """(n,) text."""
    origin: Dates
    """(n,) the last session that the forecast may see."""
    step: Ints
    """(n,) 1..K."""
    target_date: Dates
    """(n,) the session that it is for."""
    yhat: Float64s
    """(n,) forecast close."""
    lo: Float64s
    """(n,) lower end of the interval."""
    hi: Float64s
    """(n,) upper end."""
    level: Float64s
    """(n,) the interval's nominal coverage, 0..1."""
    p_up: Float64s
    """(n,) probability that y > last_close."""
    last_close: Float64s
    """(n,) close at the origin."""
    y: Float64s
    """(n,) the close that came; NaN while the session has not happened."""
    quantiles: Mapping[float, Float64s] = field(default_factory=dict)
    """Level -> (n,) forecast quantile of the close."""

    def __len__(self) -> int:
        return len(self.yhat)

    @property
    def error(self) -> Float64s:
        """e = (y - yhat) / last_close, (n,)."""
        return (self.y - self.yhat) / self.last_close

    def models(self) -> tuple[str, ...]:
        """Model names in the order of their first row."""
        return tuple(dict.fromkeys(self.model.tolist()))

    def where(self, rows: Bools | Ints) -> Forecasts:
        """The rows of a mask or of an index array."""
        quantiles = {level: column[rows] for level, column in self.quantiles.items()}
        return Forecasts(**{name: column[rows] for name, column in self.columns()}, quantiles=quantiles)

    def of(self, model: str, step: int | None = None) -> Forecasts:
        """The rows of one model, and of one step if given."""
        rows = self.model == model
        return self.where(rows if step is None else rows & (self.step == step))

    def replace(self, **columns: npt.NDArray[Any]) -> Forecasts:
        """A copy with some columns changed."""
        return Forecasts(**(dict(self.columns()) | columns), quantiles=self.quantiles)

    def columns(self) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """(name, array) in the order of `COLUMNS`."""
        return ((name, getattr(self, name)) for name in COLUMNS)

    def to_pandas(self) -> pd.DataFrame:
        """A pandas frame with the columns of `COLUMNS`, then a column q0.05, ... a quantile."""
        import pandas as pd

        own = {name: column.tolist() if column.dtype == object else column for name, column in self.columns()}
        return pd.DataFrame(own | {f"q{level:g}": column for level, column in self.quantiles.items()})

    @classmethod
    def make(cls, columns: Mapping[str, Any], /, quantiles: Mapping[float, Float64s] | None = None) -> Forecasts:
        """From columns that may be scalars or missing: missing ones are NaN, step 1, level NaN."""
        n = len(np.atleast_1d(np.asarray(columns["yhat"])))
        blank = np.full(n, np.nan)
        kinds: dict[str, Any] = {"symbol": object, "model": object, "step": np.int64}
        kinds |= dict.fromkeys(("origin", "target_date"), "datetime64[D]")
        defaults: dict[str, Any] = {"origin": np.datetime64("NaT"), "target_date": np.datetime64("NaT"), "step": 1}
        full = {}
        for name in COLUMNS:
            value, kind = columns.get(name, defaults.get(name, blank)), kinds.get(name, np.float64)
            full[name] = np.full(n, np.asarray(value, dtype=kind), dtype=kind)
        return cls(**full, quantiles=quantiles or {})

    @classmethod
    def concat(cls, tables: Sequence[Forecasts]) -> Forecasts:
        """Tables one below the other; an empty list gives an empty table."""
        if not tables:
            return cls.make({"symbol": "", "model": "", "yhat": np.empty(0)})
        levels = sorted({level for table in tables for level in table.quantiles})
        quantiles = {
            level: np.concatenate([table.quantiles.get(level, np.full(len(table), np.nan)) for table in tables])
            for level in levels
        }
        own = {name: np.concatenate([getattr(table, name) for table in tables]) for name in COLUMNS}
        return cls(**own, quantiles=quantiles)
