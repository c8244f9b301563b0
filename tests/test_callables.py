"""Callables of the user's own that the settings name: a leak that only the declaration shows, and what is refused."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import get_args

import pytest

from auditor import cli
from auditor.audit import audit
from auditor.errors import SettingsError
from auditor.libraries import ROLES, load, with_callables
from auditor.settings import Settings, read
from auditor.settings.model import CallableRole
from auditor.trace import Severity

SPLITTER = """\
    import numpy as np
    from mylib import split_frames
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    table = np.load("frames.npy")
    X, y = StandardScaler().fit_transform(table[:, 1:]), table[:, 0]
    first, second, wanted, other = split_frames(X, y, share=0.2)
    print(SVC().fit(first, wanted).score(second, other))
"""
TRANSFORMER = """\
    import mylib.prep
    import numpy as np
    from sklearn.model_selection import train_test_split
    from sklearn.svm import SVC

    table = np.load("frames.npy")
    X, y = mylib.prep.scale(table[:, 1:]), table[:, 0]
    first, second, wanted, other = train_test_split(X, y, random_state=0)
    print(SVC().fit(first, wanted).score(second, other))
"""
LOADER = """\
    import mylib as m
    from sklearn.svm import SVC

    first, wanted = m.read_rows("rows.bin")
    second, other = m.read_rows("rows.bin")
    print(SVC().fit(first, wanted).score(second, other))
"""
METRIC = """\
    from mylib.metrics import accuracy as judge
    from sklearn.datasets import load_wine
    from sklearn.svm import SVC

    X, y = load_wine(return_X_y=True)
    model = SVC().fit(X, y)
    judge(y, model.predict(X))
"""
TRAINER = """\
    from mylib.training import run
    from sklearn.datasets import load_wine
    from sklearn.metrics import accuracy_score

    X, y = load_wine(return_X_y=True)
    model = run(X, y)
    print(accuracy_score(y, model.predict(X)))
