"""Splits, metrics, tests, intervals and the verdict. Everything is read from the Forecasts table."""
