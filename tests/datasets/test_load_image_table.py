import os

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skimgcls.datasets import load_image_table
from skimgcls.exceptions import ImageDecodeError


@pytest.fixture
def folder(tmp_path):
    """Four images in pictures/, brightness tells them apart, and a CSV file with labels beside it."""
    (tmp_path / "pictures").mkdir()
    for i in range(4):
        Image.new("RGB", (9 + i, 6), (10 * i,) * 3).save(tmp_path / "pictures" / f"{i}.png")
    rows = ["file,kind,patient,note", *(f"pictures/{i}.png,{'ab'[i % 2]},{i // 2 + 70},x" for i in (2, 0, 3, 1))]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    return tmp_path


def test_paths_come_in_the_order_of_the_table_and_start_from_its_folder(folder):
    bunch = load_image_table(folder / "labels.csv", "file", "kind")
    assert bunch.data.tolist() == [os.path.join(folder, f"pictures/{i}.png") for i in (2, 0, 3, 1)]
    assert bunch.target.tolist() == ["a", "a", "b", "b"]
    assert bunch.target_names.tolist() == ["a", "b"]
    assert bunch.groups is None
    assert str(folder / "labels.csv") in bunch.DESCR


def test_a_size_gives_pixels(folder):
    X, y = load_image_table(str(folder / "labels.csv"), "file", "kind", image_size=(4, 5), return_X_y=True)
    assert X.shape == (4, 4, 5, 3)
    assert X[:, 2, 2, 0].tolist() == [20, 0, 30, 10]
    assert y.tolist() == ["a", "a", "b", "b"]
    gray = load_image_table(folder / "labels.csv", "file", "kind", image_size=4, color_mode="gray")
    assert gray.data.shape == (4, 4, 4, 1)


def test_a_column_gives_groups(folder):
    bunch = load_image_table(folder / "labels.csv", "file", "kind", group_column="patient")
    assert bunch.groups.tolist() == [71, 70, 71, 70]


def test_a_frame_keeps_the_names_of_its_columns(folder):
    bunch = load_image_table(folder / "labels.csv", "file", "kind", group_column="patient", as_frame=True)
    assert list(bunch.frame) == ["file", "kind", "patient"]
    X, y = load_image_table(folder / "labels.csv", "file", "kind", as_frame=True, return_X_y=True)
    assert list(X) == ["file"]
    assert (y.name, y.tolist()) == ("kind", ["a", "a", "b", "b"])


def test_a_dataframe_starts_from_the_working_directory_or_from_the_root(folder, monkeypatch):
    table = pd.read_csv(folder / "labels.csv")
    assert load_image_table(table, "file", "kind", root=folder).data[0] == os.path.join(folder, "pictures/2.png")
    monkeypatch.chdir(folder)
    assert load_image_table(table, "file", "kind").data[0] == "pictures/2.png"


def test_absolute_paths_and_path_objects_stay_as_they_are(folder):
    table = pd.DataFrame({"file": [folder / "pictures" / "0.png", folder / "pictures" / "1.png"], "kind": [0, 1]})
    bunch = load_image_table(table, "file", "kind", root="elsewhere")
    assert bunch.data.tolist() == [str(path) for path in table["file"]]


@pytest.mark.parametrize("labels", [[3, 1, 1, 3], [True, False, False, True], ["y", "é", "é", "y"]])
def test_labels_keep_the_type_of_the_table(folder, labels):
    table = pd.read_csv(folder / "labels.csv").assign(kind=labels)
    target = load_image_table(table, "file", "kind", root=folder).target
    assert target.tolist() == labels
    assert target.dtype.kind == np.asarray(labels).dtype.kind


def test_missing_files_are_named_with_what_to_do(folder):
    (folder / "pictures" / "3.png").unlink()
    message = r"1 of 4 images do not exist: '.*3\.png'\. Say where relative paths start with root=, or leave them out"
    with pytest.raises(FileNotFoundError, match=message):
        load_image_table(folder / "labels.csv", "file", "kind")
    with pytest.raises(FileNotFoundError, match=r"4 of 4 .*Correct root="):
        load_image_table(folder / "labels.csv", "file", "kind", root=folder / "pictures")


@pytest.mark.parametrize("image_size", [None, 4])
def test_missing_and_damaged_files_are_left_out_if_asked_for(folder, image_size):
    (folder / "pictures" / "3.png").unlink()
    (folder / "pictures" / "0.png").write_bytes(b"broken")
    with pytest.warns(UserWarning, match=r"(?s)2 of 4 images could not be decoded.*0\.png.*3\.png") as caught:
        bunch = load_image_table(
            folder / "labels.csv", "file", "kind", group_column="patient", image_size=image_size, on_error="warn"
        )
    assert caught[0].filename == __file__
    assert (bunch.target.tolist(), bunch.groups.tolist()) == (["a", "b"], [71, 70])
    assert [os.path.basename(path) for path in bunch.unreadable] == ["0.png", "3.png"]


def test_damaged_files_raise_once_they_are_decoded(folder):
    (folder / "pictures" / "0.png").write_bytes(b"broken")
    assert len(load_image_table(folder / "labels.csv", "file", "kind").data) == 4
    with pytest.raises(ImageDecodeError, match=r"0\.png' could not be decoded"):
        load_image_table(folder / "labels.csv", "file", "kind", image_size=4)


def test_a_byte_order_mark_is_no_part_of_the_first_column(folder):
    content = (folder / "labels.csv").read_text()
    (folder / "labels.csv").write_text(content, encoding="utf-8-sig")
    assert len(load_image_table(folder / "labels.csv", "file", "kind").data) == 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2", r"labels\.csv has no column 'file', 'kind'\. Its columns are \['a', 'b'\]"),
        ("file,kind", "has no rows"),
        ("", r"labels\.csv' could not be read as a CSV file: No columns"),
        ("file,kind\n1.png,a\n2.png,\n3.png,", r"'kind' of .* has no value in 2 of 3 rows, such as rows \[1, 2\]"),
        ("file,kind\n,a", "Column 'file' of .* has no value in 1 of 1 rows"),
        ("file,kind\n1,2,3,4\n1,2,3,4,5,6", r"could not be read as a CSV file: .*pass the DataFrame"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(folder, content, message):
    (folder / "labels.csv").write_text(content)
    with pytest.raises(ValueError, match=message):
        load_image_table(folder / "labels.csv", "file", "kind")


def test_a_missing_table_and_one_on_the_network_are_no_files(tmp_path):
    for name in (tmp_path / "gone.csv", "http://localhost/labels.csv"):
        with pytest.raises(FileNotFoundError, match="csv"):
            load_image_table(name, "file", "kind")
