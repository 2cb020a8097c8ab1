"""``python -m bci_dann``, which is ``bci-dann``."""

from bci_dann.cli import main

main()
