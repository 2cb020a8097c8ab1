"""Suites: one comparison of pipelines on several data sets, and a meta-analysis over them."""
