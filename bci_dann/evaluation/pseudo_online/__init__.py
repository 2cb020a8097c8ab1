"""Pseudo-online evaluation: scores of sliding windows over the target's recordings."""
