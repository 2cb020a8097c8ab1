"""Choosing a pipeline for a subject without its labels."""
