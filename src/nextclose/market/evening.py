"""One evening: bars, nets, forecasts and truths, in this order and under one lock.

    data update      the new bars into the set that the run is on, where `nextclose data update` keeps it
    market update    the nets that are due
    market predict   the next session, into the ledger
    market score     the sessions that are over, into the ledger

Each step leaves what it finished behind, and finds it again: killed anywhere and started again, an evening ends the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from nextclose.bars.collect import update_set
from nextclose.bars.kept import PAGE, read_page
from nextclose.core.errors import SettingsError
from nextclose.core.evening import FAILURES, Evening, LiveUpdate, Predicted, Scored, SetUpdate
from nextclose.core.lang import Lang, Text
from nextclose.core.plain import to_json
from nextclose.judging.splits import parse_date
from nextclose.market.config import MarketConfig
from nextclose.market.files import locked, make_folder, write_text
from nextclose.market.ledger.chain import Clock, clock
from nextclose.market.ledger.score import score_run
from nextclose.market.live.predict import predict_run
from nextclose.market.live.state import read_run
from nextclose.market.live.update import update_run
from nextclose.market.sets import open_set
from nextclose.market.watch import MarketWatcher

EVENINGS = "evenings"
Step = Literal["data", "update", "predict", "score"]


@dataclass(frozen=True, kw_only=True)
class EveningWishes:
    """What `nextclose evening` is asked for."""

    as_of: str | None = None
    """The last session that may be known; None: the last one that is over."""
    target_date: str | None = None
    """Date of the next session, where the exchange's calendar errs."""
    closures: tuple[str, ...] = ()
    """ISO dates on which the exchange is closed, whatever its calendar says."""
    exchange: str | None = None
    max_failures: int | None = None
    """None: the run's own."""
    workers: int = 1
    """Processes; 0 works in this one."""
    lang: Lang = "en"


class Steps(Protocol):
    """What an evening consists of. `as_of` is what the step before came to."""

    def data(self, source: Path, wishes: EveningWishes) -> SetUpdate:
        """New bars into a set."""

    def update(self, folder: Path, wishes: EveningWishes, as_of: str | None) -> LiveUpdate:
        """The run gone on with."""

    def predict(self, folder: Path, wishes: EveningWishes, as_of: str) -> Predicted:
        """The next session into the ledger."""

    def score(self, folder: Path, wishes: EveningWishes, as_of: str) -> Scored:
        """What is over into the ledger."""


@dataclass(kw_only=True)
class RealSteps:
    """The four verbs."""

    watcher: MarketWatcher | None = None
    now: Clock = clock

    def data(self, source: Path, wishes: EveningWishes) -> SetUpdate:
        """`nextclose data update`."""
        return update_set(
            source,
            as_of=wishes.as_of,
            exchange=wishes.exchange,
            closures=wishes.closures,
            lang=wishes.lang,
            now=self.now,
        )

    def update(self, folder: Path, wishes: EveningWishes, as_of: str | None) -> LiveUpdate:
        """`nextclose market update`."""
        return update_run(folder, as_of=as_of, workers=wishes.workers, watcher=self.watcher, lang=wishes.lang)

    def predict(self, folder: Path, wishes: EveningWishes, as_of: str) -> Predicted:
        """`nextclose market predict`; a kept set knows its exchange."""
        page = read_page(Path(MarketConfig.read(folder).source))
        return predict_run(
            folder,
            as_of=as_of,
            target_date=wishes.target_date,
            closures=wishes.closures,
            exchange=wishes.exchange or (page.exchange if page is not None else None),
            workers=wishes.workers,
            lang=wishes.lang,
            now=self.now,
        )

    def score(self, folder: Path, wishes: EveningWishes, as_of: str) -> Scored:
        """`nextclose market score`."""
        config = MarketConfig.read(folder)
        return score_run(folder, config, open_set(config.source), as_of=as_of, lang=wishes.lang, now=self.now)


