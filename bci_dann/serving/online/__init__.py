"""Decoding of a stream: causal filters, windows, an artefact gate, decisions and their replay."""
