"""How far subjects are from each other, and in what."""
