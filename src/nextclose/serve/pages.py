"""What the API says, as its OpenAPI document describes it. Answers are made without these, and tests hold them to them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Page(BaseModel):
    """A page whose fields are all there."""

    model_config = ConfigDict(extra="forbid")


class Truth(Page):
    """The bar that came, in the price basis of the day on which it was looked up."""

    actual_date: date = Field(
        description="The session that it is of; another than target_date where the calendar erred."
    )
    y: float = Field(description="The close.")
    last_close: float = Field(description="The origin's close in the same basis.")
    basis: float = Field(description="Multiply the forecast's prices by it: a split or dividend since.")
    mark: Literal["", "holiday", "suspended", "revised"] = Field(
        description="Why the session is another than was said."
    )


class Forecast(Page):
    """One model's forecast of one close."""

    model: str
    step: int = Field(description="Sessions ahead, from 1.")
    origin: date = Field(description="The last session that it may have seen.")
    target_date: date | None = Field(description="The session that it is for; null where no calendar knows it.")
    yhat: float | None = Field(description="The close, as a screen shows prices at the origin.")
    lo: float | None = Field(description="Lower end of the interval.")
    hi: float | None
    level: float | None = Field(description="What the interval claims to cover.")
    p_up: float | None = Field(description="Probability of a close above last_close.")
    last_close: float | None
    status: str = Field(
        description="ok, or why there are no numbers: suspended, stale, ended, too-few-bars, faulty, failed."
    )
    reason: str | None = Field(description="The same in a sentence.")
    fold: int | None = Field(description="Number of the refit whose net made it.")
    trained_until: date | None = Field(description="The last session that the net was trained on.")
    model_hash: str | None
    data_hash: str | None
    truth: Truth | None = Field(description="What came of it; null while the session has not been scored.")


class SymbolForecasts(Page):
    """A symbol's forecasts."""

    symbol: str
    origin: date = Field(description="Of the latest forecasts.")
    recorded_at: datetime = Field(description="When the ledger took them, UTC.")
    entry: int = Field(description="Number of the latest entry of forecasts in the ledger.")
    forecasts: list[Forecast] = Field(description="Of the latest origin, a row a model and step.")
    history: list[Forecast] = Field(description="Of the origins before it, the latest first; only where asked for.")


class Health(Page):
    """How the forecasts that are served are."""

    status: Literal["ok", "stale", "degraded", "empty"] = Field(
        description="stale: recorded too long ago; degraded: a newer ledger is there and cannot be read, so that the one "
        "before is served; empty: no forecasts yet."
    )
    as_of: date | None
    target_date: date | None
    recorded_at: datetime | None
    age_seconds: float | None = Field(description="Since recorded_at.")
    entries: int | None = Field(description="Of the ledger.")
    head: str | None = Field(description="Hash of its last entry: note it elsewhere, and a change shows.")
    statuses: dict[str, int] | None = Field(description="Status -> symbols.")
    failures: int | None = Field(description="Symbols that are stale, faulty or failed.")
    models: list[str] | None
    origins: list[date] | None = Field(description="Those at hand, the latest first.")
    loaded_at: datetime | None
    problem: str | None = Field(description="Why a newer ledger cannot be read.")


class Alive(Page):
    """What health says to those without the token."""

    status: Literal["ok", "stale", "degraded", "empty"]


class Verdict(BaseModel):
    """What the ledger alone says of every model so far."""

    as_of: str
    head: str
    entries: int
    sessions: int
    scored: int
    pending: int
    redated: int
    in_time: int
    models: list[dict[str, Any]] = Field(description="A row a model, as nextclose judge --json gives it.")
    drift: list[dict[str, Any]] = Field(description="Each recipe's recent error against its band.")
    reasons: dict[str, str]


class Problem(Page):
    """Why there is no answer."""

    error: str
