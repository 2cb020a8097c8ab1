"""``python -m bci_dann`` is ``bci-dann``."""

from bci_dann.cli import main

main()
