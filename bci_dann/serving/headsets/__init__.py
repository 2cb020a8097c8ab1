"""Recordings of other headsets: interpolation of missing electrodes, description of differences."""
