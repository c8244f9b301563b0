"""What git would not look at: `.gitignore` files from the root of the repository down to a folder."""

from __future__ import annotations

from pathlib import Path

from pathspec import GitIgnoreSpec

from auditor.errors import UsageError


class Ignored:
    """The patterns in force in one folder. A deeper file wins over an outer one, a later line over an earlier."""

    def __init__(self, specs: tuple[tuple[str, GitIgnoreSpec], ...] = ()) -> None:
        self._specs = specs

    @classmethod
    def above(cls, folder: Path) -> Ignored:
        """The patterns of the repository around a folder; none outside of one, or when they ignore the folder."""
        root = next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), None)
        if root is None or root == folder:
            return cls()
        found = cls()._with(root, root / ".git" / "info" / "exclude")
        for parent in reversed(folder.parents):
            if parent == root or root in parent.parents:
                found = found.below(parent)
                child = parent / folder.relative_to(parent).parts[0]
                if found.covers(child, is_folder=True):
                    return cls()  # its owner asks for it by name
        return found

    def below(self, folder: Path) -> Ignored:
        """With the patterns of a folder's own `.gitignore`."""
        return self._with(folder, folder / ".gitignore")

    def _with(self, folder: Path, file: Path) -> Ignored:
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return self
        valid = [line for line in lines if _is_pattern(line)]
        return Ignored((*self._specs, (str(folder), GitIgnoreSpec.from_lines(valid)))) if valid else self

    def covers(self, path: Path, *, is_folder: bool) -> bool:
        for folder, spec in reversed(self._specs):
            relative = str(path)[len(folder) :].lstrip("/\\").replace("\\", "/")
            verdict = spec.check_file(relative + "/" * is_folder).include
            if verdict is not None:
                return verdict
        return False


class Excluded:
    """Patterns of the form of a `.gitignore` line, relative to a folder."""

    def __init__(self, patterns: tuple[str, ...], folder: Path) -> None:
        for pattern in patterns:
            if not _is_pattern(pattern):
                raise UsageError(f"`{pattern}` is no pattern to exclude by; write it as in a .gitignore")
        self._spec = GitIgnoreSpec.from_lines(patterns)
        self._folder = folder

    def __bool__(self) -> bool:
        return len(self._spec) > 0

    def covers(self, path: Path, *, is_folder: bool = False) -> bool:
        if self._folder not in path.parents:
            return False
        return self._spec.match_file(path.relative_to(self._folder).as_posix() + "/" * is_folder)


def _is_pattern(line: str) -> bool:
    """Git skips a pattern that it cannot read; so do we, one line at a time."""
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True
