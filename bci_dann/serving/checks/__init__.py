"""Warnings where a recording does not look like those that a model was trained on."""
