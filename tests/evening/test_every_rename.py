"""The third evening, ended before each of its renames in turn, and started again."""

from __future__ import annotations

import os

import pytest
from tests.bars.collect.replay import Replay
from tests.evening.story import Scene, walks

from nextclose.market.evening import EveningWishes, run_evening
from nextclose.market.ledger.chain import Ledger

pytestmark = pytest.mark.slow


class Ended(BaseException):
    """Nobody catches it."""


@pytest.fixture
def scene(forks, tmp_path):
    """On walks, before its third evening."""
    story = walks()
    with Replay(story.answers()) as replay:
        made = Scene(story, tmp_path, forks, replay)
        made.begin()
        made.mend()
        for row in (-4, -3):
            here(made, row)
        made.keep("second")
        yield made


def here(scene, row):
    """An evening in this process."""
    return run_evening(scene.run, EveningWishes(as_of=scene.story.days[row], workers=0))


def ending(patched, at):
    """Ends the process, as it were, instead of its rename after the first `at`; counts them."""
    count = [0]

    def wrap(rename):
        def renamed(*given, **named):
            count[0] += 1
            if count[0] > at:
                raise Ended
            return rename(*given, **named)

        return renamed

    patched.setattr(os, "replace", wrap(os.replace))
    patched.setattr(os, "rename", wrap(os.rename))
    return count


def test_it_ends_the_same(scene, monkeypatch):
    with monkeypatch.context() as patched:
        count = ending(patched, 10_000)
        here(scene, -1)
    undisturbed = scene.state()
    assert count[0] > 10
    for at in range(count[0]):
        scene.back("second")
        with monkeypatch.context() as patched:
            ending(patched, at)
            with pytest.raises(Ended):
                here(scene, -1)
        here(scene, -1)
        assert scene.state() == undisturbed, at
        Ledger.open(scene.run)
