"""Online decoding: causal filters, sliding windows, artefact detection, decisions, replay."""
