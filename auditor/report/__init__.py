"""The forms that an outcome is told in, one module a form."""

from auditor.report import concise, json, networks, text

FORMATS = {"text": text.write, "concise": concise.write, "json": json.write}
NETWORK_FORMATS = {"text": networks.write, "json": networks.write_json}

__all__ = ["FORMATS", "NETWORK_FORMATS"]
