"""The commands of ``bci-dann``, in modules by topic."""
