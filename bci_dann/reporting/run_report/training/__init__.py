"""Training curves of networks in the report of a run."""
