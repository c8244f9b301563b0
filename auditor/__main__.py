"""``python -m auditor``: the console script, for an interpreter whose scripts are not on the path."""

import os
import sys

if __name__ == "__main__":
    if sys.path[:1] in ([""], [os.getcwd()]):  # noqa: PTH109  # less to import
        del sys.path[0]  # a file of the user's that is named like a module of the library (`select.py`) would run

    from auditor.cli import main

    sys.exit(main())