"""
CASES = [
    ("splitter", "mylib.split_frames", SPLITTER, "LEA001"),
    ("transformer", "mylib.prep.scale", TRANSFORMER, "LEA001"),
    ("loader", "mylib.read_rows", LOADER, "LEA003"),
    ("metric", "mylib.metrics.accuracy", METRIC, "LEA003"),
    ("trainer", "mylib.training.run", TRAINER, "LEA003"),
]
each_role = pytest.mark.parametrize(("role", "name", "text", "code"), CASES, ids=[case[0] for case in CASES])


def write(folder: Path, **files: str) -> None:
    """Modules by dotted name."""
    for name, text in files.items():
        file = folder / f"{name.replace('.', '/')}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")


def codes(folder: Path, **callables: str) -> set[str]:
    settings = Settings(severity=Severity.NOTE).model_copy(update={"callables": callables})
    outcome = audit([str(folder)], settings)
    assert not outcome.problems + outcome.failures
    return {finding.code for finding in outcome.findings}


@each_role
def test_a_role_shows_a_leak(role: str, name: str, text: str, code: str, tmp_path: Path) -> None:
    write(tmp_path, train=text)
    assert codes(tmp_path) == set()
    assert codes(tmp_path, **{name: role}) == {code}


@each_role
def test_the_declaration_stands_above_the_projects_own_file(
    role: str, name: str, text: str, code: str, tmp_path: Path
) -> None:
    """The module is in the project, and what it does there cannot be followed."""
    module, _, function = name.rpartition(".")
    path = module.replace(".", "__") if "." in module else f"{module}____init__"
    write(tmp_path, train=text, mylib____init__="")
    write(
        tmp_path, **{path: f"import outside\n\ndef {function}(*given, **more):\n    return outside.do(given, more)\n"}
    )
    assert codes(tmp_path) == set()
    assert codes(tmp_path, **{name: role}) == {code}


IMPORTS = [
    "from mylib.metrics import accuracy",
    "from mylib.metrics import *",
    "from mylib import metrics; accuracy = metrics.accuracy",
    "import mylib.metrics; accuracy = mylib.metrics.accuracy",
    "import mylib.metrics as m; accuracy = m.accuracy",
    "from other import accuracy",
]


@pytest.mark.parametrize("own", [True, False], ids=["in the project", "elsewhere"])
@pytest.mark.parametrize("line", IMPORTS)
def test_it_is_known_however_it_is_imported(line: str, own: bool, tmp_path: Path) -> None:
    if own:
        write(tmp_path, **{"mylib.metrics": "import outside\n\ndef accuracy(a, b):\n    return outside.do(a, b)\n"})
    write(
        tmp_path, train=METRIC.replace("from mylib.metrics import accuracy as judge", line).replace("judge", "accuracy")
    )
    write(tmp_path, other="from mylib.metrics import accuracy\n")
    assert codes(tmp_path) == set()
    assert codes(tmp_path, **{"mylib.metrics.accuracy": "metric"}) == {"LEA003"}


def test_a_script_declares_its_own_function(tmp_path: Path) -> None:
    own = "import outside\n\n\ndef accuracy(a, b):\n    return outside.do(a, b)\n\n\n"
    lines = textwrap.dedent(METRIC).splitlines(keepends=True)[1:]
    write(tmp_path, train=own + "".join(lines).replace("judge", "accuracy"))
    assert codes(tmp_path) == set()
    assert codes(tmp_path, **{"train.accuracy": "metric"}) == {"LEA003"}


def test_another_function_of_that_name_is_not_meant(tmp_path: Path) -> None:
    write(tmp_path, train=METRIC.replace("mylib.metrics", "mylib.others"))
    assert codes(tmp_path, **{"mylib.metrics.accuracy": "metric"}) == set()


def test_three_parts_and_a_choice_between_them(tmp_path: Path) -> None:
    clean = """\
        import pandas as pd
        from mylib import split_frames
        from sklearn.svm import SVC

        train, val, test = split_frames(pd.read_csv("frames.csv"))
        best, kept = 0, None
        for c in (1, 2, 3):
            model = SVC(C=c).fit(train.drop(columns="y"), train["y"])
            score = model.score(val.drop(columns="y"), val["y"])
            if score > best:
                best, kept = score, model
        print(kept.score(test.drop(columns="y"), test["y"]))
    """
    write(tmp_path, train=clean)
    assert codes(tmp_path, **{"mylib.split_frames": "splitter"}) == set()


def test_a_splitter_of_ones_own_is_trusted_with_order_and_groups(tmp_path: Path) -> None:
    lagged = """\
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from sklearn.svm import SVR

        sales = pd.read_csv("sales.csv")
        sales["yesterday"] = sales["sold"].shift(1)
        X, y = sales[["yesterday"]], sales["sold"]
        first, second, wanted, other = train_test_split(X, y)
        print(SVR().fit(first, wanted).score(second, other))
    """
    write(tmp_path, train=lagged)
    assert codes(tmp_path) == {"LEA008"}
    write(tmp_path, train=lagged.replace("sklearn.model_selection", "mylib"))
    assert codes(tmp_path, **{"mylib.train_test_split": "splitter"}) == set()


def test_one_scale_for_both_sides_is_no_leak(tmp_path: Path) -> None:
    apart = """\
        import numpy as np
        from mylib.prep import scale
        from sklearn.model_selection import train_test_split
        from sklearn.svm import SVC

        table = np.load("frames.npy")
        first, second, wanted, other = train_test_split(table[:, 1:], table[:, 0], random_state=0)
        first, second = scale(first), scale(second)
        print(SVC().fit(first, wanted).score(second, other))
    """
    write(tmp_path, train=apart)
    assert codes(tmp_path, **{"mylib.prep.scale": "transformer"}) == {"LEA002"}
    write(tmp_path, train=apart.replace("scale(first), scale(second)", "scale(first, second)"))
    assert codes(tmp_path, **{"mylib.prep.scale": "transformer"}) == set()


def test_the_rest_of_the_package_stays_the_projects(tmp_path: Path) -> None:
    """A folder without ``__init__.py`` is searched for what is not declared."""
    rows = "from sklearn.datasets import load_wine\n\n\ndef rows():\n    return load_wine(return_X_y=True)\n"
    write(tmp_path, **{"mylib.data": rows})
    write(
        tmp_path,
        train="""\
        from mylib.data import rows
        from mylib.metrics import accuracy
        from sklearn.svm import SVC

        X, y = rows()
        print(SVC().fit(X, y).score(X, y), accuracy)
    """,
    )
    assert codes(tmp_path) == {"LEA003"}
    assert codes(tmp_path, **{"mylib.metrics.accuracy": "metric"}) == {"LEA003"}


def test_the_shipped_rows_stay_as_they_are() -> None:
    before = load()
    assert with_callables(before, {}) is before
    more = with_callables(before, {"sklearn.metrics.accuracy_score": "loader"})
    assert more.call("sklearn.metrics.accuracy_score") == ROLES["loader"]
    assert before.call("sklearn.metrics.accuracy_score") != ROLES["loader"]
    assert more.roots == before.roots


def test_each_role_has_its_row() -> None:
    assert set(ROLES) == set(get_args(CallableRole))


def project(folder: Path, line: str) -> Path:
    file = folder / "pyproject.toml"
    file.write_text(f"[tool.auditor.callables]\n{line}\n", encoding="utf-8")
    return file


def test_roles_are_read_from_the_settings(tmp_path: Path) -> None:
    assert read(project(tmp_path, '"mylib.read_rows" = "loader"')).callables == {"mylib.read_rows": "loader"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '"mylib.f" = "spliter"',
            r"callables: `mylib.f` is one of splitter, .*, not 'spliter' \(did you mean `splitter`\?\)$",
        ),
        ('"mylib.f" = "qqqq"', r"not 'qqqq'$"),
        ('"mylib.f" = 3', r"callables: `mylib.f` is one of splitter, .*, not 3$"),
        ('mylib.f = "loader"', r'callables: a name stands in quotes \(`"mylib.f"`\)$'),
        ('"f" = "loader"', r"callables: `f` names no module \(did you mean `module.f`\?\)$"),
        ('"mylib.*" = "loader"', r"callables: `mylib.\*` is no dotted name \(write `module.function`\)$"),
        ('"" = "loader"', r"callables: `` is no dotted name"),
    ],
)
def test_what_is_wrong_is_said_on_one_line(line: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        read(project(tmp_path, line))
    assert "\n" not in str(caught.value)


def test_a_list_is_no_table(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.auditor]\ncallables = ['mylib.f']\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="`callables` is a table of dotted name to role, not"):
        read(file)


def test_errors_exit_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, train=METRIC)
    for line, said in (
        ('"mylib.read" = "reader"', "is one of splitter"),
        ('"read" = "loader"', "names no module"),
        (
            '"mylib.read_rows" = "loader"',
            "callables: `mylib.read_rows` names nothing known: no file mentions `read_rows`",
        ),
    ):
        project(tmp_path, line)
        assert cli.main([]) == 2
        out, err = capsys.readouterr()
        assert not out
        assert said in err
        assert err.count("\n") == 1
    assert cli.main(["train.py"]) == 0, "one file, as an editor asks for it, need not use all of them"
