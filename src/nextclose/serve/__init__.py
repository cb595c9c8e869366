"""The HTTP API over a run's ledger. It loads neither torch nor numba, scipy or pandas."""
