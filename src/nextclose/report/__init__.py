"""Frozen results -> one self-contained HTML page, and tables on the terminal; a market run -> pages with files beside."""

from nextclose.report.market import write_market_pages
from nextclose.report.write import write_judgement, write_report, write_series

__all__ = ["write_judgement", "write_market_pages", "write_report", "write_series"]
