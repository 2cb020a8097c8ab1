"""Saved models in use: fit, adapt to a recording, predict."""
