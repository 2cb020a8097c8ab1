"""A first look at a folder of recordings: file names, events, channels, units and mains."""
