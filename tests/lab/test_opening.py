"""Opening the envelope: judged once on what nobody saw, recorded before it is shown."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.bars.bars import Finding
from nextclose.core.errors import SettingsError
from nextclose.core.lang import LANGS
from nextclose.judging.metrics import skill
from nextclose.lab.choices import SWITCHES, read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.envelope import Record
from nextclose.lab.experiment import experiment
from nextclose.lab.frames import pack, unpack
from nextclose.lab.job import Job, StaleError
from nextclose.lab.opening import CHEATS, Unsealed
from nextclose.lab.topics import TOPICS

FEW = {"epochs": "20", "seeds": "2"}


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NEXTCLOSE_DATA", str(tmp_path))


@pytest.fixture
def desk(bars):
    return Desk(bars)


def asked(topic, desk, *, lang="en", alive=True, newest=True, **choices):
    """Header and arrays of every frame, as a page gets them."""
    frames = TOPICS[topic](desk, read_choices(FEW | choices), {}, Job(lambda: alive, lambda: newest, lang))
    return [unpack(pack(frame)) for frame in frames]


def test_a_sealed_envelope_tells_nothing_of_what_is_in_it(desk):
    ((header, arrays),) = asked("envelope", desk)
    assert (header["looks"], header["known"], header["unreadable"]) == ([], 0, [])
    assert arrays == {}


def test_the_bars_on_the_table_tell_nothing_of_sealed_sessions(desk):
    whole = desk.whole
    sealed = slice(desk.explored, None)
    other = {name: getattr(whole, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for values in other.values():
        values[sealed] *= 2.0
    doubled = Finding(
        kind="jump", severity="note", action="kept", count=1, dates=(str(whole.dates[-1]),), text="the close doubled"
    )
    ((header, arrays),) = asked("bars", desk)
    ((told, same),) = asked("bars", Desk(replace(whole, **other, findings=(doubled,))))
    assert told == header
    assert "arrays" in header
    for name, values in arrays.items():
        np.testing.assert_array_equal(same[name], values)


def test_it_is_opened_once_and_then_already_seen(desk):
    ((header, arrays),) = asked("open", desk)
    assert [look["mark"] for look in header["looks"]] == ["first look"]
    assert arrays["close"].shape == arrays["days"].shape == (75,)
    ((header, _),) = asked("open", desk, lr="0.01")
    assert [look["mark"] for look in header["looks"]] == ["first look", "already seen"]
    ((header, arrays),) = asked("envelope", Desk(desk.whole), lang="ko")
    assert [look["mark"] for look in header["looks"]] == ["처음 봄", "이미 봄"]
    np.testing.assert_allclose(arrays["close"], desk.whole.close[225:], rtol=1e-6)


def test_the_look_is_what_run_says_of_the_sealed_quarter(desk, bars):
    """Fitted up to the seal, judged on every session behind it: the numbers of `nextclose run` on these spans."""
    study = nc.run(
        replace(bars, exchange="XNYS"), recipes=["default"], test_start=str(bars.dates[225]), test_end=str(bars.dates[-1]),
        settings={"epochs": 20, "seeds": 2, "refit_every": 0},
    )  # fmt: skip
    (row,) = (row for row in study.models if row.name == "default")
    ((header, arrays),) = asked("open", desk, recipe="default")
    (look,) = header["looks"]
    for name in ("n", "skill", "skill_lo", "skill_hi", "verdict"):
        assert look[name] == getattr(row, name), name
    assert look["n"] == len(arrays["yhat"]) == 75
    assert arrays["rows"].tolist() == list(range(225, 300))


def test_training_starts_where_the_choices_say(desk):
    start = str(desk.bars.dates[40])
    unsealed = Unsealed(desk)
    assert unsealed.split(read_choices({"train_start": start})).train_start == 40
    split = unsealed.split(read_choices({"test_start": str(desk.bars.dates[150])}))
    assert (split.train_start, split.train_stop, split.test_first, split.test_last) == (0, 225, 225, 299)


def test_the_sentence_is_kept_in_every_language(desk):
    asked("open", desk)
    said = {lang: asked("envelope", desk, lang=lang)[0][0]["looks"][0]["sentence"] for lang in LANGS}
    assert len(set(said.values())) == len(LANGS)


@pytest.mark.parametrize("name", CHEATS)
def test_it_stays_closed_while_a_switch_sees_the_future(desk, name):
    with pytest.raises(SettingsError, match=f"stays closed while {name}="):
        asked("open", desk, **{name: SWITCHES[name][1]})
    assert asked("envelope", desk)[0][0]["looks"] == []


@pytest.mark.parametrize("gone", ["alive", "newest"])
def test_a_page_that_went_away_or_asked_twice_has_seen_nothing(desk, gone):
    with pytest.raises(StaleError):
        asked("open", desk, **{gone: False})
    assert asked("envelope", desk)[0][0]["looks"] == []


def test_nothing_is_shown_that_was_not_recorded(desk, tmp_path):
    (tmp_path / "envelopes").write_text("a file", encoding="utf-8")
    with pytest.raises(SettingsError, match="stays closed"):
        asked("open", desk)


def test_the_look_remembers_the_search_before_it(desk):
    for lr in ("0.001", "0.01", "0.1", "0.1"):
        frames = asked("train", desk, lr=lr)
    ((header, _),) = asked("open", desk, lr="0.1")
    (look,) = header["looks"]
    assert (look["tried"], look["luck"]) == (3, desk.luck.seldom)
    assert look["explored"] == frames[0][0]["skill"]
    assert look["settings"] == FEW | {"lr": "0.1"}
    assert json.loads(Record.of(desk.whole, desk.explored).path.read_text(encoding="utf-8"))["looks"][0]["tried"] == 3


def test_later_bars_say_how_much_was_seen():
    whole = walk_bars(320, seed=7)
    asked("open", Desk(whole[:300]))
    ((header, _),) = asked("envelope", Desk(whole))
    assert header["known"] == 300 - 240
    ((header, _),) = asked("open", Desk(whole))
    assert header["looks"][0]["mark"] == "partly seen before"


# Tries on the explored bars


def luck(frames):
    return frames[0][0]["luck"]


def test_every_try_counts_for_luck(desk):
    assert luck(asked("train", desk))["forecasts"] == 1
    told = luck(asked("train", desk, lr="0.05"))
    assert told["forecasts"] == desk.luck.count == 2
    assert told["best"] >= 0.0
    assert luck(asked("train", desk, lr="0.05"))["forecasts"] == 2


def test_the_best_skill_is_the_pictures(desk):
    frames = asked("train", desk, recipe="default")
    assert luck(frames)["best"] == pytest.approx(max(frames[0][0]["skill"], 0.0))


def test_keeping_the_best_seed_is_as_many_tries_as_seeds(desk):
    frames = asked("train", desk, pick="best", seeds="5")
    assert luck(frames)["forecasts"] == 5
    found = experiment(desk, read_choices(FEW | {"pick": "best", "seeds": "5"}))
    errors = (found.y - found.prices) / found.last_close
    naive = (found.y - found.last_close) / found.last_close
    assert luck(frames)["best"] == pytest.approx(max(0.0, *(skill(error, naive) for error in errors)))


@pytest.mark.parametrize("name", ["leak", "scaler", "split"])
def test_what_foresees_is_tried_and_no_luck(desk, name):
    frames = asked("train", desk, **{name: SWITCHES[name][1]})
    assert frames[0][0]["tried"] == 1
    assert (luck(frames)["forecasts"], luck(frames)["best"]) == (0, 0.0)
