"""The command line: ``bci-dann VERB``. Verbs only call the library."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line with the arguments of this process."""
    from bci_dann.cli.app import app

    app()
