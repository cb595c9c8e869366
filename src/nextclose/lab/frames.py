"""Frames: what the lab sends a page, as one binary message.

    bytes 0..3      length of the header, little-endian
    then            the header, JSON in UTF-8, padded with spaces to a multiple of 8
    then            the arrays one after the other, each padded likewise

header = {"topic", "id", ..., "arrays": [[name, type, shape, offset], ...]}; offsets count from the first array.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

TYPES = {"f4": np.float32, "f8": np.float64, "i4": np.int32}
"""Numbers are sent as f4, those that a reader compares digit by digit as f8, rows as i4."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """One piece of an answer."""

    header: Mapping[str, Any]
    """Plain values; NaN becomes null."""
    arrays: Mapping[str, npt.ArrayLike] = field(default_factory=dict)
    """Whole numbers are sent as i4, others as f4."""
    exact: tuple[str, ...] = ()
    """Arrays that are sent as f8."""


def pack(frame: Frame, **more: Any) -> bytes:
    """The frame as bytes; `more` joins the header."""
    places, pieces, at = [], [], 0
    for name, values in frame.arrays.items():
        kind = _kind(name, np.asarray(values), frame.exact)
        array = np.ascontiguousarray(values, dtype=TYPES[kind])
        places.append([name, kind, array.shape, at])
        pieces.append(_padded(array.tobytes()))
        at += len(pieces[-1])
    told = plain({**frame.header, **more, "arrays": places})
    text = json.dumps(told, ensure_ascii=False, allow_nan=False).encode(errors="replace")
    text += b" " * (-(len(text) + 4) % 8)
    return b"".join([struct.pack("<I", len(text)), text, *pieces])


def unpack(message: bytes) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Header and arrays of what `pack` made."""
    length = struct.unpack_from("<I", message)[0]
    header = json.loads(message[4 : 4 + length])
    arrays = {}
    for name, kind, shape, offset in header["arrays"]:
        count = math.prod(shape)
        arrays[name] = np.frombuffer(message, TYPES[kind], count, 4 + length + offset).reshape(shape)
    return header, arrays


def plain(value: Any) -> Any:
    """The value as JSON can hold it: NaN and infinities become null, arrays lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _kind(name: str, values: npt.NDArray[Any], exact: tuple[str, ...]) -> str:
    if name in exact:
        return "f8"
    return "i4" if np.issubdtype(values.dtype, np.integer) else "f4"


def _padded(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % 8)
