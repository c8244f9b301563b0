"""The forms that a gap report is told in, one module a form. Each writes ``(report, out, color)``."""

from auditor.report.gap import json, junit, markdown, text

FORMATS = {"text": text.write, "json": json.write, "markdown": markdown.write, "junit": junit.write}

__all__ = ["FORMATS"]
