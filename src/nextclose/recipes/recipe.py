"""A recipe: everything that turns bars into forecasts, under one name."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from nextclose.core.cells import TRANSFORMER
from nextclose.core.errors import SettingsError
from nextclose.core.settings import MASK_SHARE, NetSettings, Problems, TrainingSettings, WindowSettings
from nextclose.core.suggest import did_you_mean

LADDER = ("tutorial", "tutorial-converged", "tutorial-return", "tutorial-no-memory", "tutorial-mlp")
"""From the tutorial towards persistence, one change a rung; ridge and persistence follow as baselines."""

SPANS = ("train_start", "validation_start", "test_start", "test_end")
"""A recipe's own spans."""
READING = (
    *LADDER, "default", "quantile", "mlp", "gru", "lstm", "rnn-stacked", "rnn-bidirectional", "many-to-many", "seq2seq",
    "seq2seq-attention", "transformer", "bert", "bert-scratch", "lstm-3day", "lstm-log", "trigonometric",
)  # fmt: skip
"""Every recipe in the order in which they are best read: a summary may speak of the one before."""
OWN = ("seeds", "refit_every", "train_sessions", *SPANS)
"""A recipe's settings that belong to no group."""
GROUPS: dict[str, type[WindowSettings | NetSettings | TrainingSettings]] = {
    "windows": WindowSettings,
    "net": NetSettings,
    "training": TrainingSettings,
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One named, frozen configuration."""

    name: str
    """What `--recipe` takes."""
    summary: str
    """One sentence."""
    seeds: int = 5
    """Nets that differ in their random start; their forecasts are averaged."""
    refit_every: int = 21
    """Sessions that one fit serves; 0 fits once."""
    train_sessions: int | None = None
    """Latest sessions that a fold trains on (a rolling span); none takes all since the train span's start (expanding)."""
    train_start: str | None = None
    """First date of the recipe's own train span, where it comes with spans and the bars cover them."""
    validation_start: str | None = None
    """First date of the sessions that validate instead of training; none takes the latest share, `validation`."""
    test_start: str | None = None
    """First date of its test span; training ends before."""
    test_end: str | None = None
    """Last date of its test span."""
    windows: WindowSettings = field(default_factory=WindowSettings)
    net: NetSettings = field(default_factory=NetSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    series: str | None = None
    """Name of the series that it has instead of bars (`windows.series`); no setting that can be changed."""

    def __post_init__(self) -> None:
        problems = Problems()
        problems.at_least("seeds", self.seeds, 1)
        problems.at_least("refit_every", self.refit_every, 0)
        if self.train_sessions is not None:
            problems.at_least("train_sessions", self.train_sessions, 1)
        self._check_spans(problems)
        self._check_together(problems)
        problems.raise_any()

    @property
    def every_step(self) -> bool:
        """Whether the net is taught a session at every step of the window."""
        return self.net.head == "every-step"

    @property
    def spans(self) -> dict[str, str]:
        """Its own spans, by name; nothing where it has none."""
        found = {name: getattr(self, name) for name in SPANS}
        return {name: date for name, date in found.items() if date is not None}

    @property
    def validates_from(self) -> str | None:
        """First date of the sessions that validate, where they have a span of their own: it would stand still under refits."""
        return self.validation_start if self.training.validation > 0.0 and not self.refit_every else None

    def spans_taken(self) -> dict[str, str]:
        """Its own spans without the start of a validation that does not take place."""
        left_out = set() if self.validates_from else {"validation_start"}
        return {name: date for name, date in self.spans.items() if name not in left_out}

    def without_spans(self) -> Recipe:
        """The recipe for bars that its own spans do not fit."""
        return replace(self, train_start=None, validation_start=None, test_start=None, test_end=None)

    def _check_spans(self, problems: Problems) -> None:
        for name, date in self.spans.items():
            try:
                written = dt.date.fromisoformat(date).isoformat() == date
            except (TypeError, ValueError):
                written = False
            if not written:
                problems.add("{name}: expected a date such as 2023-04-01, got '{got}'", name=name, got=date)
        dates = [date for date in (self.train_start, self.validation_start, self.test_start, self.test_end) if date]
        if not problems.found and dates != sorted(dates):
            problems.add("the recipe's own spans run backwards: {dates}", dates=", ".join(dates))

    def _check_together(self, problems: Problems) -> None:
        """What concerns two groups of settings."""
        pinball = self.training.loss == "pinball"
        if pinball and self.windows.strategy == "recursive" and self.windows.horizon > 1:
            problems.add("loss=pinball has no quantiles of a close that follows a forecast one: use strategy=direct")
        if pinball and (self.net.decoder != "none" or self.every_step):
            problems.add("loss=pinball goes with decoder=none and head linear or batchnorm")
        if self.every_step and self.windows.outputs > 1:
            problems.add("head=every-step is taught one session a step: use horizon=1 or strategy=recursive")
        training = self.training
        if training.pretrain_epochs and self.net.cell != TRANSFORMER:
            problems.add("pretrain_epochs belongs to cell=transformer, got cell={cell}", cell=self.net.cell)
        if training.pretrain_epochs and self.net.init.endswith(".json"):
            problems.add("pretrain_epochs starts from drawn weights, not from those of '{file}'", file=self.net.init)
        if not training.pretrain_epochs and (training.pretrain_bars or training.mask_share != MASK_SHARE):
            problems.add("mask_share and pretrain_bars belong to pretrain_epochs above 0")
        if training.teacher_forcing != 1.0 and self.net.decoder == "none":
            problems.add("teacher_forcing belongs to a decoder, got decoder=none")

    def settings(self) -> dict[str, Any]:
        """Every setting by its plain name, as JSON can hold it."""
        flat: dict[str, Any] = {name: getattr(self, name) for name in OWN}
        for group in GROUPS:
            flat |= asdict(getattr(self, group))
        if self.series is not None:
            flat["series"] = self.series
        return {name: list(value) if isinstance(value, tuple) else value for name, value in flat.items()}

    @classmethod
    def from_settings(cls, name: str, summary: str, settings: Mapping[str, Any]) -> Recipe:
        """The recipe that `settings()` described. Raises SettingsError for a name it does not know."""
        left: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()
        }
        own: dict[str, Any] = {key: left.pop(key) for key in (*OWN, "series") if key in left}
        groups: dict[str, Any] = {}
        for group, kind in GROUPS.items():
            known = {field.name for field in fields(kind)}
            groups[group] = kind(**{key: left.pop(key) for key in tuple(left) if key in known})
        if left:
            unknown = next(iter(left))
            raise unknown_setting(unknown)
        return cls(name=name, summary=summary, **own, **groups)


def setting_names() -> tuple[str, ...]:
    """Every name that `--set` takes."""
    groups = [field.name for kind in GROUPS.values() for field in fields(kind)]
    return (*OWN, *groups)


def unknown_setting(name: str) -> SettingsError:
    """The error for a setting that does not exist."""
    return SettingsError(
        "unknown setting '{name}'.{hint} The settings are: {known}",
        name=name,
        hint=did_you_mean(name, setting_names()),
        known=", ".join(setting_names()),
    )


def recipe_names() -> tuple[str, ...]:
    """Names of all recipes, in alphabetical order."""
    return tuple(sorted(page.name[:-5] for page in files("nextclose.recipes").iterdir() if page.name.endswith(".toml")))


def all_recipes() -> tuple[Recipe, ...]:
    """Every recipe, in the order in which they are best read."""
    return tuple(load_recipe(name) for name in READING)


def load_recipe(name: str) -> Recipe:
    """The recipe called `name`, or the one in a file NAME.toml. Raises SettingsError for an unknown one."""
    if name.endswith(".toml"):
        from nextclose.recipes.file import read_recipe

        return read_recipe(Path(name))
    return _built_in(name)


@cache
def _built_in(name: str) -> Recipe:
    if name not in recipe_names():
        raise SettingsError(
            "unknown recipe '{name}': expected one of {known}.{hint}",
            name=name,
            known=", ".join(("ladder", *recipe_names())),
            hint=did_you_mean(name, ("ladder", *recipe_names())),
        )
    page = _page(name)
    base = load_recipe(page["base"]).settings() if "base" in page else {}
    series = {"series": page["series"]} if "series" in page else {}
    return Recipe.from_settings(name, page["summary"], base | series | page.get("settings", {}))


def market_recipe(name: str) -> Recipe:
    """The recipe as it is fitted to a whole market at once: with the settings that it changes there, if any.

    Raises SettingsError for an unknown one.
    """
    own = load_recipe(name)
    if name.endswith(".toml"):
        return own
    page = _page(name)
    base = market_recipe(page["base"]).settings() if "base" in page else own.settings()
    return Recipe.from_settings(name, own.summary, base | page.get("settings", {}) | page.get("market", {}))


def _page(name: str) -> dict[str, Any]:
    return tomllib.loads((files("nextclose.recipes") / f"{name}.toml").read_text(encoding="utf-8"))
