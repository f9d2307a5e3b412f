"""The layout of the repository, checked: floors, mirrored tests, names, sizes, who may import what.

Each rule is a pure function from sources to a list of complaints, so that each is also tried on sources that break it.
"""

import ast
import fnmatch
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Imports run down only. A folder or file that is not listed here does not exist yet: put it on its floor.
FLOORS = {
    "exceptions": 0, "utils": 0,
    "images": 1,
    "datasets": 2, "preprocessing": 2, "architectures": 2, "metrics": 2, "callbacks": 2,
    "training": 3,
    "base": 4,
    "estimators": 5,
    "ensemble": 6, "model_selection": 6, "inspection": 6, "uncertainty": 6, "robustness": 6, "export": 6,
    "reports": 7,
    "cli": 8, "serving": 8,
    "__main__": 9,
}  # fmt: skip
SIDEWAYS_ALLOWED = {("utils", "exceptions"), ("cli", "serving")}

# Nowhere at module level: importing them costs seconds, or fails where two wheels do not fit together.
NEVER_AT_MODULE_LEVEL = {"torchvision", "matplotlib", "pandas", "optuna", "optuna_integration", "captum", "skimage"}
# utils: in the files about devices and threads, which its __init__ leaves alone (test_import.py looks).
MODULE_LEVEL_TORCH = {
    "utils", "preprocessing", "architectures", "callbacks", "training", "base", "estimators", "export",
}  # fmt: skip

# One folder owns one foreign library, and torchvision one file of each of its folders.
OWNERS = {
    "skorch": {"training", "callbacks"},
    "torchvision": {"datasets", "architectures"},
    "optuna": {"model_selection"},
    "optuna_integration": {"model_selection"},
    "captum": {"inspection"},
    "skimage": {"inspection"},
}
ONE_FILE_EACH = {"torchvision"}

# Folders for the library's own use, where a file may carry a part of the long name (`_html.py` for HtmlPage), as
# everywhere a file may that holds nothing of its folder's `__all__`.
INTERNAL = {"utils", "images", "training"}

TOP_FOLDERS = {"skimgcls", "tests", "benchmarks", "docs"}
FILE_LINES = 400
FACE_LINES = 25

MACHINE_PATH = re.compile(r"(?<![\w.~])/(?:work|tmp|home|root|opt|mnt|Users)/\w|[A-Z]:\\\\?Users")
REGISTRY_HOST = re.compile(r"(?:files\.pythonhosted|pypi\.org/simple|test\.pypi)")


def floor_complaints(sources):
    complaints = []
    for path, source in package_modules(sources):
        importer = unit(path)
        if importer == "__init__":  # the lazy top level names everything
            continue
        if importer not in FLOORS:
            complaints.append(f"{path}: {importer!r} stands on no floor")
            continue
        for module, _ in imports(path, source):
            if not f"{module}.".startswith("skimgcls."):
                continue
            imported = f"{module}.".split(".")[1]
            if imported not in FLOORS and imported != "__version__":
                complaints.append(f"{path}: imports {module} through the top level; import it from its folder")
            elif not may_import(importer, imported):
                complaints.append(f"{path}: {importer} imports {imported}, which is not below it")
    return complaints


def may_import(importer, imported):
    if imported in (importer, "__version__") or (importer, imported) in SIDEWAYS_ALLOWED:
        return True
    return FLOORS[importer] > FLOORS[imported]


def heavy_complaints(sources):
    complaints = []
    for path, source in package_modules(sources):
        for module, at_module_level in imports(path, source):
            library = module.partition(".")[0]
            forbidden = library in NEVER_AT_MODULE_LEVEL or (
                library in ("torch", "skorch") and unit(path) not in MODULE_LEVEL_TORCH
            )
            if at_module_level and forbidden:
                complaints.append(f"{path}: imports {library} at module level; import it in the function that uses it")
    return complaints


