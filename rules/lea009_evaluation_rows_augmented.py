"""The rows that are scored are altered at random.

## What it finds

Random augmentation in the transform of the validation or test rows, or one augmented dataset of which a part is
held out.

## Why it matters

The score is that of crops and distortions that nobody will send. It differs from one evaluation to the next, so
that part of the difference between two epochs is chance, and the best checkpoint is in part the one with the lucky
crops. It is often lower than the true one, so that a validation that is too hard is taken for overfitting.

## Bad

```python
import torch
from torch import nn
from torch.utils.data import DataLoader, random_split
from torchvision import models, transforms
from torchvision.datasets import ImageFolder

turned = transforms.Compose(
    [transforms.RandomResizedCrop(96), transforms.ToTensor()]
)
torch.manual_seed(0)
train, val = random_split(ImageFolder("birds", turned), [0.8, 0.2])
model = models.resnet18(num_classes=20)
optimizer = torch.optim.Adam(model.parameters())
for x, y in DataLoader(train, batch_size=32, shuffle=True):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
model.eval()
right = 0
with torch.no_grad():
    for x, y in DataLoader(val, batch_size=64):
        right += (model(x).argmax(dim=1) == y).sum().item()
print(right / len(val))
```

## Good

```python
import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import models, transforms
from torchvision.datasets import ImageFolder

turned = transforms.Compose(
    [transforms.RandomResizedCrop(96), transforms.ToTensor()]
)
fixed = transforms.Compose(
    [transforms.Resize((96, 96)), transforms.ToTensor()]
)
torch.manual_seed(0)
order = torch.randperm(len(ImageFolder("birds"))).tolist()
train = Subset(ImageFolder("birds", turned), order[500:])
val = Subset(ImageFolder("birds", fixed), order[:500])
model = models.resnet18(num_classes=20)
optimizer = torch.optim.Adam(model.parameters())
for x, y in DataLoader(train, batch_size=32, shuffle=True):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
model.eval()
right = 0
with torch.no_grad():
    for x, y in DataLoader(val, batch_size=64):
        right += (model(x).argmax(dim=1) == y).sum().item()
print(right / len(val))
```

## Not reported

Several random views of each row whose answers are averaged (test-time augmentation); random layers of Keras, which
rest outside training; transforms without chance; parts whose data set gets such a transform after the division
(`part.dataset.transform = plain`).

## Sources

- PyTorch, *Transfer Learning for Computer Vision Tutorial*: chance in the training transform only:
  <https://docs.pytorch.org/tutorials/beginner/transfer_learning_tutorial.html>
- TensorFlow, *Data augmentation*: the training set is augmented, validation and test sets are not:
  <https://www.tensorflow.org/tutorials/images/data_augmentation>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import (
    Assessment,
    Confidence,
    Evidence,
    Mark,
    Place,
    Report,
    Severity,
    Split,
    Trace,
    assessments,
    by_place,
    rule,
    split_before,
)


@rule("LEA009", "evaluation-rows-augmented", Severity.WARNING)
def evaluation_rows_augmented(trace: Trace) -> Iterator[Report]:
    told = set()
    for one in assessments(trace):
        if not one.figure or one.on_learnt_rows or not one.learnings:
            continue
        for mark in sorted(one.marks, key=by_place):
            if mark.kind == "augment":
                split = split_before(trace, one.rows)
                if split is not None and mark not in split.marks:
                    split = None
                place = split.place if split is not None else source(mark, one)
                if place is None and mark in told:
                    continue  # it is scored again
                told.add(mark)
                place = place or one.place
                yield Report(place, message(mark, one, place), evidence(mark, one, split), confidence(one))


def source(mark: Mark, one: Assessment) -> Place | None:
    """Where the rows that are scored come from, altered; what was read before is altered later."""
    places = [rows.origin.place for rows in one.rows if rows.origin.place is not None]
    later = [it for it in places if it.path != mark.place.path or it.node >= mark.place.node]
    return min(later, key=lambda it: (it.path, it.node), default=None)


def message(mark: Mark, one: Assessment, place: Place) -> str:
    return (
        f"the rows that are scored ({one.place.seen_from(place)}) are altered at random "
        f"({mark.place.seen_from(place)}): the score changes from run to run and is not that of the rows as "
        "they are. Give the held-out part a transform without random steps."
    )


def evidence(mark: Mark, one: Assessment, split: Split | None) -> tuple[Evidence, ...]:
    steps = [Evidence(mark.place, "altered at random here")]
    if split is not None:
        steps.append(Evidence(split.place, "divided here, after it"))
    return (*steps, Evidence(one.place, "scored here"))


def confidence(one: Assessment) -> Confidence:
    return Confidence.MEDIUM if one.event.assumed else Confidence.HIGH
