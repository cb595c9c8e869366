"""The order of an evening's steps, its lock, its failures and its record, with steps that only say what they were asked."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from rich.console import Console

from nextclose.core.errors import SavedRunError, SettingsError
from nextclose.core.evening import Drift, LiveUpdate, Predicted, RunningVerdict, Scored, SetUpdate
from nextclose.core.files import is_locked
from nextclose.market import evening as evenings
from nextclose.market.evening import EveningWishes, lost_sessions, nothing_new, run_evening, too_many_failed
from nextclose.market.live import state as live_state
from nextclose.report.evening_terminal import alarms, print_evening

DAY, NEXT = "2024-03-07", "2024-03-08"
DATA = SetUpdate(
    folder="set", as_of=DAY, added=(DAY,), rows=3, symbols=3, new_symbols=(), rescaled={}, missing={}, failures=()
)
UPDATE = LiveUpdate(
    as_of=DAY, new_sessions=(DAY,), due={}, fits=0, symbols=3, statuses={"ok": 3}, rescaled={}, refitted=(), reasons={},
    seconds=0.1,
)  # fmt: skip
PREDICTED = Predicted(
    origin=DAY, target_date=NEXT, reason=None, statuses={"ok": 3}, models=("default",), reasons={}, entry=2,
    in_time=True, seconds=0.1,
)  # fmt: skip
VERDICT = RunningVerdict(
    as_of="", head="a" * 64, entries=2, sessions=0, scored=0, pending=3, redated=0, in_time=0, models=(), drift=()
)
SCORED = Scored(truths=0, redated={}, rescaled={}, waiting=0, entry=None, verdict=VERDICT, seconds=0.1)


class Asked:
    """Steps that note what they are asked, and may fail."""

    def __init__(self, folder, stop=None, **found):
        self.folder, self.stop, self.calls = folder, stop, []
        self.found = {"data": DATA, "update": UPDATE, "predict": PREDICTED, "score": SCORED} | found

    def _step(self, name, as_of):
        assert is_locked(self.folder)
        self.calls.append((name, as_of))
        if self.stop == name:
            raise KeyboardInterrupt
        return self.found[name]

    def data(self, source, wishes):
        return self._step("data", wishes.as_of)

    def update(self, folder, wishes, as_of):
        return self._step("update", as_of)

    def predict(self, folder, wishes, as_of):
        return self._step("predict", as_of)

    def score(self, folder, wishes, as_of):
        return self._step("score", as_of)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A folder that passes for a finished run on a kept set of three symbols."""
    folder, source = tmp_path / "run", tmp_path / "set"
    folder.mkdir()
    source.mkdir()
    (source / "set.json").write_text("{}")
    config = SimpleNamespace(source=str(source), skipped={}, renamed={}, shards=(("A", "B", "C"),), max_failures=None)
    monkeypatch.setattr(evenings.MarketConfig, "read", lambda _folder: config)
    monkeypatch.setattr(live_state, "outcome_of", lambda _folder: object())
    return folder


def shown(evening, lang="en"):
    console = Console(width=80, highlight=False)
    with console.capture() as said:
        print_evening(evening, console, lang, quiet=nothing_new(evening))
    return said.get()


def test_the_steps_follow_one_another_under_one_lock_and_hand_on_the_session(run):
    steps, heard = Asked(run), []
    found = run_evening(run, EveningWishes(as_of="2024-03-10"), steps, heard.append)
    assert steps.calls == [("data", "2024-03-10"), ("update", DAY), ("predict", DAY), ("score", DAY)]
    assert heard == ["data", "update", "predict", "score"]
    assert not is_locked(run)
    kept = json.loads((run / "evenings" / f"{DAY}.json").read_text(encoding="utf-8"))
    assert (kept["as_of"], kept["failures"], kept["predicted"]["entry"]) == (DAY, 0, 2)
    assert not nothing_new(found)


def test_a_set_that_nobody_keeps_is_read_as_it_is(run):
    (run.parent / "set" / "set.json").unlink()
    steps = Asked(run, update=replace(UPDATE, already=True))
    found = run_evening(run, EveningWishes(as_of=DAY), steps)
    assert [name for name, _ in steps.calls] == ["update", "predict", "score"]
    assert found.data is None
    assert "renew it before the evening" in found.notes[0]


@pytest.mark.parametrize("stop", ["data", "update", "predict", "score"])
def test_a_stop_lets_go_of_the_lock_and_leaves_no_record(run, stop):
    with pytest.raises(KeyboardInterrupt):
        run_evening(run, EveningWishes(), Asked(run, stop))
    assert not is_locked(run)
    assert not (run / "evenings").exists()


def test_an_evening_without_news_leaves_the_record_of_one_that_had_some(run):
    run_evening(run, EveningWishes(), Asked(run))
    kept = (run / "evenings" / f"{DAY}.json").read_bytes()
    idle = {"data": replace(DATA, added=(), rows=0), "update": replace(UPDATE, already=True),
            "predict": replace(PREDICTED, entry=None, already=True)}  # fmt: skip
    found = run_evening(run, EveningWishes(), Asked(run, **idle))
    assert nothing_new(found)
    assert (run / "evenings" / f"{DAY}.json").read_bytes() == kept
    assert "Nothing new since" in shown(found)


