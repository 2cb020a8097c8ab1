"""Faster equivalents of braindecode models, with explicit gradients."""