def run_evening(
    folder: Path, wishes: EveningWishes, steps: Steps | None = None, tell: Callable[[Step], None] = lambda _step: None
) -> Evening:
    """Every step of an evening; what was done before is found done.

    Parameters
    ----------
    tell : hears of each step as it begins.

    Raises
    ------
    SavedRunError : no finished run there, or a ledger that was changed.
    SettingsError : a date or closure that cannot be met, or another process works on the run or its set.
    NextcloseError : the disk is full; what was finished is kept.
    """
    config = read_run(folder)
    _check(wishes)
    began, steps = time.monotonic(), steps or RealSteps()
    with locked(folder):
        data = None
        if is_kept(config):
            tell("data")
            data = steps.data(Path(config.source), wishes)
            _check_target(wishes, data.as_of)
        tell("update")
        update = steps.update(folder, wishes, data.as_of if data is not None else wishes.as_of)
        tell("predict")
        predicted = steps.predict(folder, wishes, update.as_of)
        tell("score")
        scored = steps.score(folder, wishes, update.as_of)
        evening = Evening(
            run=str(folder),
            as_of=update.as_of,
            data=data,
            update=update,
            predicted=predicted,
            scored=scored,
            failures=len(_failing(config, data, predicted)),
            max_failures=config.max_failures if wishes.max_failures is None else wishes.max_failures,
            seconds=time.monotonic() - began,
            notes=tuple(note.render(wishes.lang) for note in _notes(config, data, update)),
        )
        _keep(folder, evening)
    return evening


def is_kept(config: MarketConfig) -> bool:
    """Whether `nextclose data update` keeps the set that a run is on."""
    return (Path(config.source) / PAGE).is_file()


def nothing_new(evening: Evening) -> bool:
    """Whether no step found anything to do: a Sunday, or the same evening again."""
    came = evening.data is not None and (evening.data.rows > 0 or bool(evening.data.rescaled))
    entries = (evening.predicted.entry, evening.scored.entry)
    return not came and evening.update.already and entries == (None, None)


def too_many_failed(evening: Evening) -> bool:
    """Whether more symbols failed than may; where no number is set, whether all of them did."""
    if evening.max_failures is not None:
        return evening.failures > evening.max_failures
    return 0 < _symbols(evening.predicted) <= evening.failures


def lost_sessions(data: SetUpdate | None, as_of: str) -> Mapping[str, tuple[str, ...]]:
    """Sessions that are over and that the run, at `as_of`, cannot go on with: session -> symbols that are waited for."""
    missing = data.missing if data is not None else {}
    return {session: names for session, names in missing.items() if session > as_of}


def _check(wishes: EveningWishes) -> None:
    """Dates that are none are told before any work."""
    for option, text in (("as-of", wishes.as_of), ("target-date", wishes.target_date)):
        if text is not None:
            parse_date(option, text)


def _check_target(wishes: EveningWishes, as_of: str) -> None:
    """A next session that is over already is told before any fit."""
    if wishes.target_date is not None and str(parse_date("target-date", wishes.target_date)) <= as_of:
        raise SettingsError(
            "--target-date {date}: expected a date after the last session, {last}", date=wishes.target_date, last=as_of
        )


def _failing(config: MarketConfig, data: SetUpdate | None, predicted: Predicted) -> set[str]:
    """Symbols without a number that should have one, and those of a session of which nothing or too little came."""
    failing = {symbol for names in lost_sessions(data, predicted.origin).values() for symbol in names}
    if config.skipped:
        failing &= {config.renamed.get(name, name) for shard in config.shards for name in shard}
    return failing | set(predicted.reasons)


def _symbols(predicted: Predicted) -> int:
    """Symbols that still trade: those that ended are no failures, and have no number."""
    return sum(count for status, count in predicted.statuses.items() if status == "ok" or status in FAILURES)


def _notes(config: MarketConfig, data: SetUpdate | None, update: LiveUpdate) -> tuple[Text, ...]:
    notes = []
    if data is not None and data.no_session:
        notes.append(Text("no session on {dates}: no source knows a bar of it", dates=", ".join(data.no_session)))
    if data is None and update.already:
        notes.append(
            Text("'{source}' is not kept by nextclose data update: renew it before the evening", source=config.source)
        )
    return tuple(notes)


def _keep(folder: Path, evening: Evening) -> None:
    """Beside the earlier ones; an evening that found nothing to do does not take the place of one that did."""
    path = folder / EVENINGS / f"{evening.as_of}.json"
    if not (nothing_new(evening) and path.is_file()):
        make_folder(path.parent)
        write_text(path, to_json(evening))
