"""One page for each subject of a run, beside its report."""
