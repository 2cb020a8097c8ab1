"""Report of a run over regimes."""
