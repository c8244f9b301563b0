"""The command line. One module a command; `audit` needs no name."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from auditor.errors import AuditorError, one_line

COMMANDS = ("explain", "networks", "probe", "schema")
"""The words that are a command when they come first. Each names a module here with `run(arguments) -> exit code`."""

INTERRUPTED = 130
_PIPE_CLOSED = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 nothing to fail on, 1 findings or a failed gate, 2 the audit could not be done, 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal's encoding is no reason to end
    try:
        code = _run(words)
        sys.stdout.flush()
    except AuditorError as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more at exit; there is nobody left to read it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    except Exception as error:
        if os.environ.get("AUDITOR_TRACEBACK"):
            raise
        say(f"internal error: {one_line(error)}; please report it with what AUDITOR_TRACEBACK=1 shows")
        return 2
    return code


def say(message: str) -> None:
    """A line on stderr, which is for people; stdout is for the report."""
    print(f"audit: {message}", file=sys.stderr)


def _run(words: list[str]) -> int:
    command = "audit"
    if words and words[0] in COMMANDS:
        command = words.pop(0)
        if Path(command).exists():
            say(f"`{command}` is a command; to audit what is called so here: audit ./{command}")
    # Imported when needed: explaining a rule should not wait for the interpreter.
    run = importlib.import_module(f"auditor.cli.{command}").run
    return int(run(words))
