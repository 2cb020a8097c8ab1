"""Model cards: what a saved model is, of which data, how good, and its limits."""
