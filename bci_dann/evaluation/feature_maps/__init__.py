"""Trials as points in two dimensions: re-centred trials, and features of trained models."""
