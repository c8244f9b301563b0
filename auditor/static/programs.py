"""Which files belong to one program: those that import each other, and those that name the same file of weights.

A folder under audit may hold many programs. What a rule says to be absent is looked for in the program, and in the
whole folder where a program says nothing of how others would find its weights.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from auditor.static.project import Project

WEIGHTS_FILE = re.compile(
    r"""['"/{}]([\w.-]+\.(?:pt|pth|bin|ckpt|h5|hdf5|keras|pkl|pickle|joblib|safetensors|tar))['"]"""
)


class Programs:
    def __init__(self, project: Project) -> None:
        self._project = project
        self._whole = frozenset(project.units)
        self._known: dict[str, frozenset[str]] | None = None

    def __call__(self, path: str) -> frozenset[str]:
        """The paths of the files that belong to one program with this one."""
        if self._known is None:
            self._known = self._connected()
        return self._known.get(path, self._whole)

    def _connected(self) -> dict[str, frozenset[str]]:
        links: dict[str, set[str]] = defaultdict(set)
        units = {name: self._project.units[name] for name, module in self._project.known() if module is not None}
        for name in units:
            for other in self._imported(name):
                links[name].add(other)
                links[other].add(name)
        named: dict[str, list[str]] = defaultdict(list)
        for name, unit in units.items():
            for file in set(WEIGHTS_FILE.findall(unit.file.text())):
                named[file].append(name)
        for names in named.values():
            for name in names:
                links[name].update(names)
        found: dict[str, frozenset[str]] = {}
        speaking = {name for names in named.values() for name in names}
        for name in units:
            if name not in found:
                together = reached(name, links)
                whole = together if together & speaking else self._whole
                found.update(dict.fromkeys(together, frozenset(whole)))
        return found

    def _imported(self, name: str) -> Iterable[str]:
        module = self._project.module(name)
        for one in module.imports if module is not None else ():
            for dotted in (one.module, f"{one.module}.{one.name}" if one.name else ""):
                unit = self._project.find(name, dotted, one.level) if dotted or one.level else None
                if unit is not None:
                    yield unit.name


def reached(start: str, links: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo.extend(links.get(one, ()))
    return seen
