"""The command line ``bci-dann COMMAND``: commands read options, call the library, and print."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line with the arguments of the process."""
    from bci_dann.cli.app import app

    app()
