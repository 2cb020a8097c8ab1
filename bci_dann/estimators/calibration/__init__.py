"""Calibrated probabilities, prediction sets and abstention, learned from the source subjects."""
