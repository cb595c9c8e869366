"""The errors of nextclose, one tree.

    NextcloseError            exit status 1: something failed
    ├── NetworkError          a live source could not be reached
    ├── FitError              training diverged or met a bad value
    └── UserError             exit status 2: the input is wrong
        ├── SourceError       a path, symbol or file that cannot be read as bars
        ├── BarsError         bars that were read but are faulty or too few
        │   └── TooFewBarsError
        ├── SettingsError     a recipe, option, setting or date that cannot be met
        ├── ForecastsError    a forecasts table that cannot be judged
        └── SavedRunError     a saved run that is damaged, foreign or from a newer version

A message says what was expected, what was found, and what to do. It is an English template
with named values, so that it can be rendered in another language (`core.lang`).
"""

from __future__ import annotations

from nextclose.core.lang import Lang, say


class NextcloseError(Exception):
    """Base of every error that nextclose raises on purpose.

    Parameters
    ----------
    template : an English sentence with `{named}` places.
    values : what goes into the places.
    """

    exit_status = 1

    def __init__(self, template: str, /, **values: object) -> None:
        self.template = template
        self.values = values
        super().__init__(say(template, **values))

    def message(self, lang: Lang = "en") -> str:
        """The message in `lang`."""
        return say(self.template, lang, **self.values)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.template, self.values))


def _rebuild(kind: type[NextcloseError], template: str, values: dict[str, object]) -> NextcloseError:
    return kind(template, **values)


class NetworkError(NextcloseError):
    """A live source could not be reached or did not answer usefully."""


class FitError(NextcloseError):
    """Training diverged or met a value that is not finite."""


class UserError(NextcloseError):
    """The user's input is wrong; the message says what to do."""

    exit_status = 2


class SourceError(UserError):
    """A path, symbol or file that cannot be read as bars."""


class BarsError(UserError):
    """Bars that were read but are faulty or too few."""


class TooFewBarsError(BarsError):
    """Fewer bars than what is asked of them takes."""


class SettingsError(UserError):
    """A recipe, option, setting or date that cannot be met."""


class ForecastsError(UserError):
    """A forecasts table that cannot be judged."""


class SavedRunError(UserError):
    """A saved run that is damaged, foreign or from a newer version."""
