from __future__ import annotations

import re

import numpy as np
import pytest
from tests.report.conftest import make_ladder

from nextclose.report.ladder import ladder_parts
from nextclose.report.sketch import HEIGHT, WIDTH, sketch
from nextclose.report.strip import Scale, bar


def test_a_logarithmic_scale_puts_equal_ratios_at_equal_distances():
    scale = Scale(low=0.5, high=8.0, log=True)
    assert [scale.percent(value) for value in (0.5, 1.0, 2.0, 8.0)] == pytest.approx([0.0, 25.0, 50.0, 100.0])


def test_a_mark_never_leaves_its_strip():
    scale = Scale(low=0.0, high=10.0)
    assert (scale.percent(-5.0), scale.percent(50.0)) == (0.0, 100.0)
    assert Scale(low=3.0, high=3.0).percent(3.0) == 50.0


def test_a_bar_runs_from_its_lower_to_its_higher_end():
    assert 'style="left:20.00%;width:30.00%"' in bar(Scale(low=0.0, high=10.0), 5.0, 2.0, "x")


def test_a_rung_shows_its_median_seed_and_every_seed():
    ladder = make_ladder("x")
    page = "".join(ladder_parts(ladder, "en"))
    assert [rung.typical for rung in ladder.rungs] == [3.0, 1.2, 1.02, 1.01, 1.0, 1.0, 1.0]
    assert page.count('class="ring"') == sum(len(rung.rmse_ratio_by_seed) for rung in ladder.rungs)
    assert page.count('<li class="decisive">') == 1
    assert page.index("The rung that matters.") < page.index('class="ladder"')


def test_the_ladders_ticks_hold_persistence_and_do_not_touch():
    page = "".join(ladder_parts(make_ladder("x"), "en"))
    (ticks,) = re.findall(r'class="ticks".*?</li>', page)
    assert ">1</span>" in ticks
    places = sorted(float(place) for place in re.findall(r"left:([\d.]+)%", ticks))
    assert np.diff(places).min() >= 8.9


def test_a_sketch_spans_its_box_and_leaves_gaps_out():
    drawn = sketch([("red", np.array([1.0, np.nan, 3.0]))])
    assert f'points="0.0,{HEIGHT:.1f} {WIDTH:.1f},0.0"' in drawn
    assert sketch([("red", np.array([np.nan]))]) == ""
