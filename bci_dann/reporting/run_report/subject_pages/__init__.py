"""Pages of the subjects of a run, which belong to its report."""
