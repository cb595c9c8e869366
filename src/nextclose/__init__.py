"""Tomorrow's close from daily bars, judged against 'tomorrow = today' and explained number by number.

    import nextclose as nc
    bars = nc.load_bars("prices.csv")
    study = nc.run(bars, recipes=["tutorial", "default"])
    study.models, study.tomorrow

Names are loaded when they are first used: a bare import loads neither torch, pandas nor a plotting library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nextclose.bars import load_bars as load_bars
    from nextclose.bars.bars import Bars as Bars
    from nextclose.core.sweep import SweepResult as SweepResult
    from nextclose.lab.notebook import lab as lab
    from nextclose.study.explain import explain as explain
    from nextclose.study.forecaster import Forecaster as Forecaster
    from nextclose.study.forecaster import load as load
    from nextclose.study.future_test import future_test as future_test
    from nextclose.study.judging import judge as judge
    from nextclose.study.run import run as run
    from nextclose.study.sklearn import SklearnForecaster as SklearnForecaster
    from nextclose.study.study import Study as Study
    from nextclose.study.sweep import sweep as sweep
    from nextclose.study.trading import trade as trade
    from nextclose.study.walk_forward import WalkForward as WalkForward
    from nextclose.study.walk_forward import walk_forward as walk_forward
    from nextclose.windows import make_windows as make_windows

__version__ = "0.1.0"

_HOMES = {
    "Bars": "nextclose.bars.bars",
    "Forecaster": "nextclose.study.forecaster",
    "SklearnForecaster": "nextclose.study.sklearn",
    "Study": "nextclose.study.study",
    "SweepResult": "nextclose.core.sweep",
    "WalkForward": "nextclose.study.walk_forward",
    "explain": "nextclose.study.explain",
    "future_test": "nextclose.study.future_test",
    "judge": "nextclose.study.judging",
    "lab": "nextclose.lab",
    "load": "nextclose.study.forecaster",
    "load_bars": "nextclose.bars",
    "make_windows": "nextclose.windows",
    "run": "nextclose.study.run",
    "sweep": "nextclose.study.sweep",
    "trade": "nextclose.study.trading",
    "walk_forward": "nextclose.study.walk_forward",
}

__all__ = [
    "Bars",
    "Forecaster",
    "SklearnForecaster",
    "Study",
    "SweepResult",
    "WalkForward",
    "__version__",
    "explain",
    "future_test",
    "judge",
    "lab",
    "load",
    "load_bars",
    "make_windows",
    "run",
    "sweep",
    "trade",
    "walk_forward",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nextclose' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
