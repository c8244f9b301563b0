"""How many networks fit at once, and when they did not."""

from __future__ import annotations

import os
from collections.abc import Callable

import torch

SHARE = 0.4
"""The part of the free memory that one stack may take."""
CACHE = 32 << 20
"""Bytes that a CPU's cache is taken to hold."""
UNKNOWN = 2 << 30
"""Free bytes assumed where the system does not tell."""


def free(device: torch.device) -> int:
    """Bytes that can be taken."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return UNKNOWN


def saved_bytes(forward: Callable[[], object]) -> int:
    """Bytes that autograd keeps of one forward pass for the backward pass."""
    sizes: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        sizes[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = forward()
    del result
    return sum(sizes.values())


def ran_out(error: BaseException) -> bool:
    """Whether this error says that memory ran out. On CPUs torch has no class for it."""
    said = str(error)
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and ("not enough memory" in said or "can't allocate memory" in said)
    )
