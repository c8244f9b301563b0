"""Audits training code: can its reported accuracy be trusted, and which change would measurably help?"""

from pathlib import Path

__version__ = "0.1.0"

# In a wheel the built-in rules are `auditor/rules`; in a checkout they stand beside the package, as `rules`.
# Appending the checkout's root makes `auditor.rules` their one name in both.
_HERE = Path(__file__).parent
if not (_HERE / "rules").is_dir():
    __path__.append(str(_HERE.parent))
