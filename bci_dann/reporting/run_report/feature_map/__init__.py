"""The trials of a run and the features of its models, in two dimensions."""
