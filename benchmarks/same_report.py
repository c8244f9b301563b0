"""Whether an audit says the same in every run: the report under several seeds of Python's string hashes.

The order of a set of strings changes from process to process, and an entry point that is not followed to its end tells
what it came to first. So what is interpreted may depend on no such order; this compares whole reports.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys


def report(path: str, seed: int) -> str:
    """All that the audit of a folder writes, as JSON."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "auditor", "--format", "json", "--severity", "note", path],
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"{path}: {done.stderr.strip()}")
    return done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", help="programs, each audited by itself")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    differ = 0
    for path in args.paths:
        kinds = len({report(path, seed) for seed in range(args.seeds)})
        differ += kinds > 1
        print(f"{kinds} of {args.seeds} reports differ" if kinds > 1 else "the same report", path, flush=True)
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main())
