"""Channels of recordings: names of electrodes, what is used of a file, and choice for trials."""
