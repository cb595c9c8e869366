"""The ledger of a run: every forecast before its session, every truth after it, and a chain that shows any change."""
