"""The cells as readable PyTorch: one step a file, one loop over time, one head."""
