"""One JSON object, and the schema that it follows."""

from __future__ import annotations

import json
from typing import Any, TextIO

from auditor.probe.gap_report import GapReport


def write(report: GapReport, out: TextIO, color: bool | None = None) -> None:
    json.dump(report.model_dump(mode="json"), out, indent=2)  # ASCII only: whatever the encoding of `out`, this arrives
    out.write("\n")


def schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of what `write` writes."""
    told = GapReport.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **told}
