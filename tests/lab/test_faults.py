"""Faults as choices: which are on, and choices without them."""

from __future__ import annotations

import pytest

from nextclose.core.errors import SettingsError
from nextclose.lab.choices import SWITCHES, read_choices
from nextclose.lab.faults import FAULTS, mended, switched_on, with_fault


def test_every_switch_is_some_faults():
    assert set(SWITCHES) <= set(FAULTS)
    assert all(name in sets for name, sets in FAULTS.items())


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_fault_can_be_switched_on_and_mended(name):
    plain = read_choices({"lr": "0.02"})
    faulty = with_fault(plain, name)
    assert switched_on(faulty) == (name,)
    assert not faulty.plain
    assert mended(faulty).key == plain.key


def test_several_are_mended_at_once_and_the_rest_is_kept():
    faulty = read_choices({"leak": "on", "pick": "best", "seeds": "20", "hidden_size": "3", "h0": "random"})
    assert switched_on(faulty) == ("leak", "pick")
    assert mended(faulty).values == {"hidden_size": "3", "h0": "random"}


def test_seeds_of_ones_own_stay_where_none_is_picked():
    assert mended(read_choices({"seeds": "7", "leak": "on"})).recipe.seeds == 7


def test_a_fault_that_the_cell_cannot_have_says_so():
    with pytest.raises(SettingsError, match="cell=mlp"):
        with_fault(read_choices({"recipe": "mlp"}), "h0")
