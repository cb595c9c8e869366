"""Which column is which: English and Korean headers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from nextclose.core.settings import FEATURES

_NAMES: dict[str, tuple[str, ...]] = {
    "date": ("date", "datetime", "time", "timestamp", "day", "tradedate", "tradingdate", "basdt",
             "일자", "날짜", "거래일", "거래일자", "영업일", "영업일자", "기준일", "기준일자"),
    "open": ("open", "o", "openprice", "openingprice", "시가"),
    "high": ("high", "h", "highprice", "고가"),
    "low": ("low", "l", "lowprice", "저가"),
    "close": ("close", "c", "last", "closeprice", "closingprice", "종가", "현재가"),
    "volume": ("volume", "v", "vol", "shares", "거래량"),
    "adj_close": ("adjclose", "adjustedclose", "closeadj", "adjustedclosingprice", "수정종가", "수정주가"),
    "symbol": ("symbol", "ticker", "code", "name", "isin", "stockcode",
               "종목코드", "단축코드", "종목", "종목명", "티커", "코드"),
}  # fmt: skip
_KNOWN = {word: name for name, words in _NAMES.items() for word in words}
_UNNAMED = re.compile(r"^\s*(unnamed: \d+|index|level_\d+|__index_level_\d+__)?\s*$", re.IGNORECASE)
"""A column that numbers the rows, as pandas writes it."""
WANTED = ("date", "open", "high", "low", "close")
"""Columns without which there are no bars."""


def recognise(headers: Iterable[str]) -> dict[str, str]:
    """Our name -> the header that means it; the first of several wins, and a code wins over a company's name."""
    found: dict[str, str] = {}
    for header in headers:
        name = _KNOWN.get(_bare(header))
        if name is not None and (name not in found or _is_name(found[name])):
            found[name] = header
    return found


def further(headers: Iterable[str], found: Mapping[str, str]) -> list[str]:
    """The headers that `recognise` left over and that may name a column of the user's own; of two alike the first."""
    return [
        header
        for header in dict.fromkeys(headers)
        if header not in found.values()
        and same_name(header) not in FEATURES
        and not _UNNAMED.match(header)
        and _KNOWN.get(_bare(header)) not in ("date", "symbol")
    ]


def same_name(name: str) -> str:
    """What two spellings of one column's name share: case, blanks around and how accents are stored do not count."""
    return unicodedata.normalize("NFKC", name.replace("\ufeff", "")).strip().casefold()


def _bare(header: str) -> str:
    """Lower case letters only: 'Adj. Close*' and 'adj_close' are one."""
    return re.sub(r"[\W_]+", "", header.replace("\ufeff", "")).lower()


def _is_name(header: str) -> bool:
    return _bare(header) in ("name", "종목명", "종목")
