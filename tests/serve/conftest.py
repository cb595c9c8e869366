"""A ledger of three evenings, and the API over it."""

from __future__ import annotations

import pytest
from tests.serve.asking import Api, three_evenings


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """Forecasts of three evenings, two of them scored; not to be changed."""
    return three_evenings(tmp_path_factory.mktemp("ledger") / "run")


@pytest.fixture(scope="module")
def api(ledger):
    return Api(ledger.folder.parent)


@pytest.fixture
def own(tmp_path):
    """The same ledger, for a test that changes it."""
    return three_evenings(tmp_path / "run")
