"""Several datasets in one: configuration, subjects, channels and trials."""
