"""Adaptation to an unlabelled target: drift guard, label shift, and the linear head."""
