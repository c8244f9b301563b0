"""Where the nodes of a libcst tree stand, for the few that a report names.

libcst's own provider writes the whole module out again and remembers where each of its nodes began and ended, white
space too: nearly twice the cost of parsing it. This one writes it out in the same way, counts instead of collecting
the text, and remembers what libcst itself calls a syntactic position, and the nodes that it was asked for: a fifth.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType

import libcst as cst
from libcst.metadata import CodePosition, CodeRange
from libcst.metadata.position_provider import NEWLINE_RE, PositionProvidingCodegenState

Found = dict[cst.CSTNode, CodeRange]


def positions(module: cst.Module, wanted: Iterable[cst.CSTNode]) -> Found:
    """The range of each wanted node that the module holds, as libcst's ``PositionProvider`` gives it."""
    wanted = frozenset(wanted)
    counting = _Counting(module, wanted)
    module._codegen(counting)  # as libcst's providers do
    return {node: found for node, found in counting.found.items() if node in wanted}


class _Counting(PositionProvidingCodegenState):
    def __init__(self, module: cst.Module, wanted: frozenset[cst.CSTNode]) -> None:
        self.indent_tokens: list[str] = []
        self.tokens: list[str] = []
        self.line = 1
        self.column = 0
        self.default_indent = module.default_indent
        self.default_newline = module.default_newline
        self.wanted = wanted
        self.begun: list[CodePosition] = []
        self.found: Found = {}
        self.ended: dict[cst.CSTNode, tuple[int, int]] = {}

    def add_indent_tokens(self) -> None:
        self.column += sum(map(len, self.indent_tokens))

    def add_token(self, value: str) -> None:
        lines = NEWLINE_RE.split(value) if "\n" in value or "\r" in value else ()
        if lines:
            self.line += len(lines) - 1
            self.column = len(lines[-1])
        else:
            self.column += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        if node in self.wanted:
            self.begun.append(CodePosition(self.line, self.column))

    def after_codegen(self, node: cst.CSTNode) -> None:
        if node in self.wanted:
            start = self.begun.pop()
            self.found.setdefault(node, CodeRange(start, CodePosition(self.line, self.column)))
        self.ended[node] = self.line, self.column

    def record_syntactic_position(  # type: ignore[override]  # entered and left like theirs
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> _Syntactic:
        return _Syntactic(self, node, start_node, end_node)


class _Syntactic:
    """One node, from its first to its last token; or to those of its parts that it begins and ends with."""

    __slots__ = ("began", "first", "last", "node", "state")

    def __init__(
        self, state: _Counting, node: cst.CSTNode, first: cst.CSTNode | None, last: cst.CSTNode | None
    ) -> None:
        self.state = state
        self.node = node
        self.first = first
        self.last = last

    def __enter__(self) -> None:
        self.began = CodePosition(self.state.line, self.state.column)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        state = self.state
        start = state.found[self.first].start if self.first is not None else self.began
        last = state.found.get(self.last) if self.last is not None else None
        if last is not None:
            end = last.end
        elif self.last is not None:
            end = CodePosition(*state.ended[self.last])
        else:
            end = CodePosition(state.line, state.column)
        state.found[self.node] = CodeRange(start, end)
