"""What was tried on each set of bars, kept from lab to lab: else a restart would make the best of many the best of one.

<data>/envelopes/005930-1f2e3d4c5b6a.tries.npz    beside the envelope's record

format  ()              of this file
keys    (n,) bytes      of the choices whose forecasts were looked at
seen    (m, 16) uint8   marks of the forecasts
drawn   (RESAMPLES,)    the best skill that luck gave in each world of coins
best    ()              the best skill found

Labs that run at once unite what they know whenever one of them writes: keys and marks are united, skills are maxima.
"""

from __future__ import annotations

import logging
import threading
from io import BytesIO
from pathlib import Path

import numpy as np

from nextclose.core.files import locked, replace_bytes
from nextclose.core.lang import Lang, Text
from nextclose.judging.bootstrap import RESAMPLES
from nextclose.judging.luck import MARK, Searched
from nextclose.lab.desk import Desk, Tried
from nextclose.lab.envelope import FOLDER, data_folder, file_name

log = logging.getLogger(__name__)

FORMAT = 1
EVERY = 3.0
"""Seconds between two writes."""
PATIENCE = 2.0
"""Seconds to wait for another lab that writes."""
MOST = 200_000
"""Keys, and marks, that a file holds at most; luck's skills are those of all tries nevertheless."""
KEY = 16
"""Characters of a key."""


class KeptTries:
    """The tries of a lab's desks in the data folder. Nothing is written before the first try, nor in its thread.

    Nothing is raised: what cannot be read or written, for whatever reason, is logged once in `lang`, left as it is, and tried
    again with the next write; the desks go on with what they know.
    """

    def __init__(self, *, lang: Lang = "en", folder: Path | None = None) -> None:
        self._lang, self._folder = lang, folder
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._due: set[Desk] = set()
        self._told: set[str] = set()
        self._thread: threading.Thread | None = None

    def recall(self, desk: Desk) -> None:
        """Let a desk know what was tried on its bars before, and keep what will be."""
        try:
            self._read(desk, self.path(desk))
        except Exception as error:
            self._tell(desk, error)
        desk.on_try = self._note

    def path(self, desk: Desk) -> Path:
        """Where the tries of a desk's bars lie, or will."""
        folder = (self._folder or data_folder()) / FOLDER
        return folder / f"{file_name(desk.whole.symbol, desk.whole.sha256)}.tries.npz"

    def flush(self) -> None:
        """Write what is new."""
        with self._lock:
            due, self._due = self._due, set()
        for desk in due:
            try:
                self._write(desk, self.path(desk))
            except Exception as error:
                with self._lock:
                    self._due.add(desk)
                self._tell(desk, error)

    def close(self) -> None:
        """Write what is new, for the last time."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()

    def _note(self, desk: Desk) -> None:
        with self._lock:
            self._due.add(desk)
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="lab-tries", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            self.flush()

    def _read(self, desk: Desk, path: Path) -> None:
        if path.exists():
            desk.recall(unpacked(path.read_bytes()))

    def _write(self, desk: Desk, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.parent, patience=PATIENCE):
            self._read(desk, path)
            replace_bytes(path, packed(desk.tries))

    def _tell(self, desk: Desk, error: Exception) -> None:
        name = file_name(desk.whole.symbol, desk.whole.sha256)
        soon = isinstance(error, TimeoutError) and not self._stop.is_set()
        if soon or name in self._told:
            return
        self._told.add(name)
        told = isinstance(error, OSError) and error.strerror
        problem = told or f"{type(error).__name__}: {error}"
        line = Text(
            "{symbol}: what is tried cannot be kept in '{name}.tries.npz' of the lab's data folder ({problem}), so the lab "
            "counts what it sees itself. Move that file away, or set NEXTCLOSE_DATA to a folder that can be written.",
            symbol=desk.whole.symbol,
            name=name,
            problem=problem,
        )
        log.warning("%s", line.render(self._lang))


def packed(tries: Tried) -> bytes:
    """The bytes of a file."""
    keys, seen = sorted(tries.keys)[:MOST], sorted(tries.searched.seen)[:MOST]
    content = BytesIO()
    np.savez(
        content,
        format=np.int64(FORMAT),
        keys=np.array(keys, dtype=f"S{KEY}"),
        seen=np.frombuffer(bytearray().join(seen), dtype=np.uint8).reshape(-1, MARK),
        drawn=tries.searched.drawn,
        best=np.float64(tries.searched.best),
    )
    return content.getvalue()


def unpacked(content: bytes) -> Tried:
    """What `packed` packed. Raises ValueError, or what numpy raises, for anything else."""
    with np.load(BytesIO(content)) as file:
        if file["format"] != FORMAT:
            raise ValueError(f"format {file['format']}, expected {FORMAT}")
        keys, seen, drawn, best = (file[name] for name in ("keys", "seen", "drawn", "best"))
    shapes = (keys.ndim, seen.ndim, seen.shape[1:], drawn.shape, best.shape)
    kinds = (keys.dtype.kind, seen.dtype, drawn.dtype, best.dtype)
    if shapes != (1, 2, (MARK,), (RESAMPLES,), ()) or kinds != ("S", np.uint8, np.float64, np.float64):
        raise ValueError(f"arrays of shapes {shapes} and kinds {kinds}")
    if not (np.isfinite(drawn).all() and np.isfinite(best)):
        raise ValueError(f"skills {drawn.min()}, {drawn.max()}, {best}")
    marks = seen.tobytes()
    known = frozenset(marks[start : start + MARK] for start in range(0, len(marks), MARK))
    searched = Searched(drawn=drawn, best=float(best), seen=known)
    return Tried(keys=frozenset(key.decode("ascii") for key in keys.tolist()), searched=searched)
