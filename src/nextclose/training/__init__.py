"""Fitting: one net, one fold, and the choice of engine."""
