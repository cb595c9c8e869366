"""Live prices: the only place that touches the network, and only when a snapshot is missing or refreshed."""

from nextclose.bars.sources.fetch import fetch_bars

__all__ = ["fetch_bars"]
