"""Runs the steps of a page in one process, so that its Python blocks share a namespace."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import traceback
from pathlib import Path


def main(plan: Path) -> None:
    """Run each step, and end with the place of the first that fails."""
    names = {"__name__": "__page__"}
    for step in json.loads(plan.read_text(encoding="utf-8")):
        start = time.perf_counter()
        failure = failure_of(step, names)
        sys.stdout.write(f"[{step['place']}: {time.perf_counter() - start:.1f} s]\n")
        sys.stdout.flush()
        if failure is not None:
            sys.exit(f"{step['place']}: {failure}")


def failure_of(step: dict, names: dict) -> str | None:
    """Run a step; return what went wrong."""
    if step["kind"] == "file":
        Path(step["file"]).parent.mkdir(parents=True, exist_ok=True)
        Path(step["file"]).write_text(step["code"], encoding="utf-8")
    elif step["kind"] == "bash":
        done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", step["code"]])
        return f"bash ended with {done.returncode}" if done.returncode else None
    else:
        try:
            exec(compile("\n" * step["offset"] + step["code"], step["page"], "exec"), names)
        except BaseException:
            return traceback.format_exc()
    return None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
