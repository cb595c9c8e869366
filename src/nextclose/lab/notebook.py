"""A lab that is opened from Python: in a notebook it is shown below the cell."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from nextclose.core.errors import SettingsError
from nextclose.core.lang import LANGS, Lang
from nextclose.lab.serve import Lab, open_lab

SOURCE = "sample:AAPL"
HEIGHT = 780
"""Pixels of the frame in a notebook."""


def lab(
    source: Any = None,
    *,
    port: int | None = None,
    height: int = HEIGHT,
    exchange: str | None = None,
    faults: str = "raise",
    lang: Lang = "en",
) -> Lab:
    """Open the live lab on some bars, in a thread of this process, and show it where this is a notebook.

    The browser must run on the machine that this runs on, or see its port. Other pages and users cannot look: the address
    holds a token.

    Parameters
    ----------
    source : a SOURCE such as "prices.csv" or "sample:AAPL", a table, or Bars; sample:AAPL without any.
    port : 8471 or the next free one where it is None.
    height : pixels of the frame in a notebook.

    Returns
    -------
    Lab : with `url`, and `close()`, which ends it; the end of Python does too.

    Raises
    ------
    UserError : bars that cannot be had, or the extra `lab` is not installed.
    """
    if lang not in LANGS:
        raise SettingsError("unknown language '{lang}': expected en or ko", lang=lang)
    opened = open_lab(
        SOURCE if source is None else source, port=port, exchange=exchange, faults=faults, lang=lang, framed=True
    )
    if in_notebook():
        shown: Any = import_module("IPython.display")
        shown.display(shown.IFrame(opened.url, "100%", height, extras=['allow="clipboard-write"']))
    return opened


def in_notebook() -> bool:
    """Whether what is displayed lands in a notebook; IPython is not imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None
