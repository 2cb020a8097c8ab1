"""Curves of a run over the trials of the target."""
