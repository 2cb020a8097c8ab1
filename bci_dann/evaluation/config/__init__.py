"""Configurations of runs and pipeline files: reading, checking, and creating estimators."""
