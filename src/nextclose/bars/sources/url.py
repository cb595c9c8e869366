"""Whole-market bars at an address: one request a session."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nextclose.bars.sources.file import dated, is_dated
from nextclose.bars.sources.market import PAUSE, TRIES, Answer, Ask
from nextclose.core.errors import NetworkError, SourceError
from nextclose.core.lang import Text

if TYPE_CHECKING:
    import pyarrow as pa
    import requests

TIMEOUT = 20.0
"""Seconds without a byte after which a request is given up."""
DEADLINE = 120.0
"""Seconds that one request may take in all."""
MOST_BYTES = 128 << 20
"""An answer beyond this is not read."""
MOST_CELLS = 50_000_000
"""Rows times columns that a Parquet answer may unfold to."""
_CHUNK = 1 << 16
_NOTHING = (204, 404, 410)
"""Statuses by which a server says that it has nothing of that date."""
_AGAIN = (408, 425, 429)
"""Statuses below 500 after which asking again may help."""


@dataclass(frozen=True, kw_only=True)
class _Got:
    """One try."""

    body: bytes | None = None
    """None: the server has nothing of that date."""
    why: Text | None = None
    """What was wrong; None: nothing."""
    again: bool = True
    """Whether it makes sense to ask again."""
    counted: bool = True
    """Whether something says that the body is whole."""


class UrlSource:
    """An address with {date} (2026-05-04) or {yyyymmdd}: CSV in any dress, Parquet, or a JSON array of objects.

    Three tries with pauses; a body that ends early is kept as far as it can be read, and said to be a part.
    """

    def __init__(
        self, address: str, *, sleep: Callable[[float], None] = time.sleep, timeout: float = TIMEOUT,
        deadline: float = DEADLINE, most_bytes: int = MOST_BYTES,
    ) -> None:  # fmt: skip
        if not is_dated(address):
            raise SourceError(
                "'{address}' names no session: put {{date}} where 2026-05-04 belongs, or {{yyyymmdd}} for 20260504",
                address=address,
            )
        self.name = address
        self._sleep, self._timeout, self._deadline, self._most = sleep, timeout, deadline, most_bytes

    def bars(self, ask: Ask) -> Answer:
        """The bars of a session. Raises NetworkError where nothing of use came, SourceError for what is no table."""
        got = self._patiently(dated(self.name, ask.session))
        if got.body is None:
            return Answer(table=None)
        part = got.why is not None or not got.counted
        table, skipped = _parse(got.body, self.name, part=part)
        problems = [] if got.why is None else [got.why]
        if skipped:
            problems.append(Text("{count} lines have too few or too many fields", count=skipped))
        return Answer(table=table, problems=tuple(problems))

    def _patiently(self, address: str) -> _Got:
        """The first whole answer in three tries, else the longest part. Raises NetworkError where there is none."""
        part, why = _Got(body=b""), Text("the answer is empty")
        for attempt in range(1, TRIES + 1):
            got = self._once(address)
            if got.why is None:
                return got
            why = got.why
            if len(got.body or b"") > len(part.body or b""):
                part = got
            if not got.again:
                break
            if attempt < TRIES:
                self._sleep(PAUSE * 2.0 ** (attempt - 1))
        if part.body and not part.body.startswith(b"PAR1") and not _starts(part.body, b"["):
            return part
        raise NetworkError(why.template, **why.values)

    def _once(self, address: str) -> _Got:
        try:
            import requests
        except ImportError as error:
            raise SourceError(
                "{name}: needs the package {package}, which is not installed. Install it with: "
                "pip install 'nextclose[live]'",
                name="https", package=error.name,
            ) from error  # fmt: skip
        try:
            with requests.get(
                address, stream=True, timeout=self._timeout, headers={"User-Agent": "nextclose"}
            ) as answer:
                if answer.status_code in _NOTHING:
                    return _Got()
                if answer.status_code != 200:
                    again = answer.status_code >= 500 or answer.status_code in _AGAIN
                    return _Got(
                        why=Text("the server answered with status {status}", status=answer.status_code), again=again
                    )
                return self._body(answer)
        except requests.Timeout:
            return _Got(why=Text("no answer within {seconds} s", seconds=f"{self._timeout:g}"))
        except (requests.RequestException, OSError) as error:
            return _Got(why=Text("the connection failed ({error})", error=_short(error)))

    def _body(self, answer: requests.Response) -> _Got:
        """What was sent, bounded in size and time."""
        import requests

        body, began = bytearray(), time.monotonic()
        answer.raw.enforce_content_length = False  # what came is wanted, too
        try:
            for chunk in answer.iter_content(_CHUNK):
                body += chunk
                if len(body) > self._most:
                    why = Text("the answer is longer than {most} MB", most=self._most >> 20)
                    return _Got(why=why, again=False)
                if time.monotonic() - began > self._deadline:
                    why = Text("the answer was not there after {seconds} s", seconds=f"{self._deadline:g}")
                    return _Got(body=bytes(body), why=why, again=False)
        except (requests.RequestException, OSError):
            return _Got(body=bytes(body), why=Text("the answer broke off after {count} bytes", count=f"{len(body):,}"))
        length = answer.headers.get("Content-Length", "")
        if length.isdigit() and answer.raw.tell() < int(length):
            return _Got(body=bytes(body), why=Text("the answer broke off after {count} bytes", count=f"{len(body):,}"))
        if not body:
            return _Got(why=Text("the answer is empty"))
        if _starts(bytes(body[:64]), b"<"):
            return _Got(why=Text("the answer is a page for people, not a table"))
        told = length.isdigit() or answer.headers.get("Transfer-Encoding", "").lower() == "chunked"
        return _Got(body=bytes(body), counted=told)


def _parse(body: bytes, name: str, *, part: bool) -> tuple[pa.Table, int]:
    """The table, and how many lines were no rows. The last line of a part may be cut short, and is left out."""
    from nextclose.bars.tables import table_of_bytes

    if body.startswith(b"PAR1"):
        _check_cells(body, name)
    elif part and not _starts(body, b"[") and not body.endswith(b"\n"):
        body = body[: body.rfind(b"\n") + 1]
    skipped = 0

    def skip(_: Any) -> str:
        nonlocal skipped
        skipped += 1
        return "skip"

    return table_of_bytes(body, name, ragged=skip), skipped


def _check_cells(body: bytes, name: str) -> None:
    """A small Parquet file may unfold to more than memory holds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        about = pq.read_metadata(pa.BufferReader(body))
    except (pa.ArrowException, OSError) as error:
        raise SourceError("'{name}' holds no table that can be read ({error})", name=name, error=error) from error
    if about.num_rows * about.num_columns > MOST_CELLS:
        raise SourceError(
            "'{name}' holds {rows} rows of {columns} columns: too many for one session",
            name=name, rows=f"{about.num_rows:,}", columns=about.num_columns,
        )  # fmt: skip


def _starts(body: bytes, mark: bytes) -> bool:
    return body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(mark)


def _short(error: Exception) -> str:
    """The cause at the bottom in one line: what the libraries wrap around it is of no use to a reader."""
    while error.__cause__ or error.__context__ or (error.args and isinstance(error.args[0], Exception)):
        inner = error.__cause__ or error.__context__ or error.args[0]
        if not isinstance(inner, Exception):
            break
        error = inner
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text.splitlines()[0][:120]
