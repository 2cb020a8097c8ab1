"""Model cards: description of a saved model, its training data, scores and limits."""
