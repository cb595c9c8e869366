"""A Parquet set of a whole market that is brought up to date session by session."""

from nextclose.bars.collect.update import update_set

__all__ = ["update_set"]
