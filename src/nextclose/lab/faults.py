"""The faults that people commit, each one or more of the lab's choices."""

from __future__ import annotations

from collections.abc import Mapping

from nextclose.lab.choices import CARRIED, Choices, read_choices

FAULTS: dict[str, Mapping[str, str]] = {
    "leak": {"leak": "on"},
    "scaler": {"scaler": "everything"},
    "split": {"split": "shuffled"},
    "pick": {"pick": "best", "seeds": "20"},
    "days": {"days": "shuffled"},
    "axes": {"axes": "reshape"},
    "h0": {"h0": CARRIED},
}
"""What each sets; it is on where its first choice, which has its name, has that value."""


def switched_on(choices: Choices) -> tuple[str, ...]:
    """The names of the faults that are on."""
    return tuple(name for name, sets in FAULTS.items() if choices.values.get(name) == sets[name])


def mended(choices: Choices) -> Choices:
    """The same without any fault; what a fault had set is as the recipe has it."""
    undone = {key for name in switched_on(choices) for key in FAULTS[name]}
    return read_choices({key: value for key, value in choices.values.items() if key not in undone})


def with_fault(choices: Choices, name: str) -> Choices:
    """The same with one fault more. Raises SettingsError where the settings cannot have it."""
    return choices.changed(**FAULTS[name])
