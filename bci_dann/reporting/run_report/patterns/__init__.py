"""Section of a report with patterns of decoders over the scalp."""
