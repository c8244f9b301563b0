"""The forms that an outcome is told in, one module a form."""

from auditor.report import concise, json, text

FORMATS = {"text": text.write, "concise": concise.write, "json": json.write}

__all__ = ["FORMATS"]
