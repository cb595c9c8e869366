"""A market, a server that replays it, and commands that may be killed."""

from __future__ import annotations

import pytest
from tests.bars.collect.replay import Replay
from tests.evening.story import Forks, Scene, krx, walks


@pytest.fixture(scope="session")
def forks(tmp_path_factory):
    started = Forks(tmp_path_factory.mktemp("forks"))
    yield started
    started.end()


@pytest.fixture(scope="module", params=["walks", "krx"])
def scene(request, forks, tmp_path_factory):
    """Kept as begun, first, second and third: before the evenings and after each."""
    if request.param == "walks":
        story = walks()
    else:
        story = krx(request.getfixturevalue("shared_data") / "krx_all_2016_2025.parquet")
        assert story.really
    with Replay(story.answers()) as replay:
        made = Scene(story, tmp_path_factory.mktemp("scene"), forks, replay)
        made.begin()
        made.keep("begun")
        yield made
