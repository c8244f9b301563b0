"""`audit probe` and `audit schema`, from words to exit codes, over a measurement that was made by hand."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_up_curves import typical

import auditor
from auditor import cli
from auditor.cli.progress import Bar
from auditor.errors import UsageError
from auditor.probe import session
from auditor.probe.curves import Measurement
from auditor.probe.duration import seconds

PROJECT = """\
import numpy as np, torch, auditor
draw = np.random.default_rng(0)
print("importing")
rows = draw.normal(size=(40, 3)).astype("float32"), draw.integers(0, 2, 40)
experiment = auditor.Experiment(
    model=lambda: torch.nn.Linear(3, 2), train=rows, validation=rows, loss=torch.nn.CrossEntropyLoss(),
    optimizer=torch.optim.SGD, metrics=["accuracy"], epochs=2,
)
def made(): return experiment
def broken(): return 1 / 0
class holder: inner = experiment
number = 3
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `measure` was asked for; it returns ``asked["returns"]``."""
    asked: dict[str, Any] = {"returns": typical()}

    def measure(experiment: auditor.Experiment, **options: Any) -> Measurement:
        print("training")
        options["progress"](0.5, 3.0)
        asked.update(options)
        returned: Measurement = asked["returns"]
        return returned

    monkeypatch.setattr(session, "measure", measure)
    return asked


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: dict[str, Any]
) -> Iterator[Run]:
    """`audit probe` in a folder with a package. Returns the exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    package = tmp_path / "proj"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "train.py").write_text(PROJECT)
    (package / "syntax.py").write_text("def\n")
    (package / "needs.py").write_text("import a_module_that_is_not_there\n")
    (package / "leaves.py").write_text("raise SystemExit(3)\n")

    def run(*words: str) -> tuple[int, str, str]:
        code = cli.main(["probe", *words])
        out, err = capsys.readouterr()
        return code, out, err

    yield run
    for name in [name for name in sys.modules if name.partition(".")[0] == "proj"]:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["experiment", "made", "holder.inner"])
def test_json_is_all_there_is_on_stdout(run: Run, name: str) -> None:
    code, out, err = run(f"proj.train:{name}", "--format", "json")
    document = json.loads(out)
    assert (code, document["version"], document["experiment"]) == (0, 1, f"proj.train:{name}")
    assert err.split() == ["importing", "training"], "what the experiment prints goes to stderr"
    assert document["duplicates"]["exact"] == 40, "both sides are the same rows"


def test_options_reach_the_probe(run: Run, asked: dict[str, Any]) -> None:
    words = "--seeds 7 --budget 1.5m --device cpu --resplit --remedies dropout,l1 --racing --jobs 2"
    code, out, _ = run("proj.train:experiment", "--format", "json", *words.split(), "--smallest-effect", "loss=0.5")
    assert code == 0
    wanted = {"seeds": 7, "budget": 90.0, "device": "cpu", "resplit": True, "remedies": ["dropout", "l1"]}
    assert {name: asked[name] for name in wanted} == wanted
    assert (asked["racing"], asked["jobs"]) == (True, 2)
    assert json.loads(out)["smallest_effect"]["loss"] == 0.5


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("--max-gap 0.10 --metric accuracy", 1, "failed: gap of accuracy at most 0.1"),
        ("--max-gap 0.10", 1, "failed"),
        ("--max-gap 0.30", 0, ""),
        ("--max-gap 0.2", 0, "inconclusive"),
        ("--max-gap 0.2 --fail-on-inconclusive", 1, "failed: gap of accuracy at most 0.2"),
        ("--max-gap 0.5 --metric loss", 1, "failed: gap of loss"),
    ],
)
def test_the_gate(run: Run, words: str, code: int, said: str) -> None:
    found, out, err = run("proj.train:experiment", "--format", "json", *words.split())
    assert found == code
    assert said in err
    assert [gate["outcome"] for gate in json.loads(out)["gates"]] == [said.partition(":")[0] or "passed"]


