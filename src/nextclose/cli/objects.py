"""Objects that a user names as MODULE:OBJECT."""

from __future__ import annotations

import sys
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

from nextclose.core.errors import SettingsError


def find_object(wish: str) -> Any:
    """What `package.module:object` names, an instance of it where that is a class; a name without a colon as it is.

    Modules are looked for in the current folder first.

    Raises
    ------
    SettingsError : no such module or object, or one that fails when it is imported or made.
    """
    module, colon, path = wish.partition(":")
    if not colon:
        return wish
    if not module or not path:
        raise SettingsError("expected MODULE:OBJECT, such as mymodel:forecaster, got '{got}'", got=wish)
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = reduce(getattr, path.split("."), import_module(module))
        return found() if isinstance(found, type) else found
    except (Exception, SystemExit) as error:
        raise SettingsError(
            "'{wish}' cannot be had: {kind}: {error}. Expected MODULE:OBJECT, found from the current folder {folder}.",
            wish=wish,
            kind=type(error).__name__,
            error=error,
            folder=Path.cwd(),
        ) from error
    finally:
        sys.path.pop(0)
