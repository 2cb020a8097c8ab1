"""Examples that run as they stand: ``python -m bci_dann.examples.toys``."""
