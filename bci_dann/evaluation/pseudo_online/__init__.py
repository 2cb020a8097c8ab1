"""Pseudo-online evaluation: windows over the target's recordings, idle time included."""
