"""Suites: one comparison of pipelines on several datasets, and a meta-analysis over them."""
