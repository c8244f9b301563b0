"""Leaves the process as it was: generators, grad mode, default device and type."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

REMARKS = ("There is a performance drop", "__array__ implementation doesn't accept")
"""Torch batches some function by a loop, and Keras reads its variables as numpy of old: the results are right."""


@contextmanager
def untouched() -> Iterator[None]:
    """Restores the random state of python, numpy and torch (with CUDA's, where it was started), the grad mode and
    the default type, whatever happens inside, and keeps back remarks of the libraries on which nobody can act."""
    python, arrays = random.getstate(), np.random.get_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    cpu, grad, dtype = torch.get_rng_state(), torch.is_grad_enabled(), torch.get_default_dtype()
    try:
        with torch.enable_grad(), warnings.catch_warnings():
            for remark in REMARKS:
                warnings.filterwarnings("ignore", remark)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(arrays)
        torch.set_rng_state(cpu)
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
