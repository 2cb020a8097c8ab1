"""Descriptions of runs and pipelines: reading, checking and building them."""
