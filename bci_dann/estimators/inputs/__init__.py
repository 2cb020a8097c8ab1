"""Input of methods: signals, labels, domains and source weights of trials."""
