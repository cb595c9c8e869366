"""The next close from every model of a saved run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nextclose.core.errors import SavedRunError
from nextclose.core.lang import Lang
from nextclose.core.results import Tomorrow
from nextclose.study.forecaster import Forecaster, load_of_bars
from nextclose.study.study import Study


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a saved run says of the next session."""

    symbol: str
    tomorrow: tuple[Tomorrow, ...]
    notes: tuple[str, ...]


def predict_run(
    folder: Path, source: str | None = None, *, target_date: str | None = None, lang: Lang = "en"
) -> Prediction:
    """Forecast the session after the last of `source`, or of the run's own bars.

    Raises
    ------
    SavedRunError : a run that is missing, damaged or from a newer version.
    BarsError : bars of another symbol, older than the run's, or with another history.
    """
    saved = load_of_bars(folder)
    forecasters = [Forecaster.from_model(model) for model in saved.fitted] if isinstance(saved, Study) else [saved]
    if not forecasters:
        raise SavedRunError("the run in '{folder}' holds no fitted model", folder=folder)
    rows: list[Tomorrow] = []
    notes: dict[str, None] = {}
    for forecaster in forecasters:
        steps, said = forecaster.predict_steps(source, target_date=target_date, lang=lang)
        rows.extend(steps)
        notes |= dict.fromkeys(note.render(lang) for note in said)
    return Prediction(symbol=rows[0].symbol, tomorrow=tuple(rows), notes=tuple(notes))
