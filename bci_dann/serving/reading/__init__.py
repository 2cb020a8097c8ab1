"""Reading of recordings, as the trials or continuous signals that a saved model needs."""
