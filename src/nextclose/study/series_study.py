"""What a run of a recipe with a series of its own leaves: an object, and a folder that is written whole or not at all.

study.json            everything but the arrays
series.parquet        t, y and each seed's one_step and rollout, a row a point; nothing where a first window has no prediction
weights.safetensors   seed0.w_x, seed0.w_h, ..., seed1.w_x, ...
timings.json          seconds, host and process: the only file that differs between two equal runs
report.html           the page
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import numpy as np

from nextclose.core.lang import Lang
from nextclose.core.plain import plain, rebuild, to_json
from nextclose.core.series import SeriesResult
from nextclose.core.types import Float64s, Params
from nextclose.report import write_series
from nextclose.study.saved_model import FORMAT, damage_told, read_weights, write_weights
from nextclose.study.saving import beside, check_free, read_seconds, write_seconds

if TYPE_CHECKING:
    import pandas as pd

KIND = "series"
"""What `study.json` says it is."""
_ARRAYS = ("t", "y", "one_step", "rolled")


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriesStudy(SeriesResult):
    """Frozen results, the fitted nets beside them."""

    nets: tuple[Params, ...]
    """Each seed's weights by canonical name (`core.cells`)."""
    config: dict[str, Any]
    """What decided the numbers; its hash names the default output folder."""

    @property
    def tomorrow(self) -> tuple[()]:
        """Nothing: a formula has no next session."""
        return ()

    @property
    def forecasts(self) -> pd.DataFrame:
        """A row a point as a pandas frame: t, y, one_step and rollout (means of the seeds), then those of each seed."""
        import pandas as pd

        return pd.DataFrame(_columns(self))

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write the study, its nets and its page into `folder`, all or nothing; returns the folder.

        Raises
        ------
        SettingsError : the folder exists and `force` is not given, or cannot be made.
        """
        own = Path(folder)
        check_free(own, force=force)
        with beside(own) as partial:
            _write(self, partial)
        return own

    def report(self, path: str | Path, *, lang: Lang | None = None) -> Path:
        """Write the one-page HTML report to `path`; returns it."""
        return write_series(self, Path(path), lang=lang)


def load_series_study(page: dict[str, Any], folder: Path) -> SeriesStudy:
    """The study whose study.json is `page`; raises SavedRunError where the files beside it are damaged."""
    with damage_told(folder):
        return _read(page, folder)


def _write(study: SeriesStudy, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    page = {"format": FORMAT, "kind": KIND} | {
        field.name: plain(getattr(study, field.name)) for field in fields(SeriesResult) if field.name not in _ARRAYS
    }
    page["models"] = [plain(replace(row, fit_seconds=0.0)) for row in study.models]
    page["config"] = study.config
    (folder / "study.json").write_text(to_json(page), encoding="utf-8")
    write_seconds({row.name: row.fit_seconds for row in study.models}, folder)
    pq.write_table(pa.table(_columns(study)), folder / "series.parquet", compression="zstd")
    write_weights(study.nets, folder)
    study.report(folder / "report.html")


def _columns(study: SeriesResult) -> dict[str, Float64s]:
    lead = np.full(study.seq_len, np.nan)
    columns = {"t": study.t, "y": study.y}
    for name, by_seed in (("one_step", study.one_step), ("rollout", study.rolled)):
        columns[name] = np.concatenate([lead, by_seed.mean(axis=0)])
    for seed in range(len(study.one_step)):
        columns[f"one_step_seed{seed}"] = np.concatenate([lead, study.one_step[seed]])
        columns[f"rollout_seed{seed}"] = np.concatenate([lead, study.rolled[seed]])
    return columns


def _read(page: dict[str, Any], folder: Path) -> SeriesStudy:
    import pyarrow.parquet as pq

    hints = get_type_hints(SeriesResult)
    known = {
        field.name: rebuild(hints[field.name], page[field.name])
        for field in fields(SeriesResult)
        if field.name not in _ARRAYS
    }
    seconds = read_seconds(folder)
    known["models"] = tuple(replace(row, fit_seconds=seconds.get(row.name, 0.0)) for row in known["models"])
    table = pq.read_table(folder / "series.parquet")
    columns: dict[str, Float64s] = {name: table.column(name).to_numpy() for name in table.column_names}
    seeds, lead = range(known["models"][0].fits), int(np.isnan(columns["one_step"]).sum())
    return SeriesStudy(
        **known,
        t=columns["t"],
        y=columns["y"],
        one_step=np.stack([columns[f"one_step_seed{seed}"][lead:] for seed in seeds]),
        rolled=np.stack([columns[f"rollout_seed{seed}"][lead:] for seed in seeds]),
        nets=read_weights(len(seeds), folder),
        config=page["config"],
    )
