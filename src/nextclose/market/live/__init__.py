"""A finished run, gone on with: new sessions, refits that are due, and the next session's forecasts."""
