"""The pages are true: their examples run, and the API page lists every public name."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import skimgcls

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

# The engine behind the estimators, which may change without notice.
INTERNAL = {"images", "training", "base", "cli"}

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples(page):
    """The interactive examples of a page, in order, as one doctest source."""
    return "\n".join(code for language, code in FENCE.findall(page) if language == "pycon")


def failed_examples(source, name):
    test = doctest.DocTestParser().get_doctest(source, {}, name, name, 0)
    report = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=report.append)
    return "".join(report)


def unlisted_names(page, public):
    """Public names that no line of the API page lists; `public` maps module names to their names."""
    listed = set()
    for block in page.split(".. currentmodule:: ")[1:]:
        module = block.split()[0]
        listed |= {f"{module}.{name}" for name in re.findall(r"^ {3}(\w+)$", block, re.MULTILINE)}
    # What the top level offers is listed there, and not a second time in its folder.
    at_top = {name.rpartition(".")[2] for name in listed if name.count(".") == 1}
    wanted = {f"{module}.{name}" for module, names in public.items() for name in names if name not in at_top}
    return sorted(name for name in wanted - listed if not name.rpartition(".")[2].startswith("__"))


def unknown_names(page):
    """Names on the API page that cannot be imported."""
    unknown = []
    for block in page.split(".. currentmodule:: ")[1:]:
        module = importlib.import_module(block.split()[0])
        names = re.findall(r"^ {3}(\w+)$", block, re.MULTILINE)
        unknown += [f"{module.__name__}.{name}" for name in names if not hasattr(module, name)]
    return unknown


def public_names():
    modules = [skimgcls] + [
        importlib.import_module(f"skimgcls.{info.name}")
        for info in pkgutil.iter_modules(skimgcls.__path__)
        if not info.name.startswith("_") and info.name not in INTERNAL
    ]
    return {module.__name__: module.__all__ for module in modules}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_examples_of_a_page_run_and_show_what_they_say(path):
    assert not failed_examples(examples(path.read_text(encoding="utf-8")), path.name)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_an_interactive_example_is_marked_as_one_so_that_it_runs(path):
    for language, code in FENCE.findall(path.read_text(encoding="utf-8")):
        assert language == "pycon" or not code.lstrip().startswith(">>>")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_files_that_a_page_links_to_exist(path):
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_the_api_page_lists_every_public_name_and_no_other():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert unlisted_names(page, public_names()) == []
    assert unknown_names(page) == []


def test_the_changelog_knows_this_version():
    changelog = (ROOT / "docs" / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {re.match(r'[0-9.]+[0-9]', skimgcls.__version__).group()}" in changelog


def test_a_false_example_is_found():
    page = "```pycon\n>>> x = 1\n```\ntext\n```pycon\n>>> x + 1\n3\n```\n"
    assert "Got:\n    2" in failed_examples(examples(page), "page")
    assert not failed_examples(examples(page.replace("3\n", "2\n")), "page")


def test_an_unlisted_and_an_unknown_name_are_found():
    page = (
        ".. currentmodule:: skimgcls\n\n   Top\n\n.. currentmodule:: skimgcls.utils\n\n   show_versions\n   no_such\n"
    )
    public = {
        "skimgcls": ["Top", "__version__"],
        "skimgcls.estimators": ["Top"],
        "skimgcls.utils": ["f", "show_versions"],
    }
    assert unlisted_names(page, public) == ["skimgcls.utils.f"]
    assert unknown_names(page) == ["skimgcls.Top", "skimgcls.utils.no_such"]
