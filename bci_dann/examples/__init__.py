"""Examples that run without any data: ``python -m bci_dann.examples.toys``."""
