"""Several data sets in one: configuration, subjects, channels and trials."""
