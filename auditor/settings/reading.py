"""Finds and reads the table of settings. Everything wrong with it is one line that names the file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import tomli
from pydantic import ValidationError

from auditor.errors import SettingsError, suggestion
from auditor.settings.model import CallableRole, Settings
from auditor.trace import Confidence, Severity

_WORDS = {"min-confidence": Confidence, "severity": Severity, "fail-on": Severity}


def nearest(paths: Sequence[str]) -> Settings:
    """The settings of the first `pyproject.toml` with a `[tool.auditor]` table at or above what all paths share."""
    try:
        shared = Path(os.path.commonpath([os.path.abspath(path) for path in paths]))  # noqa: PTH100 - keeps links
    except ValueError:  # on two drives
        return Settings()
    for folder in (shared, *shared.parents):
        file = folder / "pyproject.toml"
        if _is_there(file) and (table := _table(file)) is not None:
            return validated(table, str(file), folder)
    return Settings()


def read(file: Path) -> Settings:
    """The settings of a file that the user names: a `[tool.auditor]` table, or else, in any but a `pyproject.toml`, all
    of it."""
    table = _table(file)
    if table is None and file.name == "pyproject.toml":
        raise SettingsError(f"{file} has no [tool.auditor] table")
    return validated(_parsed(file) if table is None else table, str(file), file.absolute().parent)


def validated(table: Mapping[str, Any], where: str, folder: Path) -> Settings:
    """Raises `SettingsError` for the first thing in a table that is not understood."""
    keys = [field.alias or name for name, field in Settings.model_fields.items() if not field.exclude]
    for key in table:
        if key not in keys:
            raise SettingsError(f"{where}: `{key}` is no setting{suggestion(key, keys)}")
    _check_callables(table.get("callables", {}), where)
    try:
        return Settings.model_validate({**table, "folder": folder})
    except ValidationError as error:
        raise SettingsError(f"{where}: {_complaint(error)}") from error


def _check_callables(callables: object, where: str) -> None:
    roles = get_args(CallableRole)
    if not isinstance(callables, dict):
        raise SettingsError(f"{where}: `callables` is a table of dotted name to role, not {callables!r}")
    for name, role in callables.items():
        if isinstance(role, dict):
            raise SettingsError(f'{where}: callables: a name stands in quotes (`"{name}.{next(iter(role), "")}"`)')
        if not all(part.isidentifier() for part in name.split(".")):
            raise SettingsError(f"{where}: callables: `{name}` is no dotted name (write `module.function`)")
        if "." not in name:
            raise SettingsError(f"{where}: callables: `{name}` names no module (did you mean `module.{name}`?)")
        if role not in roles:
            close = suggestion(role, roles) if isinstance(role, str) else ""
            raise SettingsError(f"{where}: callables: `{name}` is one of {', '.join(roles)}, not {role!r}{close}")


def _complaint(error: ValidationError) -> str:
    first = error.errors()[0]
    key = str(first["loc"][0])
    if key in _WORDS:
        words = ", ".join(str(word) for word in _WORDS[key])
        return f"`{key}` is one of {words}, not {first['input']!r}"
    if key in ("training-rows", "capacity"):
        name = ".".join(str(part) for part in first["loc"])
        return f"`{name}`: {first['msg'].lower()}, not {first['input']!r}"
    wanted = "a table of pattern to list of rules" if key == "per-file-ignores" else "a list of strings"
    return f"`{key}` is {wanted}, not {first['input']!r}"


def _is_there(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:
        return False  # above a project may be folders that nobody may look into


def _table(file: Path) -> Mapping[str, Any] | None:
    tool = _parsed(file).get("tool")
    table = tool.get("auditor") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise SettingsError(f"{file}: tool.auditor is a table, not {table!r}")
    return table


def _parsed(file: Path) -> dict[str, Any]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is not valid UTF-8, which TOML has to be") from error
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise SettingsError(f"{file}:{_line(str(error), text)}: is not valid TOML: {error}") from error


def _line(message: str, text: str) -> int:
    found = re.search(r"at line (\d+)", message)
    return int(found.group(1)) if found else text.count("\n") + 1