def owner_complaints(sources):
    complaints, users = [], {}
    for path, source in package_modules(sources):
        for library in {module.partition(".")[0] for module, _ in imports(path, source)} & set(OWNERS):
            if unit(path) not in OWNERS[library]:
                complaints.append(f"{path}: {library} belongs to {sorted(OWNERS[library])}")
            elif library in ONE_FILE_EACH:
                users.setdefault((library, unit(path)), []).append(path)
    for (library, folder), paths in users.items():
        if len(paths) > 1:
            complaints.append(f"{', '.join(sorted(paths))}: one file of {folder} alone may import {library}")
    return complaints


def mirror_complaints(sources):
    wanted = {mirror(path): path for path, _ in package_modules(sources) if not path.endswith("__init__.py")}
    there = {
        path for path in sources if path.startswith("tests/") and not path.endswith(("conftest.py", "__init__.py"))
    }
    complaints = [f"{wanted[test]}: has no {test}" for test in sorted(set(wanted) - there)]
    for test in sorted(there - set(wanted)):
        if test.count("/") > 1:  # at the top of tests/ stand those of the whole
            complaints.append(f"{test}: mirrors no module")
    empty = [test for test in sorted(there) if not re.search(r"^ *(?:def|class) [tT]est", sources[test], re.MULTILINE)]
    return complaints + [f"{test}: holds no test" for test in empty]


def mirror(path):
    module = Path(path)
    return (Path("tests") / module.parent.relative_to("skimgcls") / f"test_{module.stem.strip('_')}.py").as_posix()


def size_complaints(sources):
    sizes = [
        (path, len(source.splitlines()), FACE_LINES if is_face(path) else FILE_LINES)
        for path, source in sources.items()
    ]
    return [f"{path}: {lines} lines, wanted fewer than {limit}" for path, lines, limit in sizes if lines >= limit]


def name_complaints(sources):
    complaints = []
    for path, source in package_modules(sources):
        module = Path(path)
        if is_face(path):
            if not re.search(r"^__all__ = ", source, re.MULTILINE):
                complaints.append(f"{path}: has no __all__")
        elif len(module.parts) > 2:
            if not module.stem.startswith("_"):
                complaints.append(f"{path}: files in a folder are private: _{module.name}")
            public = public_definitions(source)
            face = sources.get((module.parent / "__init__.py").as_posix(), "")
            part_is_enough = unit(path) in INTERNAL or not any(f'"{name}"' in face for name in public)
            if len(public) == 1 and not is_named_for(module.stem, public[0], part_is_enough):
                complaints.append(f"{path}: holds {public[0]} alone and is not named for it")
    return complaints


def public_definitions(source):
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [node.name for node in ast.parse(source).body if isinstance(node, kinds) and not node.name.startswith("_")]


def is_named_for(stem, name, part_is_enough):
    stem, name = stem.replace("_", ""), name.replace("_", "").lower()
    return stem in name if part_is_enough else stem == name


def top_level_complaints(folders, ignored):
    def is_allowed(name):
        return name in TOP_FOLDERS or name.startswith(".") or any(fnmatch.fnmatch(name, glob) for glob in ignored)

    return [f"{name}/: no folder of this repository" for name in sorted(folders) if not is_allowed(name)]


def word_complaints(texts):
    return [
        f"{path}: names the machine or registry it was written on: {found.group()!r}"
        for path, text in texts.items()
        for pattern in (MACHINE_PATH, REGISTRY_HOST)
        for found in pattern.finditer(text)
    ]


def package_modules(sources):
    return [(path, source) for path, source in sorted(sources.items()) if path.startswith("skimgcls/")]


def is_face(path):
    return re.fullmatch(r"skimgcls/\w+/(?:\w+/)*__init__\.py", path) is not None


def unit(path):
    """The folder or top-level file that a module belongs to."""
    return Path(path).parts[1].removesuffix(".py")


