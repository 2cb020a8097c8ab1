"""Comparison of pipelines in many regimes."""
