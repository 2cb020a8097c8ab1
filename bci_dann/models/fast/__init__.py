"""Faster equivalents of braindecode models, with gradients written by hand."""
