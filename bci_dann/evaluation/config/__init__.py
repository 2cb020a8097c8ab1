"""Configurations of runs and pipeline files: reading, checking, and creating estimators."""

from bci_dann._lazy import lazy_names

# also importable as bci_dann.evaluation.load_config, where it is documented
__getattr__, _ = lazy_names(__name__, {"load_config": "run_config"})
