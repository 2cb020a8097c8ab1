"""The trials of a run in two dimensions."""
