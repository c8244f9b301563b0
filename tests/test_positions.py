"""Our positions are those of libcst's own provider."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider

from auditor.static.lowering import Lowering
from auditor.static.positions import positions

ROOT = Path(__file__).parent.parent
FILES = sorted(
    {file for folder in ("auditor/static", "fixtures/projects", "tests") for file in (ROOT / folder).rglob("*.py")}
)
ODD = '''\
x = (f(a)
     .b(c)
     )  # a comment
if x: y = 1; z = [  # 2
    g(h),
]
@wrapped(1)
async def run(
    *rest, key=lambda q: q,
) -> None:
\tasync with a as b, c as (d, e):
\t\treturn f"""{b!r:>{d}}
{e}""" \\
            "more"
class A(
    B,
): """doc
    string"""
'''


def same(text: str) -> int:
    wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    lowering = Lowering("module", keep=True)
    lowering.lower(wrapper.module)
    assert lowering.nodes is not None
    theirs = wrapper.resolve(PositionProvider)
    assert positions(wrapper.module, lowering.nodes) == {
        node: theirs[node] for node in lowering.nodes if node in theirs
    }
    return len(lowering.nodes)


@pytest.mark.parametrize("text", [ODD, ODD.replace("\n", "\r\n"), "x = 1", "\n\nf(\n)\n"])
def test_odd_layouts(text: str) -> None:
    assert same(text)


def test_real_files() -> None:
    assert sum(same(file.read_text(encoding="utf-8")) for file in FILES[::4]) > 5_000
