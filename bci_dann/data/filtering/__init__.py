"""Filters of recordings and streams."""
