"""Frozen results -> one self-contained HTML page, and tables on the terminal."""

from nextclose.report.write import write_judgement, write_report

__all__ = ["write_judgement", "write_report"]
