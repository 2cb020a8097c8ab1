"""Recordings of another headset: electrodes that a model misses, and an account of what differs."""
