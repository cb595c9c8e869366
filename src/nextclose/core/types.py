"""Array types and the letters used in shapes.

N windows or bars, L steps in a window (seq_len), F features a step (input_size), H hidden units,
K sessions forecast (horizon), S seeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
Float64s: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Dates: TypeAlias = npt.NDArray[np.datetime64]
Params: TypeAlias = Mapping[str, Floats]
