"""The metrics of an experiment: accuracy, any function of torchmetrics by its name, or a callable."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from auditor.errors import ProbeError, suggestion
from auditor.probe.curves import Metric
from auditor.probe.experiment import Experiment
from auditor.probe.keras_alone import crossed
from auditor.probe.keras_networks import on_torch, scoring
from auditor.probe.rows import Tree, tensors
from auditor.probe.scoring import Score, Scorer

SHORT = {"mae": "mean_absolute_error", "mse": "mean_squared_error", "f1": "f1_score", "r2": "r2_score"}
LINKS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "BCEWithLogitsLoss": lambda outputs: outputs.sigmoid(),
    "binary_cross_entropy_with_logits": lambda outputs: outputs.sigmoid(),
    "CrossEntropyLoss": lambda outputs: outputs.softmax(1),
    "cross_entropy": lambda outputs: outputs.softmax(1),
    "NLLLoss": lambda outputs: outputs.exp(),
    "nll_loss": lambda outputs: outputs.exp(),
}
"""From what a network returns to probabilities, as its loss reads it."""


def scorer(experiment: Experiment, outputs: Tree, targets: Tree) -> tuple[Scorer, tuple[Metric, ...]]:
    """What computes the loss and the metrics, and what the metrics are. ``outputs`` and ``targets`` are of a few rows.

    Raises:
        ProbeError: an unknown name, or a metric that cannot take these outputs and targets.
    """
    given, loss = experiment.metrics, scoring(experiment.loss)
    named: Mapping[str, Any]
    if isinstance(given, Mapping):
        named = given
    else:
        listed = [given] if isinstance(given, str) or callable(given) else list(given)
        named = {one if isinstance(one, str) else title(one): one for one in listed}
    scores: dict[str, Score] = {}
    metrics = []
    for name, one in named.items():
        if name == "loss":
            raise ProbeError("Experiment: a metric cannot be called `loss`; the loss is scored anyway")
        known = by_name(name, one, loss, outputs, targets) if isinstance(one, str) else custom(name, one)
        metrics.append(known[0])
        scores[name] = known[1]
        tried(name, known[1], outputs, targets)
    stateful = {name for name, one in named.items() if hasattr(one, "update") or hasattr(one, "update_state")}
    return Scorer(loss, scores, stateful), tuple(metrics)


def title(metric: Any) -> str:
    """What a metric is called: a function's name, an object's own name or its class's."""
    own = getattr(metric, "__name__", None) or getattr(metric, "name", None)
    return own if isinstance(own, str) else type(metric).__name__


def tried(name: str, score: Score, outputs: Tree, targets: Tree) -> None:
    try:
        float(score(outputs, targets))
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise ProbeError(f"the metric `{name}` cannot take these outputs and targets: {said}") from error


def custom(name: str, function: Any) -> tuple[Metric, Score]:
    """A callable of the user's. Of an object that gathers (torchmetrics, Keras) a copy is asked, emptied each time."""
    better = getattr(function, "higher_is_better", True) is not False
    metric = Metric(name, "higher" if better else "lower")
    if hasattr(function, "update_state"):
        kept = type(function).from_config(function.get_config())
        emptying = emptied(kept.reset_state, kept.update_state, kept.result)
        if on_torch():
            return metric, lambda outputs, targets: emptying(targets, outputs)
        return metric, lambda outputs, targets: emptying(crossed(targets), crossed(outputs))
    if hasattr(function, "update") and hasattr(function, "compute"):
        kept = copy.deepcopy(function)
        return metric, emptied(kept.reset, kept.update, kept.compute)
    return metric, scoring(function)


def emptied(reset: Callable[[], Any], update: Callable[..., Any], result: Callable[[], Any]) -> Score:
    """One score of a metric that gathers."""

    def score(one: Tree, other: Tree) -> Any:
        reset()
        update(one, other)
        return result()

    return score


def by_name(name: str, kind: str, loss: Any, outputs: Tree, targets: Tree) -> tuple[Metric, Score]:
    """Accuracy is our own, so that it can be batched; every other name is torchmetrics'."""
    if kind == "accuracy":
        threshold = 0.0 if spelled(loss).lower().replace("_", "").endswith(("withlogits", "withlogitsloss")) else 0.5
        ignored = getattr(loss, "ignore_index", -100)
        return Metric(name, "higher", bounded=True), partial(accuracy, threshold=threshold, ignored=ignored)
    try:
        from torchmetrics import functional
    except ImportError as error:
        raise ProbeError(
            f"metric `{kind}`: names besides accuracy are torchmetrics'; pip install torchmetrics"
        ) from error
    function = getattr(functional, SHORT.get(kind, kind), None)
    if function is None:
        known = [one for one in dir(functional) if one.islower() and not one.startswith("_")]
        raise ProbeError(f"no metric is called `{kind}`{suggestion(kind, [*known, *SHORT, 'accuracy'])}")
    return from_torchmetrics(name, SHORT.get(kind, kind), function, loss, outputs, targets)