def test_the_baseline(run: Run, asked: dict[str, Any]) -> None:
    assert run("proj.train:experiment", "--format", "json", "--output", "before.json")[0] == 0
    assert run("proj.train:experiment", "--baseline", "before.json")[0] == 0
    worse = [
        replace(
            it,
            scores={**it.scores, "validation": {name: value - 0.1 for name, value in it.scores["validation"].items()}},
        )
        for it in typical().curves
    ]
    asked["returns"] = replace(typical(), curves=tuple(worse))
    code, _, err = run("proj.train:experiment", "--baseline", "before.json")
    assert code == 1
    assert "gap of accuracy no worse than the baseline's" in err


def test_every_form_and_the_picture(run: Run) -> None:
    for form, opening in (("text", "proj.train:experiment"), ("markdown", "## Gen"), ("junit", "<?xml"), ("json", "{")):
        assert (
            run("proj.train:experiment", "--format", form, "--output", f"report.{form}", "--picture", "gap.svg")[0] == 0
        )
        assert Path(f"report.{form}").read_text("utf-8").startswith(opening)
    assert run("proj.train:experiment", "--also", "gap.json", "--also", "gap.md", "--also", "gap.xml")[0] == 0
    assert Path("gap.json").read_text("utf-8").startswith("{")
    assert Path("gap.md").read_text("utf-8") == Path("report.markdown").read_text("utf-8")
    assert Path("gap.xml").read_text("utf-8") == Path("report.junit").read_text("utf-8")
    assert "<svg" in Path("gap.svg").read_text("utf-8")
    assert run("proj.train:experiment", "--picture", "gap.png")[0] == 0
    assert Path("gap.png").read_bytes().startswith(b"\x89PNG")


def test_an_interruption_reports_what_there_is(run: Run, asked: dict[str, Any]) -> None:
    asked["returns"] = replace(typical(), interrupted=True)
    code, out, err = run("proj.train:experiment", "--format", "json")
    assert (code, json.loads(out)["interrupted"]) == (130, True)
    assert "interrupted; what was measured so far is reported" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "the following arguments are required: MODULE:EXPERIMENT"),
        ("proj/train.py", "proj/train.py is a path: name an experiment in it, as in train:experiment"),
        ("proj.train", "is not of the form package.module:experiment"),
        ("proj.train:", "is not of the form"),
        ("proj.nothing:experiment", "there is no module proj.nothing here"),
        ("nothing_here:experiment", "there is no module nothing_here here"),
        ("proj.train:experimant", "proj.train has no `experimant` (did you mean `experiment`?)"),
        ("proj.train:number", "proj.train:number is an int and no auditor.Experiment"),
        ("proj.train:broken", "proj.train:broken() raised ZeroDivisionError: division by zero (train.py:10)"),
        ("proj.syntax:experiment", "proj.syntax cannot be imported: SyntaxError"),
        (
            "proj.needs:experiment",
            "proj.needs cannot be imported: ModuleNotFoundError: No module named 'a_module_that_",
        ),
        ("proj.leaves:experiment", "proj.leaves cannot be imported: SystemExit: 3"),
        ("proj.train:experiment --seeds 0", "'0' is no whole number of at least 1"),
        ("proj.train:experiment --budget soon", "`soon` is no time: write 60s, 5m or 1h"),
        ("proj.train:experiment --max-gap wide", "'wide' is no number"),
        ("proj.train:experiment --smallest-effect=-1", "'-1' is no effect"),
        ("proj.train:experiment --smallest-effect f1=0.1", "`f1` was not measured"),
        (
            "proj.train:experiment --max-gap 0.1 --metric f1",
            "`f1` was not measured; this experiment has accuracy, loss",
        ),
        ("proj.train:experiment --metric accuracy", "--metric says something of --max-gap or --baseline"),
        ("proj.train:experiment --fail-on-inconclusive", "--fail-on-inconclusive says something of"),
        ("proj.train:experiment --baseline none.json", "cannot read the baseline none.json"),
        ("proj.train:experiment --baseline proj/train.py", "is no gap report of version 1"),
        ("proj.train:experiment --output none/report.json", "there is no folder none"),
        ("proj.train:experiment --output proj", "cannot write to proj: it is a folder"),
        ("proj.train:experiment --picture gap.txt", "'gap.txt' ends in none of .svg, .png, .pdf"),
        ("proj.train:experiment --also gap.html", "'gap.html' ends in none of .txt, .json, .md, .xml"),
        ("proj.train:experiment --also none/gap.md", "there is no folder none"),
        ("proj.train:experiment --sedes 3", "unknown option --sedes (did you mean `--seeds`?)"),
    ],
)
def test_user_errors_are_one_line_and_2(run: Run, words: str, said: str) -> None:
    code, out, err = run(*words.split())
    lines = [line for line in err.splitlines() if line not in ("importing", "training")]
    assert (code, out) == (2, "")
    assert len(lines) == 1
    assert said in lines[0]


