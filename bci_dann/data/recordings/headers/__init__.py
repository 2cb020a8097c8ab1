"""Checks of file headers that MNE does not make."""
