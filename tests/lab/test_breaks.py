"""Breaking it on purpose: what each fault does, and whether the judge notices."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import walk_bars

from nextclose.core.errors import SettingsError
from nextclose.judging.row import ALARM
from nextclose.lab.breaks import SHOWN, answer
from nextclose.lab.choices import read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.experiment import experiment
from nextclose.lab.faults import FAULTS
from nextclose.lab.found import compare, luck_of
from nextclose.lab.job import Job, StaleError
from nextclose.lab.spec import page_spec

RETURN = {"recipe": "default", "epochs": "60", "seeds": "2", "hidden_size": "6", "patience": "none", "lr": "0.02"}
"""A net that learns what it is shown, quickly."""


@pytest.fixture(scope="module")
def desk():
    return Desk(walk_bars(400, seed=3))


def _answer(desk, lang="en", **values):
    return list(answer(desk, read_choices(values), {}, Job(lambda: True, lambda: True, lang)))


def _rows(frames):
    return {frame.header["name"]: frame for frame in frames if frame.header["part"] == "row"}


@pytest.fixture(scope="module")
def frames(desk):
    return _answer(desk, **RETURN)


def test_the_honest_row_comes_first_and_each_fault_follows(frames):
    assert [frame.header.get("name") for frame in frames] == ["honest", *FAULTS, None]
    assert frames[-1].header == {"part": "done"}


def test_the_honest_row_alone_is_a_try(tmp_path, monkeypatch):
    monkeypatch.setenv("NEXTCLOSE_DATA", str(tmp_path))
    frames = _answer(Desk(walk_bars(400, seed=3)), **RETURN)
    told = {name: frame.header.get("tally") for name, frame in _rows(frames).items()}
    assert told.pop("honest")["tried"] == 1
    assert set(told.values()) == {None}


def test_a_row_is_the_experiment_of_these_choices(desk, frames):
    for name, row in _rows(frames).items():
        found = experiment(desk, read_choices(RETURN | dict(FAULTS.get(name, {}))))
        assert row.header["skill"] == found.skill
        assert (row.header["skill_lo"], row.header["skill_hi"]) == found.interval()
        np.testing.assert_array_equal(row.arrays["yhat"], found.yhat[-SHOWN:])
        np.testing.assert_array_equal(desk.bars.close[row.arrays["rows"]], row.arrays["y"])


def test_a_leak_sets_off_the_alarm_and_is_judged_a_session_off(frames):
    leak = _rows(frames)["leak"].header
    assert leak["skill"] > 0.5
    assert leak["alarm"]
    assert leak["outcome"] == "better"
    assert "look for a leak or a date off by one" in leak["sentence"]
    assert "No alarm" not in leak["found"]
    assert [shift for shift, _, _ in leak["rejudged"]] == [-1, 1]
    assert all(n == leak["n"] - 1 and skill < ALARM + 0.2 for _, n, skill in leak["rejudged"])


def test_a_scaler_that_is_none_changes_nothing(frames):
    scaler = _rows(frames)["scaler"].header
    assert scaler["outcome"] == "same"
    assert "nothing" in scaler["found"]
    assert not scaler["alarm"]


def test_other_sessions_are_not_tested_session_by_session(frames):
    assert "other sessions" in _rows(frames)["split"].header["found"]


def test_the_best_seed_stands_beside_luck(desk, frames):
    pick = _rows(frames)["pick"].header
    found = experiment(desk, read_choices(RETURN | dict(FAULTS["pick"])))
    luck = luck_of(found)
    assert luck.count == 20
    assert pick["luck"]["typical"] == luck.typical <= luck.seldom == pick["luck"]["seldom"]
    assert pick["seeds"] == 20


def test_a_fault_is_on_alone_in_its_row_and_with_the_others_in_the_last(desk):
    both = {**RETURN, "leak": "on", "days": "shuffled"}
    rows = _rows(_answer(desk, **both))
    assert rows["honest"].header["skill"] == experiment(desk, read_choices(RETURN)).skill
    assert rows["leak"].header["skill"] == experiment(desk, read_choices(RETURN | {"leak": "on"})).skill
    assert rows["together"].header["skill"] == experiment(desk, read_choices(both)).skill


def test_what_cannot_be_broken_so_says_why(desk):
    rows = _rows(_answer(desk, recipe="mlp", epochs="5", seeds="1"))
    assert "cell=mlp" in rows["h0"].header["problem"]


def test_a_net_that_cannot_use_the_answer_is_told_and_another_offered(desk):
    notes = [frame.header for frame in _answer(desk, recipe="tutorial", epochs="2") if frame.header["part"] == "note"]
    assert len(notes) == 1
    assert notes[0]["recipe"] == "tutorial-return"
    assert notes[0]["skill"] < 0.0


def test_no_note_where_the_leak_shows(frames):
    assert all(frame.header["part"] != "note" for frame in frames)


def test_nobody_waits_any_more(desk):
    wanted = [True]
    running = answer(desk, read_choices(RETURN), {}, Job(lambda: True, lambda: wanted[0], "en"))
    next(running)
    wanted[0] = False
    with pytest.raises(StaleError):
        next(running)


def test_worse_and_open_are_told_apart(desk):
    plain = experiment(desk, read_choices(RETURN))
    bad = experiment(desk, read_choices({"recipe": "tutorial", "epochs": "2", "context": "before"}))
    assert compare(plain, bad).outcome == "worse"
    assert compare(bad, plain).outcome == "better"
    assert compare(plain, plain).outcome == "same"
    near = experiment(desk, read_choices(RETURN | {"seeds": "3"}))
    assert compare(plain, near).outcome == "open"


def test_the_last_row_can_be_asked_for_alone(desk):
    both = read_choices({**RETURN, "leak": "on", "days": "shuffled"})
    frames = list(answer(desk, both, {"only": "together"}, Job(lambda: True, lambda: True, "en")))
    assert [frame.header.get("name") for frame in frames] == ["honest", "together", None]
    with pytest.raises(SettingsError, match="only"):
        next(answer(desk, both, {"only": ["leak"]}, Job(lambda: True, lambda: True, "en")))


def test_faults_that_are_shown_as_such_are_no_tries():
    desk = Desk(walk_bars(400, seed=4))
    _answer(desk, **RETURN, leak="on", days="shuffled")
    assert desk.tried == desk.luck.count == 1


def test_the_page_knows_every_fault():
    assert page_spec("", "en")["faults"] == FAULTS
