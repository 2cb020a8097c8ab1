"""The report of a run over regimes."""
