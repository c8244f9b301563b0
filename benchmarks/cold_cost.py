"""What a cold audit costs on one core, as a ratio to bare parsing of the same files.

Each path is a program of its own. Each side runs in a process of its own, in turn, and the medians are compared; the
ratio at the end is that of the sums over all programs.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Figures:
    """What one program costs on both sides: medians over the rounds."""

    path: str
    files: int
    lines: int
    parsing: float
    telling: float
    whole: float
    peaks: tuple[float, float]

    def __str__(self) -> str:
        bare, ours = self.peaks
        return (
            f"{self.whole / self.parsing:6.2f}x  {self.files:5} files {self.lines:7} lines"
            f"  bare {self.parsing:6.2f} s  audit {self.whole:6.2f} s (telling {self.telling:6.2f} s)"
            f"  peak {bare:4.0f} MB / {ours:4.0f} MB  {self.path}"
        )


def measured(path: str, rounds: int) -> Figures | None:
    """One program; None where no Python file is below the path."""
    files = readable([path])
    if not files:
        return None
    lines = sum(Path(file).read_bytes().count(b"\n") for file in files)
    pairs = [(run("bare", files), run("audited", files)) for _ in range(rounds)]
    return Figures(
        path,
        len(files),
        lines,
        statistics.median(theirs["seconds"] for theirs, _ in pairs),
        statistics.median(ours["telling"] for _, ours in pairs),
        statistics.median(ours["seconds"] for _, ours in pairs),
        (max(theirs["peak_mb"] for theirs, _ in pairs), max(ours["peak_mb"] for _, ours in pairs)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", help="each is a program of its own")
    parser.add_argument("--side", choices=["bare", "audited"], help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if args.side:
        child(args.side, sys.stdin.read().splitlines())
        return
    programs: list[Figures] = []
    for path in args.paths:
        figures = measured(path, args.rounds)
        if figures is None:
            print(f"no Python file below {path}", file=sys.stderr)
            continue
        programs.append(figures)
        print(figures, flush=True)
    assert programs, "no Python file below these paths"
    whole = sum(one.whole for one in programs)
    parsing = sum(one.parsing for one in programs)
    print(
        f"{whole / parsing:6.2f}x  over {len(programs)} programs, {sum(one.files for one in programs)} files,"
        f" {sum(one.lines for one in programs)} lines: bare libcst.parse_module {parsing:.2f} s,"
        f" cold audit {whole:.2f} s; medians of {args.rounds} rounds;"
        f" most memory {max(one.peaks[0] for one in programs):.0f} MB bare,"
        f" {max(one.peaks[1] for one in programs):.0f} MB audited"
    )


if __name__ == "__main__":
    main()
