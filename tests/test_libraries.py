"""The library data: it loads, it agrees with itself, and it agrees with whatever of the libraries is installed here."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import re
import warnings
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from auditor.libraries import Argument, Call, Condition, Libraries, answer, load, shipped
from auditor.libraries.formulas import parsed
from auditor.libraries.libraries import combine
from auditor.libraries.schema import Flow
from auditor.static.sizes import signature

FILES = shipped()
ROWS = [(name, row) for library in FILES.values() for name, row in library.calls.items()]


@pytest.fixture(scope="module")
def libraries() -> Libraries:
    return combine(FILES.values())


# The data by itself


def test_no_two_files_give_one_row() -> None:
    names = [name for name, _ in ROWS]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_no_two_files_give_one_method() -> None:
    methods = [(kind, name) for one in FILES.values() for kind, table in one.methods.items() for name in table]
    assert sorted({pair for pair in methods if methods.count(pair) > 1}) == []


def test_every_library_has_roots_that_no_other_has() -> None:
    roots = [root for library in FILES.values() for root in library.roots]
    assert sorted({root for root in roots if roots.count(root) > 1}) == []


@pytest.mark.parametrize("file", FILES)
def test_rows_stand_below_their_roots(file: str) -> None:
    library = FILES[file]
    below = [*library.calls, *library.aliases]
    assert [name for name in below if name.partition(".")[0] not in library.roots] == []


@pytest.mark.parametrize("file", FILES)
def test_rows_have_the_one_name_that_is_looked_up(file: str, libraries: Libraries) -> None:
    moved = {name: libraries.canonical(name) for name in FILES[file].calls if "*" not in name}
    assert {name: to for name, to in moved.items() if name != to} == {}


@pytest.mark.parametrize("file", FILES)
def test_a_row_is_what_its_name_gets(file: str, libraries: Libraries) -> None:
    """No more literal pattern of the same library takes its names away."""
    for name, row in FILES[file].calls.items():
        if "*" not in name:
            assert libraries.call(name) is row
        elif name.endswith(".*") and name.count("*") == 1:
            assert libraries.call(name[:-1] + "_some_name_that_nobody_has") is row


@pytest.mark.parametrize("file", FILES)
def test_aliases_lead_to_names_that_are_not_aliases(file: str, libraries: Libraries) -> None:
    for old in FILES[file].aliases:
        name = libraries.canonical(old.replace(".*", ".Something"))
        assert libraries.canonical(name) == name


@pytest.mark.parametrize("file", FILES)
def test_files_name_their_source(file: str) -> None:
    library = FILES[file]
    assert library.source.startswith("https://")
    assert all(row.see is None or row.see.startswith("https://") for row in library.calls.values())


def test_kinds_that_rows_give_are_described() -> None:
    libraries = load()
    silent = {"container", "dataset", "leaf", "loaded", "map", "spawn", "watcher"}
    kinds = {row.kind for _, row in ROWS if row.kind} | {
        row.kind for table in libraries.methods.values() for row in table.values() if row.kind
    }
    assert sorted(kinds - silent - set(libraries.methods) - set(libraries.attributes)) == []


def test_frameworks_with_hooks_are_frameworks_of_rows() -> None:
    frameworks = {row.framework for _, row in ROWS if row.framework}
    assert sorted(set(load().hooks) - frameworks) == []


def test_roles_that_need_an_operand_or_a_reason_have_it() -> None:
    for name, row in ROWS:
        if row.does in ("trainer", "fit") or (row.does == "base" and row.keras):
            assert row.framework, name
        if row.does == "operation":
            assert row.sensitivity, name
        if row.rate or row.when:
            assert row.sensitivity, name
        if row.mode != "train":
            assert row.does in ("model", "layer"), name


def test_the_most_literal_pattern_wins(libraries: Libraries) -> None:
    loaded = [libraries.call(f"transformers.{name}.from_pretrained") for name in ("BertModel", "BertConfig")]
    assert [(row.does, row.mode) for row in loaded if row] == [("model", "eval"), ("constant", "train")]


def test_modules_in_between_are_dropped(libraries: Libraries) -> None:
    assert libraries.canonical("torch.nn.modules.dropout.Dropout") == "torch.nn.Dropout"
    assert libraries.canonical("transformers.models.bert.modeling_bert.BertModel.from_pretrained") == (
        "transformers.BertModel.from_pretrained"
    )


# Sensitivity


def read(**given: object) -> object:
    """Reads operands by keyword; a value of `...` is one that nobody knows."""

    def operand(where: Argument) -> tuple[bool, object]:
        value = given.get(where.name or "", where.default)
        return (False, None) if value is ... else (True, value)

    return operand


GAT = Call(
    does="layer", sensitivity="normalisation",
    rate=Argument(name="dropout", default=0), when=Condition(name="norm", among=("batch",)),
)  # fmt: skip
NORM = Call(does="layer", sensitivity="normalisation", when=Condition(name="track", default=True))
DROP = Call(does="layer", sensitivity="dropout", rate=Argument(name="p", default=0.5))


@pytest.mark.parametrize(
    ("row", "given", "expected"),
    [
        (DROP, {}, ("dropout", 0.5, True)),
        (DROP, {"p": 0}, (None, 0.0, True)),
        (DROP, {"p": ...}, ("dropout", None, True)),
        (NORM, {}, ("normalisation", None, True)),
        (NORM, {"track": False}, (None, None, True)),
        (NORM, {"track": ...}, (None, None, False)),
        (GAT, {}, (None, 0.0, True)),
        (GAT, {"norm": "batch"}, ("normalisation", None, True)),
        (GAT, {"norm": "layer", "dropout": 0.3}, ("dropout", 0.3, True)),
        (GAT, {"norm": ...}, (None, 0.0, False)),
        (Call(does="layer"), {}, (None, None, True)),
        (Call(does="model", complete=False), {}, (None, None, False)),
    ],
)
def test_sensitivity_follows_the_operands(row: Call, given: dict[str, object], expected: tuple[object, ...]) -> None:
    found = answer(row, read(**given))  # type: ignore[arg-type]  # a closure in place of a typed callable
    assert (found.sensitivity, found.rate, found.complete) == expected


# The data against what is installed


@cache
def imported(name: str) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


class Missing(Exception):
    """The library has no such name."""


class Unreadable(Exception):
    """What the name stands for needs a package that is not installed."""


def resolve(path: str) -> object:
    """What a dotted path names. Parts are modules as long as they can be imported, attributes from there on."""
    parts = path.split(".")
    found = imported(parts[0])
    for place, part in enumerate(parts[1:], 2):
        below = ".".join(parts[:place])
        try:
            found = attribute(found, part) if has(found, part) else imported(below)
        except ModuleNotFoundError as error:
            raise (Missing if error.name == below else Unreadable)(path) from error
        except (ImportError, OSError) as error:
            raise Unreadable(path) from error
    return found


def has(owner: object, name: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return hasattr(owner, name)


def attribute(owner: object, name: str) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(owner, name)


def here(file: str) -> list[tuple[str, Call]]:
    """The rows of a file that can be compared with what is installed."""
    usable = set()
    for root in FILES[file].roots:
        with contextlib.suppress(Exception):  # whatever a broken installation raises
            if importlib.util.find_spec(root) is not None:
                imported(root)
                usable.add(root)
    if not usable:
        pytest.skip("nothing of it can be imported here")
    return [(name, row) for name, row in FILES[file].calls.items() if name.partition(".")[0] in usable and not row.gone]


@pytest.mark.parametrize("file", FILES)
def test_named_paths_exist(file: str) -> None:
    missing = []
    for name, _ in here(file):
        parent = name if "*" not in name else name[: name.index("*")].rpartition(".")[0]
        try:
            resolve(parent)
        except Missing:
            missing.append(name)
        except Unreadable:
            continue
    assert missing == []


@pytest.mark.parametrize("file", FILES)
def test_positions_and_defaults_are_those_of_the_signature(file: str) -> None:
    wrong: list[str] = []
    for name, row in here(file):
        for where in (row.arg, row.rate, row.when, row.training, *operands(row.rows)):
            if where is not None and "*" not in name:
                wrong.extend(f"{name}: {problem}" for problem in problems(name, where))
    assert wrong == []


@pytest.mark.parametrize("file", FILES)
def test_methods_take_the_rows_where_their_table_says(file: str, libraries: Libraries) -> None:
    """A table of methods serves many classes: what it names stands at that place in each of those that have it."""
    wrong = [
        f"{path}.{method}: {where.name} is not at {where.at}"
        for name, row in here(file)
        for path in made(name, row, libraries)
        for method, one in libraries.methods.get(row.kind or "", {}).items()
        for where in operands(one.rows)
        if displaced(f"{path}.{method}", where)
    ]
    assert wrong == []


def displaced(method: str, where: Argument) -> bool:
    try:
        places = list(inspect.signature(resolve(method)).parameters)[1:]  # type: ignore[arg-type]
    except (AttributeError, ValueError, TypeError, Missing, Unreadable):
        return False  # not every class has every method; some are written in C
    return where.at is not None and where.name in places and places.index(where.name) != where.at


def made(name: str, row: Call, libraries: Libraries) -> Iterator[str]:
    """The classes that a row speaks of."""
    parent, _, pattern = name.rpartition(".")
    if row.kind is None or "*" in parent:
        return
    names = dir(resolved(parent)) if "*" in pattern else [pattern]
    for path in (f"{parent}.{one}" for one in names):
        cls = resolved(path) if libraries.call(path) is row else None
        if inspect.isclass(cls) and cls.__module__.startswith(parent):
            yield path


def resolved(path: str) -> object:
    try:
        return resolve(path)
    except (Missing, Unreadable):
        return None


def operands(flow: Flow | None) -> Iterator[Argument]:
    """Where a row of rows says that things stand."""
    for where in vars(flow).values() if flow is not None else ():
        if isinstance(where, Argument) and (where.name is not None or where.at is not None):
            yield where


def problems(name: str, where: Argument) -> Iterator[str]:
    try:
        signature = inspect.signature(resolve(name))  # type: ignore[arg-type]  # raises where it is not callable
    except (ValueError, TypeError, Missing, Unreadable):
        return  # written in C, or not here: nothing to compare
    parameters = list(signature.parameters.values())
    places = [one.name for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    open_end = any(one.kind in (one.VAR_KEYWORD, one.VAR_POSITIONAL) for one in parameters)
    named = signature.parameters.get(where.name or "")
    if named is None:
        if where.name is not None and not open_end:
            yield f"takes no {where.name}"
        return
    counted = not any(one.kind is one.VAR_POSITIONAL for one in parameters)
    if where.at is not None and counted and places[where.at : where.at + 1] != [where.name]:
        yield f"{where.name} is not at {where.at}"
    if where.default is not None and named.default is not named.empty and named.default != where.default:
        yield f"{where.name} is {named.default!r} by default, not {where.default!r}"


def classes(module: str, base: str) -> Iterator[tuple[str, type]]:
    """The classes of a module below a base; skips where it cannot be imported."""
    try:
        root, found = resolve(base), resolve(module)
    except Exception as error:  # noqa: BLE001  # whatever a broken installation raises
        pytest.skip(f"{module} cannot be imported: {error}")
    assert inspect.isclass(root)
    for name, cls in vars(found).items():
        if inspect.isclass(cls) and issubclass(cls, root) and cls is not root:
            yield name, cls


def source(cls: type) -> str:
    try:
        return inspect.getsource(cls)
    except OSError:  # written at run time
        return ""


@pytest.mark.parametrize("module", ["torch.nn", "torch_geometric.nn", "torchvision.ops", "timm.layers"])
def test_layers_that_look_at_the_mode_are_known(module: str, libraries: Libraries) -> None:
    """No layer asks for the mode without a row that says why, or that it does not know."""
    unknown = []
    for name, cls in classes(module, "torch.nn.Module"):
        row = libraries.call(libraries.canonical(f"{module}.{name}"))
        asks = re.search(r"self\.training\b", source(cls)) is not None
        if asks and (row is None or (row.sensitivity is None and row.complete)):
            unknown.append(name)
    assert unknown == []


def test_keras_layers_with_a_reason_take_the_mode(libraries: Libraries) -> None:
    deaf = []
    for name, cls in classes("keras.layers", "keras.layers.Layer"):
        row = libraries.call(libraries.canonical(f"keras.layers.{name}"))
        call: Callable[..., object] = getattr(cls, "call")  # noqa: B009  # not every type has it
        if row is not None and row.sensitivity and "training" not in inspect.signature(call).parameters:
            deaf.append(name)
    assert deaf == []


# Sizes: what a layer takes is what its constructor takes


def parameters_of(path: str) -> list[inspect.Parameter]:
    """The parameters of what a path names. Raises where it is not here, or takes `*args` only."""
    found = list(inspect.signature(resolve(path)).parameters.values())  # type: ignore[arg-type]
    if found and found[0].kind is inspect.Parameter.VAR_POSITIONAL:  # recurrent layers hand all on to their base
        raise Unreadable(path)
    return found


@pytest.mark.parametrize("file", FILES)
def test_sizes_name_the_parameters_of_the_constructor(file: str) -> None:
    usable = {name.partition(".")[0] for name, _ in here(file)}
    wrong: list[str] = []
    takes = {name: row.takes for name, row in FILES[file].sizes.items()}
    takes.update({name: array.takes for name, array in FILES[file].arrays.items()})
    for name, taken in takes.items():
        if "*" in name or not taken or name.partition(".")[0] not in usable:
            continue
        try:
            there = parameters_of(name)
        except (ValueError, TypeError, Missing, Unreadable):
            continue  # written in C, or not here: nothing to compare
        wrong.extend(f"{name}: {problem}" for problem in displaced_parameters(taken, there))
    assert wrong == []


def displaced_parameters(takes: str, there: list[inspect.Parameter]) -> Iterator[str]:
    positional, rest, defaults = signature(takes)
    plain = [one for one in there if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    names = [one.name for one in plain]
    if not rest and list(positional) != names[: len(positional)]:
        yield f"{positional} is not the beginning of {names}"
    by_name = {one.name: one for one in there}
    for name, default in defaults.items():
        known = by_name.get(name)
        if known is None:
            if not any(one.kind is one.VAR_KEYWORD for one in there):
                yield f"takes no {name}"
        elif name in FORMULAIC and known.default is not known.empty and not same(known.default, default):
            yield f"{name} is {known.default!r} by default, not {default!r}"


FORMULAIC = frozenset(
    "bias use_bias groups stride strides padding dilation dilation_rate num_layers bidirectional proj_size affine "
    "center scale elementwise_affine n_samples n_features pool_size return_sequences reset_after "
    "depth_multiplier".split()
)
"""The parameters whose defaults change a size."""


def same(one: object, other: object) -> bool:
    """``(1, 1)`` and ``1`` are the same stride."""
    return one == other or (isinstance(one, tuple) and set(one) == {other})


def test_every_layer_of_torch_with_weights_has_its_formula(libraries: Libraries) -> None:
    torch = pytest.importorskip("torch")
    silent = {"ParameterList", "ParameterDict", "Module", "RNNBase", "RNNCellBase"}
    missing = []
    for name, cls in classes("torch.nn", "torch.nn.Module"):
        own = [one for one in cls.__mro__ if one.__module__.startswith("torch.nn") and one is not torch.nn.Module]
        if name not in silent and any("Parameter(" in source(one) for one in own):
            missing += [] if f"torch.nn.{name}" in libraries.sizes else [name]
    assert missing == []


@pytest.mark.parametrize("file", FILES)
def test_formulas_can_be_read(file: str) -> None:
    for row in FILES[file].sizes.values():
        signature(row.takes)
        for formula in (row.weights, row.fixed, row.gives, row.pretrained, *row.where.values()):
            parsed(formula)
    for array in FILES[file].arrays.values():
        signature(array.takes)
        for text in (array.rows, array.row):
            if isinstance(text, str) and text:
                parsed(text)
