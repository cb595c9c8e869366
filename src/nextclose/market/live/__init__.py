"""A finished run gone on with: new sessions, folds that are due, and tomorrow from saved nets."""
