"""Screening of recordings: rejected cues, faulty trials, and checks across recordings."""
