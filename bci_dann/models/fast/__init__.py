"""Faster equivalents of braindecode layers, with gradients written by hand."""
