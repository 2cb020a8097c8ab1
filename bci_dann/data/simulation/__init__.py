"""Simulated motor-imagery EEG of subjects who differ in known ways."""