def imports(path, source):
    """Every module that a source imports, lazily too: (absolute name, whether at module level)."""
    package = ".".join(Path(path).parent.parts)
    found = []

    def visit(node, at_module_level):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            at_module_level = False
        if isinstance(node, ast.Import):
            found.extend((alias.name, at_module_level) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute("." * node.level + (node.module or ""), package)
            found.extend((f"{base}.{alias.name}", at_module_level) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "import_optional", "__import__"):
                found.append((absolute(node.args[0].value, package), at_module_level))
        for child in ast.iter_child_nodes(node):
            only_for_types = (
                isinstance(node, ast.If) and child in node.body and "TYPE_CHECKING" in ast.unparse(node.test)
            )
            visit(child, at_module_level and not only_for_types)

    visit(ast.parse(source), True)
    return found


def absolute(name, package):
    level = len(name) - len(name.lstrip("."))
    if level == 0:
        return name
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - level + 1], *filter(None, [name[level:]])])


def read_sources():
    folders = [ROOT / name for name in ("skimgcls", "tests", "benchmarks")]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for f in folders for path in f.rglob("*.py")
    }


def read_texts():
    texts = read_sources()
    paths = [
        *(ROOT / "docs").rglob("*"),
        *ROOT.glob("*"),
        *(ROOT / ".ci").glob("*"),
        *(ROOT / "skimgcls").rglob("*.css"),
    ]
    for path in paths:
        name = path.relative_to(ROOT).as_posix()
        if (
            path.is_file()
            and path.suffix in {"", ".md", ".py", ".toml", ".css", ".ipynb"}
            and "_build" not in path.parts
        ):
            texts[name] = path.read_text(encoding="utf-8")
    return texts


@pytest.mark.parametrize(
    "complaints_of",
    [floor_complaints, heavy_complaints, owner_complaints, mirror_complaints, size_complaints, name_complaints],
)
def test_the_sources_of_the_repository_keep_the_rule(complaints_of):
    sources = read_sources()
    assert "skimgcls/__init__.py" in sources
    assert not complaints_of(sources), "\n".join(complaints_of(sources))


def test_the_repository_has_no_other_folders_at_its_top():
    ignored = [line.strip().rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()]
    assert not top_level_complaints([path.name for path in ROOT.iterdir() if path.is_dir()], ignored)


def test_no_file_names_the_machine_it_was_written_on():
    texts = read_texts()
    assert {"pyproject.toml", "README.md", "LICENSE"} <= set(texts)
    assert not word_complaints(texts), "\n".join(word_complaints(texts))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("skimgcls/images/_x.py", "from ..estimators import CNNClassifier"),
        ("skimgcls/images/_x.py", "def f():\n    from .. import training"),
        ("skimgcls/images/_x.py", "import skimgcls.training._net"),
        ("skimgcls/images/_x.py", "from skimgcls.training import TrainingNet"),
        ("skimgcls/images/_x.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..base import B"),
        ("skimgcls/images/_x.py", "import_module('..training', __package__)"),
        ("skimgcls/datasets/_x.py", "from ..metrics import f"),
        ("skimgcls/exceptions.py", "from .utils import f"),
        ("skimgcls/reports/_x.py", "from .. import CNNClassifier"),
        ("skimgcls/reports/_x.py", "import skimgcls"),
        ("skimgcls/misc/_x.py", ""),
    ],
)
def test_an_import_that_does_not_run_down_is_found(path, source):
    assert floor_complaints({path: source})


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("skimgcls/training/_x.py", "from ..images import f\nfrom ._y import g\nfrom .. import __version__"),
        ("skimgcls/utils/_x.py", "from ..exceptions import E\nimport skimgcls.exceptions"),
        ("skimgcls/__init__.py", "from .estimators import CNNClassifier"),
        ("skimgcls/__main__.py", "from .cli import main"),
        ("tests/images/test_x.py", "from skimgcls.reports import Report"),
    ],
)
def test_an_import_that_runs_down_is_let_through(path, source):
    assert floor_complaints({path: source}) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("skimgcls/metrics/_x.py", "import matplotlib.pyplot as plt"),
        ("skimgcls/estimators/_x.py", "if True:\n    from pandas import DataFrame"),
        ("skimgcls/estimators/_x.py", "class C:\n    import pandas"),
        ("skimgcls/datasets/_x.py", "try:\n    import torchvision\nexcept ImportError:\n    pass"),
        ("skimgcls/images/_x.py", "from torch import nn"),
        ("skimgcls/model_selection/_x.py", "import_optional('optuna', purpose='x')"),
        ("skimgcls/__init__.py", "import torch"),
    ],
)
def test_a_heavy_import_at_module_level_is_found(path, source):
    assert heavy_complaints({path: source})