def test_symbols_without_a_number_and_a_session_that_did_not_come_are_failures_once_each(run):
    lost = replace(DATA, missing={NEXT: ("A", "B"), DAY: ("C",)})
    bad = replace(PREDICTED, statuses={"ok": 2, "stale": 1}, reasons={"B": "no row"})
    found = run_evening(run, EveningWishes(max_failures=2), Asked(run, data=lost, predict=bad))
    assert lost_sessions(lost, DAY) == {NEXT: ("A", "B")}
    assert (found.failures, too_many_failed(found)) == (2, False)
    assert too_many_failed(replace(found, max_failures=1))
    assert too_many_failed(replace(found, max_failures=0))
    assert not too_many_failed(replace(found, max_failures=None))


def test_without_a_limit_only_a_session_that_is_lacking_altogether_is_one_too_many(run):
    found = run_evening(run, EveningWishes(), Asked(run, data=replace(DATA, missing={NEXT: ("A", "B", "C")})))
    assert too_many_failed(found)
    said = alarms(found, "en", too_many=True)
    assert said == [f"no bar of {NEXT} came; it is asked for again the next time",
                    "3 symbols failed, every one: exit status 3"]  # fmt: skip


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "too few bars of 2024-03-08"), ("ko", "2024-03-08의 봉이 너무 적게")]
)
def test_a_session_of_which_too_little_came_to_go_on_is_told_and_counted(run, lang, said):
    """The set has rows of it, and the run stays at the session before."""
    part = replace(DATA, as_of=NEXT, missing={NEXT: ("A", "B")})
    found = run_evening(run, EveningWishes(max_failures=1), Asked(run, data=part))
    assert (found.as_of, found.failures, too_many_failed(found)) == (DAY, 2, True)
    assert alarms(found, lang, too_many=False)[0].startswith(said)


def test_rows_that_are_missing_of_a_session_that_the_run_knows_lose_no_session(run):
    found = run_evening(run, EveningWishes(max_failures=0), Asked(run, data=replace(DATA, missing={DAY: ("A",)})))
    assert (found.failures, alarms(found, "en", too_many=False)) == (0, [])


def test_a_target_date_that_is_over_is_told_before_any_fit(run):
    steps = Asked(run)
    with pytest.raises(SettingsError, match=f"expected a date after the last session, {DAY}"):
        run_evening(run, EveningWishes(target_date=DAY), steps)
    assert [name for name, _ in steps.calls] == ["data"]


def test_symbols_that_the_run_never_looked_at_are_no_failures_of_it(run, monkeypatch):
    evenings.MarketConfig.read(run).skipped = {"symbols": 2}
    found = run_evening(run, EveningWishes(), Asked(run, data=replace(DATA, missing={NEXT: ("A", "Y", "Z")})))
    assert found.failures == 1


def test_drift_is_told_first_and_in_both_languages(run):
    drift = Drift(
        model="default",
        sessions=21,
        ratio=1.2,
        low=0.9,
        high=1.1,
        reference=200,
        alarm=True,
        sentence="It left its band.",
    )
    scored = replace(SCORED, verdict=replace(VERDICT, drift=(drift,)))
    found = run_evening(run, EveningWishes(), Asked(run, score=scored))
    assert alarms(found, "en", too_many=False) == ["drift: It left its band."]
    assert alarms(found, "ko", too_many=False) == ["드리프트: It left its band."]


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_summary_fits_a_mail_and_names_what_is_needed(run, lang):
    from rich.cells import cell_len

    many = {f"{number:06}": "no row of the session" for number in range(30)}
    bad = replace(PREDICTED, statuses={"ok": 2000, "stale": 30, "suspended": 4}, reasons=many)
    found = replace(run_evening(run, EveningWishes(), Asked(run, predict=bad)), run="runs/krx")
    text = shown(found, lang)
    assert max(map(cell_len, text.splitlines())) <= 80
    assert len(text.splitlines()) <= 15
    for wanted in (DAY, NEXT, "000000, 000001", "no row of the session", "a" * 64):
        assert wanted in text


def test_a_run_that_is_not_finished_and_dates_that_are_none_are_refused_before_any_step(run, monkeypatch):
    steps = Asked(run)
    with pytest.raises(SettingsError, match="--as-of"):
        run_evening(run, EveningWishes(as_of="soon"), steps)
    with pytest.raises(SettingsError, match="--target-date"):
        run_evening(run, EveningWishes(target_date="soon"), steps)
    monkeypatch.setattr(live_state, "outcome_of", lambda _folder: None)
    with pytest.raises(SavedRunError, match="market resume"):
        run_evening(run, EveningWishes(), steps)
    assert steps.calls == []
