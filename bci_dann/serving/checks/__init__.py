"""Checks that warn if a recording differs from those that a model was trained on."""
