"""``audit schema``: the JSON schema of a gap report."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from auditor.cli.options import Parser
from auditor.report.gap.json import schema


def run(words: Sequence[str]) -> int:
    Parser(
        prog="audit schema",
        description="Prints the JSON schema of what `audit probe --format json` writes.",
        allow_abbrev=False,
    ).parse(words)
    json.dump(schema(), sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0
