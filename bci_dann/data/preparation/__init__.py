"""Parts of preparing trials: the recordings of a subject, and the key of what is prepared."""
