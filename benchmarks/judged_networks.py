"""What the audit says about networks from public repositories that were judged by hand, before its rule existed.

`networks.csv`, beside this file, holds a verdict for each network: `warn`, `note` or `silent`. A finding is taken for a
network's when it stands in its file within five lines of it, or anywhere in a file or notebook cell that holds no
other judged network: the audit may point at the layer, at the class or at the fit. Nothing that was fetched is run.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAYINGS = ["silent", "note", "warn"]  # from mild to severe
SEVERITIES = {"note": "note", "warning": "warn", "error": "warn"}
NEAR = 5  # lines between a judged layer and what a finding points at
LAYOUTS = ["{0}/{1}", "{0}/{1}.git", "{0}+{1}", "{0}+{1}/repo"]
READ = (".py", ".ipynb")
LONGEST = 600  # seconds for one repository


@dataclass(frozen=True)
class Network:
    """One judged network: where it is, and what an experienced reader would say about its size."""

    repository: str
    commit: str
    path: str
    cell: int | None
    line: int
    kind: str
    verdict: str

    def __str__(self) -> str:
        cell = "" if self.cell is None else f"cell {self.cell}:"
        return f"{self.repository} {self.path}:{cell}{self.line}"


@dataclass(frozen=True)
class Said:
    """One finding, with its severity in the words of the verdicts."""

    path: str
    cell: int | None
    line: int
    saying: str

    def __str__(self) -> str:
        cell = "" if self.cell is None else f"cell {self.cell}:"
        return f"{self.saying:6} {self.path}:{cell}{self.line}"


def judged() -> list[Network]:
    with Path(__file__).with_name("networks.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    networks = [
        Network(
            row["repository"],
            row["commit"],
            row["path"],
            int(row["cell"]) if row["cell"] else None,
            int(row["line"]),
            row["kind"],
            row["verdict"],
        )
        for row in rows
    ]
    assert all(network.verdict in SAYINGS for network in networks)
    return networks


def clone_of(repository: str, clones: Path) -> Path:
    """Where a repository was cloned.

    Raises:
        RuntimeError: nowhere below `clones`.
    """
    owner, name = repository.split("/")
    for layout in LAYOUTS:
        folder = clones / layout.format(owner, name)
        if (folder / ".git").exists() or (folder / "HEAD").is_file():
            return folder
    raise RuntimeError(f"no clone in {clones}")


def lay_out(clone: Path, commit: str, tree: Path) -> None:
    """Write the Python files and notebooks of a commit below `tree`; what a partial clone lacks is left out."""
    git = ["git", "-C", str(clone)]
    listing = subprocess.run([*git, "ls-tree", "-rz", commit], capture_output=True, check=True)  # noqa: S603
    for entry in listing.stdout.decode("utf-8", "replace").split("\0"):
        about, _, path = entry.partition("\t")
        if about.startswith("100") and path.endswith(READ):  # no links, no submodules
            blob = subprocess.run([*git, "cat-file", "blob", about.split()[2]], capture_output=True, check=False)  # noqa: S603
            if blob.returncode == 0:
                target = tree / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(blob.stdout)


def findings(tree: Path, paths: list[str], code: str) -> list[Said]:
    """What the audit says with one rule.

    Raises:
        RuntimeError: the audit could not finish, or took too long.
    """
    command = [sys.executable, "-m", "auditor", "--format", "json", "--select", code, "--severity", "note"]
    command += ["--", *paths]
    try:
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=LONGEST, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"not finished after {LONGEST} s") from None
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr.strip() or f"exit code {done.returncode}")
    document: dict[str, Any] = json.loads(done.stdout)
    return [
        Said(it["path"], it.get("cell"), it["line"], SEVERITIES[it["severity"]])
        for it in document["findings"]
        if it["code"] == code
    ]


def meant(said: Said, networks: list[Network]) -> Network | None:
    """The judged network that a finding is about, if any."""
    here = [network for network in networks if network.path == said.path]
    beside = [network for network in here if network.cell == said.cell]
    near = [network for network in beside if abs(network.line - said.line) <= NEAR]
    if near:
        return min(near, key=lambda network: abs(network.line - said.line))
    alone = beside or here
    return alone[0] if len(alone) == 1 else None


def percentage(part: int, whole: int) -> str:
    return f"{part}/{whole} ({part / whole:.0%})" if whole else "0/0"


def totals(sayings: dict[Network, str]) -> None:
    counts = Counter((network.verdict, said) for network, said in sayings.items())
    print(f"\n{'':8}" + "".join(f"{'said ' + said:>12}" for said in SAYINGS))
    for verdict in SAYINGS:
        print(f"{verdict:8}" + "".join(f"{counts[verdict, said]:12}" for said in SAYINGS))
    warned = sum(counts[verdict, "warn"] for verdict in SAYINGS)
    deserved = sum(counts["warn", said] for said in SAYINGS)
    print(f"\nprecision of warnings {percentage(counts['warn', 'warn'], warned)}", end=", ")
    print(f"recall {percentage(counts['warn', 'warn'], deserved)}")
    traps = Counter(said for network, said in sayings.items() if network.kind != "supervised")
    print(f"false alarms on {traps.total()} traps: {traps['warn']} warnings, {traps['note']} notes")


def asked(networks: list[Network], clone: Path, code: str, *, files: bool) -> tuple[dict[Network, str], list[Said]]:
    """What was said of each network of one commit, and what was said elsewhere in the judged files.

    Raises:
        RuntimeError: the audit could not finish, or took too long.
    """
    paths = {network.path for network in networks}
    with tempfile.TemporaryDirectory() as folder:
        lay_out(clone, networks[0].commit, Path(folder))
        said = findings(Path(folder), sorted(paths) if files else ["."], code)
    sayings = dict.fromkeys(networks, "silent")
    elsewhere = []
    for one in said:
        network = meant(one, networks)
        if network is not None:
            sayings[network] = max(sayings[network], one.saying, key=SAYINGS.index)
        elif one.path in paths:
            elsewhere.append(one)
    return sayings, elsewhere


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clones", type=Path, required=True, metavar="DIR", help="clones, as OWNER/NAME or OWNER+NAME")
    parser.add_argument("--code", default="REG001", help="the rule that is asked (default: %(default)s)")
    parser.add_argument("--only", metavar="TEXT", default="", help="repositories whose name holds this")
    parser.add_argument("--files", action="store_true", help="audit the judged files alone, not the repositories")
    args = parser.parse_args()
    commits: defaultdict[tuple[str, str], list[Network]] = defaultdict(list)
    for network in judged():
        if args.only in network.repository:
            commits[network.repository, network.commit].append(network)
    sayings: dict[Network, str] = {}
    strays: list[str] = []
    for (repository, _), networks in commits.items():
        started = time.monotonic()
        try:
            said, elsewhere = asked(networks, clone_of(repository, args.clones), args.code, files=args.files)
        except RuntimeError as error:
            print(f"{repository}: left out: {error}", file=sys.stderr)
            continue
        print(f"{repository}: {time.monotonic() - started:.1f} s", file=sys.stderr)
        for network, saying in said.items():
            mark = " " if saying == network.verdict else "x"
            print(f"{mark} {network.verdict:6} said {saying:6} {network.kind:15} {network}", flush=True)
        strays += [f"{repository} {one}" for one in elsewhere]
        sayings |= said
    asked_of = sum(len(networks) for networks in commits.values())
    if len(sayings) < asked_of:
        print(f"\nonly {len(sayings)} of {asked_of} networks were audited")
    totals(sayings)
    for line in strays:
        print(f"elsewhere in a judged file: {line}")


if __name__ == "__main__":
    main()
