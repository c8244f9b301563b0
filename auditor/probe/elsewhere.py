"""Training in other processes or on other machines, through joblib and whatever backend it is configured with.

``with joblib.parallel_config(backend="dask"): auditor.probe(...)`` sends the groups to a Dask cluster; without a
configuration joblib starts processes of its own. Backends of threads will not do: torch has one random state a process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.errors import ProbeError
from auditor.probe.budget import Budget, OutOfTime
from auditor.probe.engines import Group, Workshop
from auditor.probe.memory import ran_out
from auditor.probe.records import Record
from auditor.probe.training import Course
from auditor.probe.untouched import untouched


def elsewhere(
    workshop: Workshop, groups: Sequence[Group], epochs: int, seconds: float | None, jobs: int
) -> Iterator[list[Record] | None]:
    """The records of each group, in order, as they come in; None for a group that did not fit into memory.

    Raises:
        ProbeError: joblib is not installed.
    """
    try:
        from joblib import Parallel, delayed
    except ImportError as error:
        raise ProbeError("jobs: other processes are joblib's; pip install joblib") from error
    tasks = (delayed(trained)(workshop, group, epochs, seconds) for group in groups)
    yield from Parallel(n_jobs=jobs, return_as="generator")(tasks)


def trained(workshop: Workshop, group: Group, epochs: int, seconds: float | None) -> list[Record] | None:
    """One group from its first epoch to its last, or to the end of the time there is."""
    budget = Budget(seconds)

    def after(_: Course, __: int) -> None:
        if budget.left <= 0:
            raise OutOfTime

    with untouched():
        try:
            course = workshop.course(group)
            records = list(course.records)
            course.run(epochs, after)
        except OutOfTime:
            pass
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
            return None
    return records
