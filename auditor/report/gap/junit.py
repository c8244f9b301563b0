"""JUnit XML for CI systems: a test case for each gate, and for the measurement itself.

The format has no standard; this is what Jenkins, GitLab and the common actions for GitHub read (testsuites, testsuite,
testcase, failure, skipped, system-out). Inconclusive gates are skipped tests.
"""

from __future__ import annotations

import io
from typing import TextIO
from xml.etree import ElementTree as ET

from auditor.probe.gap_report import GapReport
from auditor.report.gap import text
from auditor.report.printable import printable


def write(report: GapReport, out: TextIO, color: bool | None = None) -> None:
    failures = sum(gate.outcome == "failed" for gate in report.gates)
    skipped = sum(gate.outcome == "inconclusive" for gate in report.gates)
    counts = {"tests": str(len(report.gates) + 1), "failures": str(failures), "skipped": str(skipped), "errors": "0"}
    suites = ET.Element("testsuites", {"name": "audit probe", **counts})
    suite = ET.SubElement(suites, "testsuite", {"name": printable(report.experiment), **counts})
    for quantity, gap in report.gap.items():
        properties = suite.find("properties")
        if properties is None:
            properties = ET.SubElement(suite, "properties")
        ET.SubElement(properties, "property", {"name": f"gap.{printable(quantity)}", "value": repr(gap.value)})
    measured = ET.SubElement(suite, "testcase", {"classname": printable(report.experiment), "name": "measured"})
    ET.SubElement(measured, "system-out").text = _told(report)
    for gate in report.gates:
        case = ET.SubElement(suite, "testcase", {"classname": printable(report.experiment), "name": gate.name})
        if gate.outcome == "failed":
            ET.SubElement(case, "failure", {"message": printable(gate.message), "type": "gap"})
        elif gate.outcome == "inconclusive":
            ET.SubElement(case, "skipped", {"message": printable(gate.message)})
    ET.indent(suites)
    out.write('<?xml version="1.0" encoding="utf-8"?>\n')
    out.write(ET.tostring(suites, encoding="unicode") + "\n")


def _told(report: GapReport) -> str:
    written = io.StringIO()
    text.write(report, written, False)
    return written.getvalue()
