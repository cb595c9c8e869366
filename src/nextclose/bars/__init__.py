"""Bars: where they come from, what is wrong with them, and when the next session is."""

from nextclose.bars.bars import Bars, Finding
from nextclose.bars.load import load_bars

__all__ = ["Bars", "Finding", "load_bars"]
