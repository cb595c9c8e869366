"""A study over every symbol of an exchange: shards that are computed apart, kept at once, and never twice."""
