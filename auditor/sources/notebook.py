"""The code cells of a Jupyter notebook, formats 3 and 4.

https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from auditor.errors import SourceError
from auditor.sources.decoding import decoded, newlines


def code_cells(data: bytes, path: str) -> list[str]:
    """The sources of the code cells in order; none when the notebook's language is not Python."""
    text = decoded(data, path)
    if not text.strip():
        return []  # Jupyter makes new notebooks as empty files
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        raise SourceError(path, error.lineno, f"is not a notebook: {error.msg}") from error
    except RecursionError as error:
        raise SourceError(path, 1, "is not a notebook: nested too deeply") from error
    if not isinstance(notebook, dict):
        raise SourceError(path, 1, "is not a notebook: a JSON object is wanted")
    if _language(notebook) != "python":
        return []
    return [newlines(_joined(cell)) for cell in _cells(notebook) if cell.get("cell_type") == "code"]


def _cells(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    sheets = [notebook, *(_list(notebook, "worksheets"))]
    for sheet in sheets:
        yield from (cell for cell in _list(sheet, "cells") if isinstance(cell, dict))


def _list(of: object, key: str) -> list[Any]:
    found = of.get(key) if isinstance(of, dict) else None
    return found if isinstance(found, list) else []


def _joined(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        return "".join(str(line) for line in source)
    return source if isinstance(source, str) else ""


def _language(notebook: dict[str, Any]) -> str:
    """Python unless the notebook says otherwise."""
    metadata = notebook.get("metadata")
    if not isinstance(metadata, dict):
        return "python"
    for section, key in (("language_info", "name"), ("kernelspec", "language")):
        named = metadata.get(section)
        if isinstance(named, dict) and isinstance(named.get(key), str):
            return "python" if "python" in named[key].lower() else str(named[key]).lower()
    return "python"