def from_torchmetrics(
    name: str, kind: str, function: Callable[..., Any], loss: Any, outputs: Tree, targets: Tree
) -> tuple[Metric, Score]:
    """A functional metric with its task filled in: binary where outputs and targets have one shape, else multiclass."""
    better, bounded = direction(kind)
    options: dict[str, Any] = {}
    if "task" in inspect.signature(function).parameters:
        flat = logit(outputs)
        if flat.shape == targets.shape or flat.squeeze(-1).shape == targets.shape:
            options = {"task": "binary"}
        else:
            options = {"task": "multiclass", "num_classes": flat.shape[class_dim(flat, targets)]}
            if kind not in ("auroc", "average_precision", "calibration_error"):
                options["average"] = "macro"
    link = LINKS.get(spelled(loss), as_it_is) if options else as_it_is

    def score(outputs: Tree, targets: torch.Tensor) -> torch.Tensor:
        values = link(logit(outputs))
        if options.get("task") == "binary":
            values, targets = values.reshape(targets.shape), targets.long()
        elif options:
            values = values.movedim(class_dim(values, targets), 1)
        return function(values, targets, **options)  # type: ignore[no-any-return]

    return Metric(name, better, bounded), score


def as_it_is(outputs: torch.Tensor) -> torch.Tensor:
    return outputs


def direction(kind: str) -> tuple[Any, bool]:
    """Which way torchmetrics says that a metric improves, and whether it lies in [0, 1]."""
    import torchmetrics

    camel = "".join(word.capitalize() for word in kind.split("_"))
    spellings = {one.lower(): one for one in dir(torchmetrics)}
    found = getattr(torchmetrics, spellings.get(camel.lower(), ""), None)
    higher = getattr(found, "higher_is_better", None)
    if found is not None and higher is None:
        binary = getattr(torchmetrics.classification, f"Binary{found.__name__}", None)
        higher = getattr(binary, "higher_is_better", None)
        found = binary if binary is not None else found
    low, high = getattr(found, "plot_lower_bound", None), getattr(found, "plot_upper_bound", None)
    return ("lower" if higher is False else "higher"), (low, high) == (0.0, 1.0)


def spelled(loss: Any) -> str:
    """A loss's name: of its class or of the function."""
    return type(loss).__name__ if isinstance(loss, torch.nn.Module) else str(getattr(loss, "__name__", ""))


def logit(outputs: Tree) -> torch.Tensor:
    """The tensor that metrics read: the only one, or the one called ``logits``."""
    if isinstance(outputs, torch.Tensor):
        return outputs
    if isinstance(outputs, Mapping) and "logits" in outputs:
        return outputs["logits"]  # type: ignore[no-any-return]
    found = tensors(outputs)
    return found[0]


def class_dim(outputs: torch.Tensor, targets: torch.Tensor) -> int:
    """Where outputs have their classes: dimension 1 as torch's losses want it, else the last."""
    if outputs.shape[:1] + outputs.shape[2:] == targets.shape:
        return 1
    return outputs.ndim - 1


def accuracy(outputs: Tree, targets: torch.Tensor, threshold: float = 0.5, ignored: int = -100) -> torch.Tensor:
    """The share of targets that are predicted, in [0, 1].

    Where outputs and targets have one shape, what is over the threshold is class 1 (one-hot targets are classes: the
    largest wins); else the largest class is compared. Targets of ``ignored`` count in neither way.
    """
    values = logit(outputs)
    if values.ndim == targets.ndim == 2 and values.shape[1] > 1:
        return (values.argmax(1) == targets.argmax(1)).double().mean()
    if values.shape == targets.shape or values.squeeze(-1).shape == targets.shape:
        right = (values > threshold).reshape(targets.shape) == (targets > 0.5)
        return right.double().mean()
    found = values.argmax(class_dim(values, targets))
    truth = targets.reshape(found.shape)
    counted = (truth != ignored).double()
    return ((found == truth).double() * counted).sum() / counted.sum()
