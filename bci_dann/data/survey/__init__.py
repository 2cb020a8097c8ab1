"""Survey of a folder of recordings: file names, events, channels, units and mains frequency."""
