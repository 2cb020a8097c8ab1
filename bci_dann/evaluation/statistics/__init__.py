"""Statistics of results tables: paired tests, effect sizes, meta-analysis, ranks and power."""
