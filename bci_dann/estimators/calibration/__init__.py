"""Calibration, prediction sets and abstention, learned from left-out source subjects."""
