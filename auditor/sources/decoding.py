"""From the bytes of a file to text, as PEP 263 has it.

https://peps.python.org/pep-0263/
"""

from __future__ import annotations

import io
import tokenize

from auditor.errors import SourceError

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def decoded(data: bytes, path: str) -> str:
    """The text with ``\\n`` line ends. A byte order mark is dropped.

    A lone carriage return ends a line too, as it does for Python and for editors.
    """
    if data.startswith(_UTF16):
        raise SourceError(path, 1, "is UTF-16, which Python does not run; save it as UTF-8")
    null = data.find(b"\0")
    if null >= 0:
        raise SourceError(path, _line(data, null), "holds a null byte, so it is no Python source")
    return newlines(_text(data, path))


def newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _text(data: bytes, path: str) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:
        return _undeclared(data, path)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise SourceError(path, _line(data, error.start), f"is not valid {encoding}") from error
    except (LookupError, UnicodeError) as error:
        raise SourceError(path, 1, f"declares the encoding {encoding}, which is not one of text") from error


def _undeclared(data: bytes, path: str) -> str:
    """What `detect_encoding` refused: a first line that is not the UTF-8 it has to be, or an encoding of a package.

    Encodings that packages register (``future_fstrings``) rewrite sources that are UTF-8.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = "is not valid UTF-8 and declares no encoding that is known"
        raise SourceError(path, _line(data, error.start), message) from error


def _line(data: bytes, offset: int) -> int:
    return newlines(data[:offset].decode("latin-1")).count("\n") + 1
