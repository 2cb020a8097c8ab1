"""Sliding windows over continuous recordings, idle time included."""
