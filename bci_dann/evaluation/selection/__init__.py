"""Model selection: choice of a pipeline for a subject without labels of the subject."""