def test_help_names_the_remedies(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    from auditor.probe.remedies import known

    with pytest.raises(SystemExit):
        cli.main(["probe", "--help"])
    page = " ".join(capsys.readouterr().out.split())
    assert ", ".join(sorted(known())) in page


def test_times() -> None:
    assert [seconds(text) for text in ("60", "60s", "1.5m", "2 min", "1h")] == [60, 60, 90, 120, 3600]
    for text in ("", "0s", "-1s", "1d", "soon"):
        with pytest.raises(UsageError, match="is no time"):
            seconds(text)


def test_the_bar_says_what_is_left(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("auditor.cli.progress._PATIENCE", -1)
    with Bar("probing") as bar:
        bar.share(0.5, 40)
        assert beside(bar) is None, "nobody watches"
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        for left, said in ((40.2, "about 40 s left"), (200, "about 3 min left"), (None, "")):
            bar.share(0.5, left)
            assert beside(bar) == said
    capsys.readouterr()


def beside(bar: Bar) -> str | None:
    return None if bar._progress is None else str(bar._progress.tasks[0].fields["beside"])


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema"]) == 0
    published = json.loads(capsys.readouterr().out)
    assert published["title"] == "GapReport"
    assert "low" in published["$defs"]["Gap"]["properties"]


def imported(code: str, tmp_path: Path) -> set[str]:
    """The names of the distributions' packages that a program loads."""
    told = "; import sys; print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code + told], cwd=tmp_path, capture_output=True, text=True, check=True)
    return set(ast.literal_eval(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    [
        "import auditor; auditor.Experiment; auditor.GapReport; auditor.probe",
        "import auditor.pytest_plugin",
        "import auditor.report.gap, auditor.probe.gate",
        "from auditor.cli import main; main(['schema'])",
        "from auditor.cli import main; main(['probe', 'no'])",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code: str, tmp_path: Path) -> None:
    heavy = {"torch", "keras", "numpy", "scipy", "sklearn", "matplotlib", "torchmetrics"}
    assert not imported(code, tmp_path) & heavy


def test_the_room_can_be_called(asked: dict[str, Any]) -> None:
    """`auditor.probe` is a package and the function of that name, before and after its modules were imported."""
    import torch

    rows = torch.randn(8, 3), torch.randint(0, 2, (8,))
    experiment = auditor.Experiment(
        model=lambda: torch.nn.Linear(3, 2),
        train=rows,
        validation=rows,
        loss=None.__class__,
        optimizer=torch.optim.SGD,
        epochs=1,
    )
    assert asked["returns"] is not None
    report = auditor.probe(experiment, seeds=2, budget="10s", progress=lambda share, left: None)
    assert isinstance(report, auditor.GapReport)
    assert (asked["seeds"], asked["budget"]) == (2, 10.0)


def test_without_the_extra_it_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "auditor.probe.session")
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "auditor.probe.measure")
    code, _, err = run("proj.train:experiment")
    assert code == 2
    assert err.splitlines()[-1] == "audit: audit probe needs torch: pip install 'overfit-auditor[probe]'"
