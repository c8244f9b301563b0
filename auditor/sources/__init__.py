"""Which files, what Python they hold whatever their form, and the comments that silence a finding."""

from auditor.sources.discovery import Discovery, discover
from auditor.sources.file import SourceFile
from auditor.sources.suppressions import Suppression
from auditor.sources.syntax import complaint

__all__ = ["Discovery", "SourceFile", "Suppression", "complaint", "discover"]