def test_a_heavy_import_in_a_function_or_for_types_is_let_through():
    source = "if TYPE_CHECKING:\n    import pandas\ndef f():\n    import torch\nimport numpy"
    assert heavy_complaints({"skimgcls/images/_x.py": source}) == []
    assert heavy_complaints({"skimgcls/training/_x.py": "import torch, skorch"}) == []


def test_a_foreign_library_outside_its_folder_is_found():
    assert owner_complaints({"skimgcls/base.py": "def f():\n    from skorch import NeuralNet"})
    assert owner_complaints({"skimgcls/callbacks/_x.py": "import skorch"}) == []


def test_a_second_file_of_a_folder_with_torchvision_is_found():
    sources = {"skimgcls/datasets/_x.py": "import torchvision", "skimgcls/architectures/_x.py": "import torchvision"}
    assert owner_complaints(sources) == []
    assert owner_complaints(sources | {"skimgcls/datasets/_y.py": "import torchvision"})


def test_a_module_without_its_test_and_a_test_without_its_module_are_found():
    sources = {"skimgcls/images/_x.py": "", "skimgcls/__main__.py": "", "tests/images/test_x.py": "def test_a(): ..."}
    assert mirror_complaints(sources) == ["skimgcls/__main__.py: has no tests/test_main.py"]
    assert mirror_complaints({"tests/a/test_x.py": "def test_a(): ..."}) == ["tests/a/test_x.py: mirrors no module"]
    assert mirror_complaints({"tests/test_common.py": "x = 1"}) == ["tests/test_common.py: holds no test"]


def test_a_long_file_and_a_long_face_are_found():
    assert len(size_complaints({"skimgcls/base.py": "x\n" * 400, "skimgcls/images/__init__.py": "x\n" * 25})) == 2
    assert size_complaints({"skimgcls/base.py": "x\n" * 399, "skimgcls/images/__init__.py": "x\n" * 24}) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("skimgcls/estimators/_cnn.py", "class CNNClassifier: ..."),
        ("skimgcls/estimators/_cnns.py", "class CNNClassifier: ..."),
        ("skimgcls/estimators/cnn_classifier.py", "class CNNClassifier: ..."),
        ("skimgcls/utils/_tools.py", "def import_optional(): ..."),
        ("skimgcls/images/__init__.py", "from ._x import x"),
    ],
)
def test_a_file_that_is_not_named_for_its_public_thing_is_found(path, source):
    face = {"skimgcls/estimators/__init__.py": '__all__ = ["CNNClassifier"]'}
    assert name_complaints(face | {path: source})


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("skimgcls/estimators/_cnn_classifier.py", "class CNNClassifier: ...\ndef _f(): ..."),
        ("skimgcls/architectures/_resnet.py", "class ResNet: ..."),
        ("skimgcls/utils/_optional.py", "def import_optional(): ..."),
        ("skimgcls/training/_losses.py", "class A: ...\nclass B: ..."),
    ],
)
def test_a_file_that_is_named_for_its_public_thing_is_let_through(path, source):
    assert name_complaints({path: source}) == []


def test_a_stray_folder_at_the_top_is_found():
    assert top_level_complaints(["skimgcls", "scripts", ".ci", "dist"], ["dist"]) == [
        "scripts/: no folder of this repository"
    ]


@pytest.mark.parametrize(
    "word", ["/" + "work/main", "see /" + "tmp/x.log", "C:" + "\\Users\\me", "files." + "pythonhosted.org"]
)
def test_a_path_of_a_machine_or_a_registry_is_found(word):
    assert word_complaints({"docs/index.md": word})


def test_words_that_only_look_like_paths_are_let_through():
    assert word_complaints({"docs/index.md": "home/work balance, https://example.org/" + "home/x, docs/tmp/x"}) == []
