"""Just enough of Python's lexical structure: where logical lines begin and where comments are.

`tokenize` answers the same questions, but not for text that is not Python yet (cells with magics, indentation that has
to be normalised first), and it gives up at the first error. Known limit: a quote of the same kind nested in an f-string
(Python 3.12) reads as the end of one string and the start of the next, which comes out even on any one line.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r"""#|\"{3}|'{3}|["']|[(\[{]|[)\]}]""")
_REST = {quote: re.compile(rf"(?:[^\\]|\\.)*?{quote}") for quote in ('"', "'", '"""', "'''")}


class Lexer:
    """Reads physical lines in order and knows what each begins in."""

    def __init__(self) -> None:
        self._quote = ""
        self._depth = 0
        self._joined = False

    @property
    def fresh(self) -> bool:
        """The next line begins a logical line: no string, bracket or backslash is open."""
        return not (self._quote or self._depth or self._joined)

    def feed(self, line: str) -> int | None:
        """Read one line, without its end. Returns the offset of its comment."""
        position, comment = 0, None
        while comment is None:
            if self._quote:
                rest = _REST[self._quote].match(line, position)
                if rest is None:
                    break
                self._quote, position = "", rest.end()
            elif token := _TOKEN.search(line, position):
                position = token.end()
                comment = self._meet(token)
            else:
                break
        continued = comment is None and line.endswith("\\")
        self._joined = continued and not self._quote
        if len(self._quote) == 1 and not continued:
            self._quote = ""  # an unterminated string: the parser's business, not ours
        return comment

    def _meet(self, token: re.Match[str]) -> int | None:
        found = token.group()
        if found == "#":
            return token.start()
        if found in "([{":
            self._depth += 1
        elif found in ")]}":
            self._depth = max(0, self._depth - 1)
        else:
            self._quote = found
        return None
