"""The commands of `bci-dann`, by what they are about."""
