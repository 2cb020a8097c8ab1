"""Estimates of disk space, memory and time before a run."""
