"""The notebooks are as a reader should find them: executed in order, with a conclusion, free of traces of a machine."""

import ast
import importlib
import importlib.util
import itertools
import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MOST_BYTES = 600_000
HOME = "/" + "home/"  # in two parts, or this file would name a path too

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    """The notebook, with the source of each cell as one text."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def missing_names(source):
    """Names that code imports from where they are not, or that are private."""
    missing = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            missing += [each.name for each in node.names if importlib.util.find_spec(each.name) is None]
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            names = [f"{node.module}.{each.name}" for each in node.names]
            missing += [
                name for name in names if "._" in name or not hasattr(module, name.removeprefix(f"{node.module}."))
            ]
    return missing


@pytest.fixture(scope="module")
def run_copies():
    spec = importlib.util.spec_from_file_location("run_copies", FOLDER / "run_copies.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@each_notebook
def test_it_begins_with_a_title_and_ends_with_a_conclusion_from_figures(path):
    cells = read(path)["cells"]
    assert cells[0]["cell_type"] == cells[-1]["cell_type"] == "markdown"
    assert cells[0]["source"].startswith("# ")
    assert cells[-1]["source"].startswith("## Conclusion\n")
    assert re.search(r"\b0\.\d", cells[-1]["source"])


@each_notebook
def test_it_was_executed_from_top_to_bottom(path):
    cells = code_cells(read(path))
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        is_silent = all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in ast.parse(cell["source"]).body)
        assert cell["outputs"] or is_silent, cell["source"]


@each_notebook
def test_no_cell_is_empty_and_every_code_cell_follows_an_explanation(path):
    cells = read(path)["cells"]
    assert all(cell["source"].strip() for cell in cells)
    for before, cell in itertools.pairwise(cells):
        assert before["cell_type"] == "markdown" or cell["cell_type"] == "markdown"


@each_notebook
def test_it_shows_pictures_and_is_not_large(path):
    text = path.read_text(encoding="utf-8")
    assert '"image/png"' in text or "data:image/png" in text
    assert len(text) < MOST_BYTES


@each_notebook
def test_it_has_no_warning_no_error_and_no_trace_of_a_machine(path, run_copies):
    notebook = read(path)
    assert notebook["metadata"] == run_copies.METADATA
    assert [text for cell in notebook["cells"] for text in run_copies.complaints_about(cell)] == []
    assert not run_copies.PATH.search("\n".join(cell["source"] for cell in notebook["cells"]))
    assert all(not cell["metadata"] for cell in notebook["cells"])


@each_notebook
def test_it_reads_from_the_environment_how_many_images_it_takes(path):
    assert '.get("SKIMGCLS_NOTEBOOK_IMAGES", ' in "".join(cell["source"] for cell in code_cells(read(path)))


@each_notebook
def test_what_it_imports_exists_and_is_public(path):
    assert missing_names("\n".join(cell["source"] for cell in code_cells(read(path)))) == []


def test_the_contents_list_every_notebook():
    page = (FOLDER / "index.md").read_text(encoding="utf-8")
    listed = re.search(r"```{toctree}\n.*?\n\n(.*?)```", page, re.DOTALL).group(1).split()
    assert sorted(listed) == [path.stem for path in NOTEBOOKS] != []


def test_a_name_that_does_not_exist_is_found():
    assert missing_names("from skimgcls import MLPClassifier, NoSuch") == ["skimgcls.NoSuch"]
    assert missing_names("import no_such") == ["no_such"]


def test_a_private_name_is_found():
    assert missing_names("from skimgcls.metrics._text import text_width") == ["skimgcls.metrics._text.text_width"]


def test_warnings_errors_and_paths_are_found(run_copies):
    stderr = {"output_type": "stream", "name": "stderr", "text": "careful"}
    error = {"output_type": "error", "ename": "ValueError", "evalue": "no"}
    data = {"text/html": ["<p>" + HOME, "me/x</p>"], "image/png": HOME}
    shown = {"output_type": "execute_result", "data": data}
    complaints = run_copies.complaints_about({"outputs": [stderr, error, shown]})
    assert complaints == ["stderr: careful", "ValueError: no", f"path: {HOME}me/x"]


def test_a_picture_in_html_and_a_fraction_are_no_path(run_copies):
    html = f'<td>1{HOME}2</td><img src="data:image/png;base64,ab+{HOME}cd==">'
    assert not run_copies.complaints_about(
        {"outputs": [{"output_type": "execute_result", "data": {"text/html": html}}]}
    )


@pytest.mark.parametrize(("required", "raises"), [("0", False), ("1", True)])
def test_without_images_copies_are_skipped_unless_these_were_promised(
    run_copies, monkeypatch, tmp_path, capsys, required, raises
):
    monkeypatch.setenv("SKIMGCLS_DATA", str(tmp_path))
    monkeypatch.setenv("SKIMGCLS_REQUIRE_DATA", required)
    if raises:
        with pytest.raises(SystemExit, match="holds no FashionMNIST"):
            run_copies.has_data()
    else:
        assert not run_copies.has_data()
        assert "Skipped the notebooks" in capsys.readouterr().out
