"""Other processes train what this one would have."""

from __future__ import annotations

import joblib
import numpy as np
import pytest
from dask.distributed import Client, LocalCluster
from experiments import brief, curve, experiment

from auditor.errors import ProbeError
from auditor.probe.measure import measure


def test_a_cluster_trains_what_this_process_would(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two workers of a local Dask cluster, through joblib's backend."""
    declared = experiment(metrics=["accuracy", "auroc"], batch_size=10)
    options = {"seeds": 2, "remedies": ["weight_decay", "norm_layers"], "fractions": [0.5]}
    here = measure(declared, **options)  # type: ignore[arg-type]
    folder = str(tmp_path_factory.mktemp("dask"))
    shares: list[float] = []
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=folder) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        there = measure(declared, jobs=2, progress=lambda share, left: shares.append(share), **options)  # type: ignore[arg-type]
    assert len(there.curves) == len(here.curves)
    assert shares[-1] == pytest.approx(1.0)
    for one in here.curves:
        again = curve(there, one.variant, one.seed)
        assert again.complete
        for quantity, scores in one.scores["validation"].items():
            np.testing.assert_allclose(again.scores["validation"][quantity], scores, atol=1e-5)
    assert here.modes is not None
    assert there.modes is not None
    np.testing.assert_allclose(there.modes["loss"], here.modes["loss"], atol=1e-5)


def test_joblib_may_be_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "joblib", None)
    with pytest.raises(ProbeError, match="pip install joblib"):
        brief(experiment(), jobs=2)
