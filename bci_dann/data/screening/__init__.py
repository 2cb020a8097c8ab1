"""Screening of recordings: cues and their fate, faults of trials, checks across recordings."""
