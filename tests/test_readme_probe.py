"""What the README promises of the probe: the experiment, the fixture and the job are taken from it and run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
EXPERIMENT, REMEDY, TEST = re.findall(
    r"^```python\n(.*?)^```$", README[README.index("## The probe") :], re.MULTILINE | re.DOTALL
)
JOB = re.findall(r"^```yaml\nname: gap\n.*?^```$", README, re.MULTILINE | re.DOTALL)[0]
STEPS = re.findall(r"^ +(?:- )?run: (.*)$", JOB, re.MULTILINE)
# A stand-in for what needs the network. What is audited with is this checkout, as installed.
PIP = '#!/bin/sh\ncase "$*" in *"overfit-auditor[probe] @ git+"*) exit 0;; esac; exit 1\n'


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the README's experiment, narrower and shorter."""
    folder = tmp_path_factory.mktemp("project")
    quick = EXPERIMENT.replace("256", "16").replace("epochs=100", "epochs=10")
    assert quick.count("16") == 4
    (folder / "sixty_rows.py").write_text(quick, encoding="utf-8")
    (folder / "test_gap.py").write_text(TEST, encoding="utf-8")
    (folder / "bin").mkdir()
    (folder / "bin" / "pip").write_text(PIP)
    (folder / "bin" / "pip").chmod(0o755)
    return folder


def ran(project: Path, *command: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(project / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    more = {
        "PATH": path,
        "GITHUB_STEP_SUMMARY": str(project / "summary.md"),
        "PYTHONIOENCODING": "utf-8",
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(
        command, cwd=project, env=os.environ | more, capture_output=True, encoding="utf-8", check=False
    )


def test_the_steps_of_the_job(project: Path) -> None:
    assert [step.split()[0] for step in STEPS] == ["pip", "audit", "audit", "cat"]
    for step in STEPS:
        done = ran(project, "bash", "-e", "-c", step)
        assert done.returncode == 0, f"{step}: {done.stdout}{done.stderr}"
    summary = (project / "summary.md").read_text("utf-8")
    assert summary.startswith("## Generalization gap of sixty\\_rows:experiment")
    assert "| remedy |" in summary
    report = json.loads((project / "gap.json").read_text("utf-8"))
    assert report["version"] == 1
    assert {gate["outcome"] for gate in report["gates"]} <= {"passed", "inconclusive"}
    assert ET.parse(project / "gap.xml").getroot().tag == "testsuites"


def test_the_job_fails_when_the_gap_is_too_large(project: Path) -> None:
    (probe,) = (step for step in STEPS if step.startswith("audit probe"))
    quick = probe.replace("--budget 5m", "--seeds 2 --remedies dropout")
    done = ran(project, "bash", "-e", "-c", quick.replace("--max-gap 0.35", "--max-gap=-0.9"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "audit: failed: gap of accuracy at most -0.9" in done.stderr
    assert '<failure message="' in (project / "gap.xml").read_text("utf-8")


def test_a_remedy_of_your_own(project: Path) -> None:
    code = REMEDY + "print([remedy.name for remedy in report.remedies])\n"
    done = ran(project, sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr
    assert "'label smoothing 0.1'" in done.stdout


def pytest_told(project: Path, name: str, code: str, *options: str) -> str:
    (project / name).write_text(code, encoding="utf-8")
    done = ran(project, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, name)
    return done.stdout + done.stderr


def test_the_fixture(project: Path) -> None:
    """As the README has it, then with gates that fail, that do not tell, and that shall fail when they do not tell."""
    more = (
        "def test_fails(gap_probe):\n    gap_probe(experiment, seeds=2, max_gap=-0.9, remedies=[])\n"
        "def test_warns(gap_probe):\n    gap_probe(experiment, seeds=1, max_gap=0.3, remedies=[])\n"
        "def test_strict(gap_probe):\n"
        "    gap_probe(experiment, seeds=1, max_gap=0.3, remedies=[], fail_on_inconclusive=True)\n"
    )
    told = pytest_told(project, "test_more.py", TEST + more, "--junit-xml=tests.xml")
    assert "2 failed, 2 passed, 1 warning" in told
    assert "failed: gap of accuracy at most -0.9" in told
    assert "InconclusiveGap: inconclusive: gap of accuracy at most 0.3" in told
    assert "gap probe" in told, "the report stands with the failure"
    assert 'property name="gap.accuracy"' in (project / "tests.xml").read_text("utf-8")


def test_collecting_imports_nothing_heavy(project: Path) -> None:
    heavy = ("torch", "numpy", "scipy", "sklearn", "matplotlib")
    code = f"import sys\ndef test_light():\n    assert not set({heavy}) & set(sys.modules)\n"
    assert "1 passed" in pytest_told(project, "test_light.py", code)
