"""Reading of recordings as the trials or the signals that a saved model wants."""
