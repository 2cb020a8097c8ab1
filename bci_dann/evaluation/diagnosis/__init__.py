"""How far subjects are from each other and in what, and whose labels may be wrong."""
