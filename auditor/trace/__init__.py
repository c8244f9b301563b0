"""The vocabulary that both witnesses tell their story in and all rules judge. Imports nothing else of ours."""

from auditor.trace.events import (
    Accumulate,
    Apply,
    Build,
    Compare,
    Event,
    Forward,
    Grad,
    Mode,
    ModeName,
    Sink,
    SinkKind,
    Step,
    Switch,
    Train,
)
from auditor.trace.findings import Confidence, Edit, Evidence, Finding, Fix, Severity
from auditor.trace.networks import Layer, Model, Network, Sensitivity
from auditor.trace.places import Place, Source, Span
from auditor.trace.rule import Report, Rule, rule
from auditor.trace.trace import Trace

__all__ = [
    "Accumulate",
    "Apply",
    "Build",
    "Compare",
    "Confidence",
    "Edit",
    "Event",
    "Evidence",
    "Finding",
    "Fix",
    "Forward",
    "Grad",
    "Layer",
    "Mode",
    "ModeName",
    "Model",
    "Network",
    "Place",
    "Report",
    "Rule",
    "Sensitivity",
    "Severity",
    "Sink",
    "SinkKind",
    "Source",
    "Span",
    "Step",
    "Switch",
    "Trace",
    "Train",
    "rule",
]
