"""``async`` as a name, as code for Python up to 3.6 had it: ``images.cuda(async=True)``.

It became a keyword in Python 3.7 (https://docs.python.org/3/whatsnew/3.7.html), which neither CPython nor libcst takes
for a name.
"""

from __future__ import annotations

import ast
import re
import warnings

_NAMED = re.compile(r"\basync(?=\s*(?:=(?!=)|[,:)\]]))|(?<=\.)async\b")
_STANDS_FOR_IT = "asyn_"
"""As long, so that the columns stay."""


def renamed(text: str) -> str:
    """The text with another name for ``async``, where it is one and keeps the text from being read."""
    if not _NAMED.search(text) or _reads(text):
        return text
    other = _NAMED.sub(_STANDS_FOR_IT, text)
    return other if _reads(other) else text


def _reads(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, "", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except (SyntaxError, RecursionError, MemoryError):
            return False
    return True
