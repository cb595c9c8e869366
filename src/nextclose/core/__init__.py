"""Errors, messages, array types, cell specifications, settings, random streams and result values.

Nothing here knows of bars, models or files; every other room may import it.
"""
