"""``python -m auditor``: the console script, for an interpreter whose scripts are not on the path."""

import sys

from auditor.cli import main

if __name__ == "__main__":
    sys.exit(main())
