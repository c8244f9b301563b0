"""The metrics of an experiment: by name, from torchmetrics, or any callable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from auditor.errors import ProbeError
from auditor.probe.curves import Metric
from auditor.probe.experiment import Experiment
from auditor.probe.scoring import Score, Scorer


def scorer(experiment: Experiment) -> tuple[Scorer, tuple[Metric, ...]]:
    """What computes the loss and the metrics, and what the metrics are."""
    given = experiment.metrics
    named: Mapping[str, Any]
    if isinstance(given, Mapping):
        named = given
    else:
        listed = [given] if isinstance(given, str) else list(given)
        named = {one if isinstance(one, str) else name_of(one): one for one in listed}
    scores: dict[str, Score] = {}
    metrics = []
    for name, one in named.items():
        metric, score = by_name(name, one, experiment.loss) if isinstance(one, str) else custom(name, one)
        scores[name] = score
        metrics.append(metric)
    return Scorer(experiment.loss, scores, frozenset({"loss", "accuracy"})), tuple(metrics)


def name_of(metric: Callable[..., Any]) -> str:
    return str(getattr(metric, "__name__", type(metric).__name__))


def custom(name: str, function: Callable[..., Any]) -> tuple[Metric, Score]:
    better = getattr(function, "higher_is_better", True) is not False
    return Metric(name, "higher" if better else "lower"), function


def by_name(name: str, kind: str, loss: Any) -> tuple[Metric, Score]:
    if kind == "accuracy":
        threshold = 0.0 if logits(loss) else 0.5
        return Metric(name, "higher", bounded=True), lambda outputs, targets: accuracy(outputs, targets, threshold)
    raise ProbeError(f"Experiment: no metric is called `{kind}`")


def logits(loss: Any) -> bool:
    """A binary loss reads logits."""
    name = type(loss).__name__ if isinstance(loss, torch.nn.Module) else getattr(loss, "__name__", "")
    return "WithLogits" in name or "with_logits" in name


def accuracy(outputs: torch.Tensor, targets: torch.Tensor, threshold: float) -> torch.Tensor:
    """The share of targets that are predicted, in [0, 1]: the largest class, or over the threshold where outputs and
    targets have one shape."""
    if outputs.shape == targets.shape or outputs.squeeze(-1).shape == targets.shape:
        right = (outputs > threshold).reshape(targets.shape) == (targets > 0.5)
    else:
        right = outputs.argmax(1) == targets
    return right.double().mean()
