"""Speed, measured beside PyTorch in one run, and only after the numbers are proven equal."""
