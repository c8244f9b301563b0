"""Functional dropout inside a network's forward does not follow the network's mode.

## What it finds

A functional dropout, or attention with a dropout rate, in the forward of a network, that is not told whether the
network is being trained: its flag is left at a default that means "training", or is a literal `True`, or there is
no flag and the rate stays the same in both modes.

## Why it matters

`model.eval()` cannot reach it. Units are dropped in validation, in testing and in production, each score is a draw
of a noisy number, and the gap between training and validation is measured on a network that nobody wants to use.

## Bad

```python
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(20, 64)
        self.out = nn.Linear(64, 2)

    def forward(self, x):
        return self.out(F.dropout(torch.relu(self.hidden(x)), p=0.4))
```

## Good

```python
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(20, 64)
        self.out = nn.Linear(64, 2)

    def forward(self, x):
        hidden = torch.relu(self.hidden(x))
        return self.out(F.dropout(hidden, p=0.4, training=self.training))
```

## Not reported

Calls that hand on `self.training`, stand under `if self.training`, or take a rate that depends on it; functions
that are no part of a network's forward; a rate of 0 that is written out (one that is 0 by default, and follows no mode
when it is asked for, is a warning). A literal `training=True` is somebody's choice and a note; a comment in the same
function that says so (Monte-Carlo dropout, variety in generated speech) silences it.

## Sources

- PyTorch, `torch.nn.functional.dropout`:
  <https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html>
- PyTorch, `scaled_dot_product_attention`, "Dropout is always applied according to the specified `dropout_p`":
  <https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html>
- Gal and Ghahramani, *Dropout as a Bayesian Approximation*, ICML (2016), for dropout that is on by intention
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.trace import Apply, Confidence, Edit, Evidence, Fix, Report, Severity, Trace, rule

ON_PURPOSE = re.compile(
    r"purpose|intention|deliberate|intended|monte.?carlo|\bmc\b|bayes|uncertain|variety|always (on|active|appl|use)"
    r"|even (at|in|during|when|if) |(at|in|during) (inference|eval|test|generation|sampling)|keep|\bstays?\b|not a bug",
    re.IGNORECASE,
)


@rule("EVA004", "functional-dropout-always-on", Severity.ERROR)
def functional_dropout_always_on(trace: Trace) -> Iterator[Report]:
    switched_off = [one for one in trace.all(Apply) if one.active == "always" and one.owner and one.layer is None]
    follows = {one.place for one in trace.all(Apply) if one.active == "mode"}
    meant = {one.function for one in switched_off if ON_PURPOSE.search(one.place.source.remark(one.place.node))}
    for apply in switched_off:
        if apply.sensitivity == "normalisation" or apply.function in meant or apply.place in follows:
            continue
        yield Report(
            apply.place,
            message(apply),
            tuple(Evidence(place, "called from here") for place in apply.chain[-3:]),
            Confidence.MEDIUM if apply.idle else Confidence.HIGH,
            severity=Severity.NOTE if apply.literal else Severity.WARNING if apply.idle else None,
            fix=fix(apply),
        )


def message(apply: Apply) -> str:
    name = apply.operation.rpartition(".")[2]
    effect = f"`{name}` in the forward of `{apply.owner}` is active in eval mode too"
    if apply.literal:
        return f"{effect}: `{apply.flag}=True` is written out. If it is meant, say so in a comment."
    if apply.flag:
        return f"{effect}: `{apply.flag}` is True by default. Pass `{apply.flag}=self.training`."
    if apply.idle:
        effect = f"`{name}` in the forward of `{apply.owner}` is active in eval mode too as soon as a rate is asked for"
    return f"{effect}: its rate does not follow the mode. Pass the rate `if self.training else 0.0`."


def fix(apply: Apply) -> Fix | None:
    text = apply.place.text
    if apply.literal or not apply.flag or "#" in text or not in_a_method(apply):
        return None
    told = f"{text[:-1].rstrip().rstrip(',')}, {apply.flag}=self.training)"
    return Fix(True, f"pass `{apply.flag}=self.training`", (Edit(apply.place, told),))


def in_a_method(apply: Apply) -> bool:
    return apply.function is not None and re.match(r"(async )?def \w+\(self\b", apply.function.text) is not None
