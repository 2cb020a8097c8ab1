"""What a method is given: signals, labels, domains and weights of trials."""
