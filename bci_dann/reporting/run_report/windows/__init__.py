"""Section of a report on the windows of a pseudo-online run."""
