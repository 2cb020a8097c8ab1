"""Folders of EEG recordings: finding, reading and describing their files."""
