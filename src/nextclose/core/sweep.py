"""What a sweep is: the settings that were tried, what came of each, and what may be said of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang
from nextclose.core.results import NAN, Contest, DataSummary, ModelRow, SplitDates
from nextclose.core.types import Float64s, Ints

if TYPE_CHECKING:
    import pandas as pd

DECADE = 10.0
"""Ends of a range that lie this far apart are searched on a log scale."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A range that a search draws a number from."""

    low: float
    high: float
    whole: bool = False
    """Whole numbers only."""

    @property
    def log(self) -> bool:
        """Whether it is searched by factors."""
        return self.low > 0.0 and self.high / self.low >= DECADE

    def __str__(self) -> str:
        return f"{shown(self.low)}..{shown(self.high)}"


Alternatives: TypeAlias = Mapping[str, tuple[Any, ...] | Span]
"""Setting -> the values to try; one value is a fixed change, a Span belongs to a search."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SweepCell:
    """One combination of settings, fitted: what it learned and what it forecast."""

    name: str
    """As in the Forecasts table: the recipe and what differs."""
    settings: Mapping[str, Any]
    """What differs between the combinations, by setting."""
    losses: Float64s
    """(S, epochs) training losses of the first fold, NaN after an early stop."""
    val_losses: Float64s
    """(S, epochs) of its held-out windows, or (S, 0)."""
    validation: Float64s
    """(S,) the validation loss of the nets that were kept; NaN where nothing is held out."""
    final_losses: Float64s
    """(S,) last training loss of the last fold."""
    origins: Ints
    """(n,) row numbers of the last bars seen."""
    prices: Float64s
    """(S, n, K) forecast closes by seed."""
    problem: Mapping[str, str] | None = None
    """Why there is none of this, by language; None for a good one."""


@dataclass(frozen=True, kw_only=True)
class SweepScore:
    """One combination in the table of all; step 1 where it forecasts several sessions."""

    name: str
    settings: Mapping[str, Any]
    validation: float = NAN
    """Validation loss of the first fold's nets, the mean over seeds."""
    validation_by_seed: tuple[float, ...] = ()
    skill: float = NAN
    """On the test span, against persistence."""
    skill_lo: float = NAN
    skill_hi: float = NAN
    """90 % bootstrap interval."""
    rmse: float = NAN
    rmse_ratio: float = NAN
    """RMSE over persistence's."""
    rmse_ratio_by_seed: tuple[float, ...] = ()
    error_percent: float = NAN
    """100 * mean |y - yhat| / last_close over all steps, of the mean forecast."""
    error_percent_by_seed: tuple[float, ...] = ()
    pvalue_adjusted: float = NAN
    """One-sided p of the verdict's direction, after Holm over the combinations."""
    verdict: str = ""
    """One of the four; empty where the combination could not be fitted."""
    problem: str = ""
    """Why it could not."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SweepResult:
    """A finished sweep: every combination, judged together."""

    lang: Lang
    data: DataSummary
    split: SplitDates
    recipe: str
    summary: str
    settings: Mapping[str, Any]
    """The recipe's own settings with what is fixed in all combinations."""
    axes: Alternatives
    """What differs, in the order in which it was given."""
    tries: int | None
    """Tries of a search; None for a grid."""
    tried: tuple[str, ...]
    """The combination of each try, in order; that of each point of a grid."""
    cells: tuple[SweepCell, ...]
    scores: tuple[SweepScore, ...]
    """One a combination, in the order of the grid or of the tries."""
    best: str | None
    """The combination with the highest skill on the test span."""
    chosen: str | None
    """The one with the lowest validation loss; None where the losses are missing or not comparable."""
    models: tuple[ModelRow, ...]
    """Combinations and plainer forecasts, at every step."""
    contests: tuple[Contest, ...]
    sentences: tuple[str, ...]
    """What may be said of all of them; the first is the verdict."""
    notes: tuple[str, ...]
    table: Forecasts
    """Every forecast of the test span."""
    engine: Mapping[str, str]
    """{chosen, reason}."""
    versions: Mapping[str, str]

    @property
    def sentence(self) -> str:
        """The verdict."""
        return self.sentences[0]

    @property
    def forecasts(self) -> pd.DataFrame:
        """The Forecasts table as a pandas frame."""
        return self.table.to_pandas()

    def cell(self, name: str) -> SweepCell:
        """The combination called `name`. Raises KeyError for an unknown one."""
        for cell in self.cells:
            if cell.name == name:
                return cell
        raise KeyError(name)


def combination_name(recipe: str, settings: Mapping[str, Any]) -> str:
    """The recipe's name and what differs: `lstm-log lr=0.001 num_layers=2`."""
    return " ".join([recipe, *(f"{name}={shown(value)}" for name, value in settings.items())])


def shown(value: Any) -> str:
    """A setting's value as `--set` takes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(map(shown, value))
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
