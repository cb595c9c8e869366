"""A recipe as an object: fit it on bars, ask it for tomorrow, save it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nextclose.bars import load_bars
from nextclose.core.errors import NextcloseError, SavedRunError
from nextclose.core.lang import Lang, Text
from nextclose.core.results import Tomorrow
from nextclose.core.sweep import SweepResult
from nextclose.recipes import Recipe, for_all_bars, load_recipe, of_bars
from nextclose.study.live import coming_sessions, forecast_tomorrow
from nextclose.study.rebase import rebase
from nextclose.study.saved_model import SavedModel, load_model, read_page, save_model
from nextclose.study.saving import beside, check_free, load_study
from nextclose.study.series_study import KIND, SeriesStudy, load_series_study
from nextclose.study.study import Study
from nextclose.study.sweep import load_sweep
from nextclose.study.sweep_files import is_sweep
from nextclose.study.walk import apart, held_out_scores
from nextclose.training.fold import fit_fold
from nextclose.training.resolve import resolve_engine
from nextclose.windows import make_dataset

if TYPE_CHECKING:
    from nextclose.study.export import Exported


class Forecaster:
    """A recipe that can be fitted on bars and then forecasts the close of the session after any bars' last.

    Parameters
    ----------
    recipe : a recipe's name, or a Recipe; spans that it brings along are left aside.
    seeds : nets to average; the recipe's own number by default.
    settings : changed settings of the recipe, by name.
    engine : fused, torch, or auto, which takes the fused one where it can fit the recipe.

    Raises
    ------
    SettingsError : an unknown recipe, setting or engine, or one that cannot fit the recipe here.
    """

    def __init__(
        self,
        recipe: str | Recipe = "default",
        *,
        seeds: int | None = None,
        settings: Mapping[str, Any] | None = None,
        engine: str = "auto",
    ) -> None:
        changes = dict(settings or {}) | ({} if seeds is None else {"seeds": seeds})
        known = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
        self.recipe = for_all_bars(of_bars(known), changes)
        self.engine = resolve_engine(engine, self.recipe)
        self._model: SavedModel | None = None

    @property
    def name(self) -> str:
        """The recipe's name."""
        return self.recipe.name

    @property
    def model(self) -> SavedModel:
        """The fitted nets with their scaler. Raises NextcloseError before `fit`."""
        if self._model is None:
            raise NextcloseError("this forecaster is not fitted yet: call fit(bars) first")
        return self._model

    def fit(self, bars: Any) -> Forecaster:
        """Fit every seed on all of `bars` (Bars, a SOURCE or a table) and return this forecaster.

        Raises
        ------
        UserError : bars that cannot be used. FitError : training diverged.
        """
        known = load_bars(bars)
        data = make_dataset(known, self.recipe.windows)
        nets = fit_fold(self.recipe, data, 0, len(known), self.engine)
        held_out = held_out_scores(nets, data, (0, len(known)), self.engine)
        first, *later = (held_out.step(k).known() for k in range(self.recipe.windows.horizon))
        self._model = SavedModel(
            fold=nets,
            scores=first,
            later=tuple(later),
            bars=known,
            trained_until=str(known.dates[-1]),
        )
        return self

    def predict(self, bars: Any = None, *, target_date: str | None = None, lang: Lang = "en") -> Tomorrow:
        """The next session's close after the last of `bars`; after the bars it was fitted on without any.

        Raises
        ------
        BarsError : bars of another symbol, older than the fitted ones, or with another history.
        """
        rows, _ = self.predict_steps(bars, target_date=target_date, lang=lang)
        return rows[0]

    def predict_steps(
        self, bars: Any = None, *, target_date: str | None = None, lang: Lang = "en"
    ) -> tuple[tuple[Tomorrow, ...], tuple[Text, ...]]:
        """All K coming closes, and what was done to the bars; parameters and errors as for `predict`."""
        known = self.model.bars
        newer = known if bars is None else load_bars(bars, default_symbol=known.symbol)
        rebased = rebase(newer, known)
        data = make_dataset(rebased.bars, self.recipe.windows)
        prices, quantiles = apart(self.model.fold.quantile_closes(data, data.latest, self.engine), self.recipe)
        dated = replace(newer, exchange=newer.exchange or known.exchange)
        sessions = coming_sessions(dated, self.recipe.windows.horizon, target_date)
        own = None if quantiles is None else quantiles[0]
        rows = forecast_tomorrow(
            self.name, rebased.bars, prices[:, 0], (self.model.scores, *self.model.later), sessions, lang, quantiles=own
        )
        notes = () if rebased.note is None else (rebased.note,)
        return tuple(_rescaled(row, rebased.ratio) for row in rows), notes

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write the fitted model into `folder`, all or nothing; returns it. Raises SettingsError if it exists."""
        path = Path(folder)
        check_free(path, holds="model.json", force=force)
        with beside(path) as partial:
            save_model(self.model, partial)
        return path

    def export(self, file: str | Path, *, force: bool = False) -> Exported:
        """Write the fitted model to `file` as ONNX: raw bars in, the price out; says how close the two are.

        Raises
        ------
        SettingsError : packages that are missing, a recipe without `close`, or a file that exists.
        NextcloseError : the file's prices are not the model's to 1e-5.
        """
        from nextclose.study.export import export_model

        return export_model(self.model, Path(file), force=force)

    @classmethod
    def from_model(cls, model: SavedModel, engine: str = "auto") -> Forecaster:
        """The forecaster of a loaded model."""
        forecaster = cls(model.fold.recipe, engine=engine)
        forecaster._model = model
        return forecaster


def load(folder: str | Path) -> Forecaster | Study | SeriesStudy | SweepResult:
    """What was saved in `folder`: a Forecaster, a Study, a SeriesStudy where the recipe had a series of its own, or the
    result of a sweep.

    Raises
    ------
    SavedRunError : nothing is saved there, or it is damaged, or a newer nextclose wrote it.
    """
    path = Path(folder)
    if is_sweep(path):
        return load_sweep(path)
    if not (path / "study.json").is_file():
        return Forecaster.from_model(load_model(path))
    page = read_page(path / "study.json")
    return load_series_study(page, path) if page.get("kind") == KIND else load_study(path)


def load_of_bars(folder: Path) -> Forecaster | Study:
    """What was saved in `folder`, if it holds nets that forecast closes; errors as for `load`, and SavedRunError where it
    does not."""
    saved = load(folder)
    if isinstance(saved, SeriesStudy):
        raise SavedRunError(
            "the run in '{folder}' is of recipe '{recipe}', which has a series of its own: it has no tomorrow and no bars. "
            "Look at {report}, or give a run on bars.",
            folder=folder,
            recipe=saved.models[0].name,
            report=folder / "report.html",
        )
    if isinstance(saved, SweepResult):
        raise SavedRunError(
            "'{folder}' holds a sweep, which keeps no nets. Fit one of its combinations with nextclose run: --recipe {recipe}, "
            "and its settings with --set.",
            folder=folder,
            recipe=saved.recipe,
        )
    return saved


def _rescaled(row: Tomorrow, ratio: float) -> Tomorrow:
    if ratio == 1.0:
        return row
    scaled = {name: getattr(row, name) * ratio for name in ("yhat", "lo", "hi", "last_close")}
    return replace(row, **scaled)
