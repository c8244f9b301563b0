"""Whether a file is Python at all, asked of the interpreter that runs us: twenty times as fast as a tree of libcst.

Most files under audit name no library that trains anything and are never parsed for the audit. That such a file is
broken should be said all the same.
"""

from __future__ import annotations

import ast
import warnings

import libcst

from auditor.errors import SourceError
from auditor.sources.file import SourceFile

_FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


def complaint(file: SourceFile, *, refused: bool = False) -> SourceError | None:
    """What is wrong with a file, in Python's words; None for one that can be read.

    Syntax that is newer than the running interpreter is left to libcst, which knows it; ``refused`` says that libcst
    has been asked.
    """
    try:
        text = file.text()
    except SourceError as error:
        return error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, file.path, "exec", _FLAGS, dont_inherit=True)
        except SyntaxError as error:
            return _located(file, error) if refused or not _newer(text) else None
        except (RecursionError, MemoryError):
            return None  # deep, not broken
    return None


def _newer(text: str) -> bool:
    try:
        libcst.parse_module(text)
    except libcst.ParserSyntaxError:
        return False
    except RecursionError:
        pass
    return True


def _located(file: SourceFile, error: SyntaxError) -> SourceError:
    line, cell = file.locate(error.lineno or 1)
    return SourceError(file.path, line, f"does not parse: {error.msg}", cell)
