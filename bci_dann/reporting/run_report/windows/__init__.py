"""Section of a report about the windows of a pseudo-online run."""
