"""What the live lab calls at every move loads no frames."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import numpy as np
from nextclose.core.forecasts import Forecasts
from nextclose.judging.judge import judge

rng = np.random.default_rng(0)
close = 100.0 + np.cumsum(rng.standard_normal(251))
days = np.datetime64("2024-01-01") + np.arange(251)
made = Forecasts.make({"symbol": "A", "model": "m", "origin": days[:-1], "target_date": days[1:],
                       "yhat": close[:-1] + rng.standard_normal(250), "last_close": close[:-1], "y": close[1:]})
judged = judge(made)
print(judged.models[0].n, [name for name in ("pandas", "pyarrow", "arch", "statsmodels", "scipy.stats") if name in sys.modules])
"""


def test_judging_one_model_loads_neither_frames_nor_the_heavy_tests():
    assert subprocess.check_output([sys.executable, "-c", CODE], text=True).split(maxsplit=1) == ["250", "[]\n"]
