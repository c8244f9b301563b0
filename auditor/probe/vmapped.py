"""The forward pass of any network over stacked weights: `torch.vmap` over `functional_call`."""

from __future__ import annotations

import math
from contextlib import nullcontext

import torch
from torch.func import functional_call

from auditor.probe.dropping import Dropping
from auditor.probe.network import Arguments, extra_loss
from auditor.probe.rows import Tree
from auditor.probe.stack import Forward, Stack, Weights


def vmapped(arguments: Arguments, hidden: frozenset[int], droppers: int) -> Forward:
    """How a stack of any network goes forward. Running statistics of batch norm are stacked and updated in place."""

    def forward(stack: Stack, inputs: Tree, training: bool) -> Tree:
        model = stack.model.train(training)
        drops = training and not all(map(math.isnan, stack.rates))

        def alone(weights: Weights, others: Weights, batch: Tree, rate: torch.Tensor) -> Tree:
            positions, keywords = arguments(batch)
            with Dropping(rate, hidden, droppers) if drops else nullcontext():
                result = functional_call(model, {**weights, **others}, positions, keywords)
            return (result, extra_loss(model)) if training else result

        rates = next(iter(stack.weights.values())).new_tensor(stack.rates)
        result = torch.vmap(alone, randomness="different")(stack.weights, stack.others, inputs, rates)
        if training:
            result, stack.extra = result
        return result

    return forward
