"""The house stands: modules are installed, imports point one way, files are short, paths exist."""

import ast
import importlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = {
    "theory": "modelcollapse.theory",
    "sims": "modelcollapse.sims",
    "proofs": "modelcollapse.proofs",
    "figures": "modelcollapse.figures",
    "toolkit": "modelcollapse",
}
#: What each room may import from.
ALLOWED = {
    "theory": {"theory"},
    "sims": {"theory", "sims"},
    "proofs": {"theory", "proofs"},
    "figures": {"theory", "sims", "figures"},
    "toolkit": {"theory", "sims", "proofs", "figures", "toolkit"},
}
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def module_name(path):
    room, *inside = path.relative_to(ROOT).with_suffix("").parts
    return ".".join([ROOMS[room], *inside]).removesuffix(".__init__")


def room_of(name):
    first = name.split(".")[1] if "." in name else ""
    return first if first in ROOMS else "toolkit"


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield node.module
            if node.module == "modelcollapse":
                yield from (f"modelcollapse.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_every_module_can_be_imported(path):
    if path.name != "__main__.py":
        importlib.import_module(module_name(path))


def test_every_package_is_listed():
    on_disk = {module_name(path) for path in FILES if path.name == "__init__.py"}
    assert on_disk == set(SETTINGS["tool"]["setuptools"]["packages"])


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_point_one_way(path):
    room = path.relative_to(ROOT).parts[0]
    ours = [n for n in imported(path) if n.split(".")[0] == "modelcollapse" and "." in n]
    strangers = [name for name in ours if room_of(name) not in ALLOWED[room]]
    assert not strangers, f"{path.relative_to(ROOT)} imports {strangers}"


@pytest.mark.parametrize(
    "path",
    sorted([*FILES, *(ROOT / "tests").rglob("*.py")]),
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_files_are_short(path):
    assert len(path.read_text().splitlines()) <= 400


def test_no_module_is_a_drawer_for_odds_and_ends():
    assert not [path for path in FILES if path.stem in ("utils", "util", "helpers", "misc")]


def test_library_code_asserts_nothing():
    found = [
        path
        for path in FILES
        if any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(path.read_text())))
    ]
    assert not found


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_paths_named_in_the_documents_exist(document):
    text = (ROOT / document).read_text()
    named = set(re.findall(r"`([\w./-]+(?:\.(?:py|md|toml|cff)|/|/run))`", text))
    made = {"results/", "build/"}
    patterns = {name for name in named if re.search(r"[A-Z]{4,}", name) and "/" in name}
    missing = [n for n in named - made - patterns if not (ROOT / n).exists()]
    assert named
    assert not missing


def test_public_names_agree_with_what_type_checkers_see():
    import modelcollapse

    tree = ast.parse((ROOT / "toolkit" / "__init__.py").read_text())
    guarded = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname
        for node in ast.walk(guarded[0])
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen | {"__version__"} == set(modelcollapse.__all__)
    for name in modelcollapse.__all__:
        assert getattr(modelcollapse, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'collapse'"):
        _ = modelcollapse.collapse


def test_the_version_is_said_once():
    import modelcollapse

    assert f"version: {modelcollapse.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert "version" in SETTINGS["project"]["dynamic"]
