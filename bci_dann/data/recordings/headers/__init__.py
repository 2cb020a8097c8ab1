"""What headers of recordings say of the length and the clock of a file."""
