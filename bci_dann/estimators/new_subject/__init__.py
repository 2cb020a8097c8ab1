"""A fitted method and a subject that it has not seen: adaptation, and scikit-learn's folds."""
