"""The training of networks in the report of a run."""
