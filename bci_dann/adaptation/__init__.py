"""Adaptation to an unlabelled target: linear head, drift guard, slow changes, label shift."""
