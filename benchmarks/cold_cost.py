"""What a cold audit costs on one core, as a ratio to bare parsing of the same files.

Each side runs in a process of its own, in turn, and the medians are compared.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path


def readable(paths: list[str]) -> list[str]:
    """The files that both sides can read."""
    import libcst

    from auditor.sources import discover

    found = []
    for file in discover(paths).files:
        if file.path.endswith(".py"):
            try:
                libcst.parse_module(file.text())
            except Exception:  # noqa: BLE001, S112  # whatever libcst refuses is left out of both sides
                continue
            found.append(str(file.file))
    return found


def bare(files: list[str]) -> dict[str, float]:
    import libcst

    texts = [Path(file).read_text("utf-8", "replace") for file in files]
    started = time.process_time()
    for text in texts:
        libcst.parse_module(text)
    return {"seconds": time.process_time() - started}


def audited(files: list[str]) -> dict[str, float]:
    from auditor import rulebook
    from auditor.sources import discover
    from auditor.static import tell

    found = discover(files).files
    rules = rulebook.discover()
    started = time.process_time()
    telling = tell(found)
    told = time.process_time()
    judgement = rulebook.judge(telling.trace, rules)
    spent = time.process_time()
    return {"seconds": spent - started, "telling": told - started, "findings": len(judgement.findings)}


def child(side: str, files: list[str]) -> None:
    figures = {"bare": bare, "audited": audited}[side](files)
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(figures))


def run(side: str, files: list[str]) -> dict[str, float]:
    done = subprocess.run(  # noqa: S603
        [sys.executable, __file__, "--side", side, "-"],
        input="\n".join(files),
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--side", choices=["bare", "audited"], help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if args.side:
        child(args.side, sys.stdin.read().splitlines())
        return
    files = readable(args.paths)
    assert files, "no Python file below these paths"
    lines = sum(Path(file).read_bytes().count(b"\n") for file in files)
    rounds = [(run("bare", files), run("audited", files)) for _ in range(args.rounds)]
    ratio = statistics.median(ours["seconds"] / theirs["seconds"] for theirs, ours in rounds)
    parsing = statistics.median(theirs["seconds"] for theirs, _ in rounds)
    telling = statistics.median(ours["telling"] for _, ours in rounds)
    whole = statistics.median(ours["seconds"] for _, ours in rounds)
    print(f"{len(files)} files, {lines} lines, {args.rounds} rounds")
    print(f"bare libcst.parse_module {parsing:.2f} s, cold audit {whole:.2f} s (telling {telling:.2f} s): {ratio:.2f}x")
    print(f"peak memory {rounds[0][0]['peak_mb']:.0f} MB bare, {rounds[0][1]['peak_mb']:.0f} MB audited")


if __name__ == "__main__":
    main()
