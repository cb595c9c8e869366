"""The live lab: a page on which every change of a setting trains the net anew, and every number in it can be looked at.

The package can be called: `nextclose.lab(bars)` opens a lab from Python, inside a notebook as a part of it.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nextclose.lab.serve import Lab


class _Callable(ModuleType):
    """A package that is also what one does with it."""

    def __call__(self, source: Any = None, **options: Any) -> Lab:
        """Open a lab on some bars: `nextclose.lab.notebook.lab`."""
        from nextclose.lab.notebook import lab as open_

        return open_(source, **options)


sys.modules[__name__].__class__ = _Callable
lab = sys.modules[__name__]
"""The package itself, as `nextclose.lab` is looked up by name."""
