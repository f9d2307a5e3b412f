import os
import threading
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skimgcls.datasets import check_images, load_image_folder

COLUMNS = ["check", "part", "index", "name", "label", "group", "detail", "remedy"]


@pytest.fixture
def folder(tmp_path, rng):
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for i in range(6):
            blocks = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)).resize((70, 50))
            blocks.save(tmp_path / label / f"{i}.jpg")
    return tmp_path


def spoil(folder):
    """Give a folder one file of each fault, and return the checks that shall name them."""
    whole = Image.open(folder / "cat" / "0.jpg").copy()
    content = (folder / "cat" / "1.jpg").read_bytes()
    (folder / "cat" / "1.jpg").write_bytes(content[: len(content) // 2])
    whole.save(folder / "cat" / "really.jpg", "PNG")
    whole.convert("CMYK").transpose(Image.Transpose.ROTATE_180).save(folder / "cat" / "print.jpg")
    Image.new("RGB", (70, 50), "navy").save(folder / "dog" / "night.jpg")
    whole.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((300, 50)).save(folder / "dog" / "strip.jpg")
    (folder / "dog" / "copy.jpg").write_bytes((folder / "dog" / "1.jpg").read_bytes())
    return {
        "unreadable": ["cat/1.jpg"],
        "wrong extension": ["cat/really.jpg"],
        "odd mode": ["cat/print.jpg"],
        "odd size": ["dog/strip.jpg"],
        "near-blank": ["dog/night.jpg"],
        "exact duplicates": ["dog/1.jpg", "dog/copy.jpg"],
        "near duplicates": ["cat/0.jpg", "cat/really.jpg"],
    }


def files_by_check(report, folder):
    named = report.frame.dropna(subset="index")
    names = named["name"].map(lambda name: os.path.relpath(name, folder).replace(os.sep, "/"))
    return names.groupby(named["check"], sort=False).apply(list).to_dict()


def test_every_fault_is_found_and_names_its_file(folder):
    expected = spoil(folder)
    data = load_image_folder(folder)
    report = check_images(data.data, data.target)
    assert list(report.frame) == COLUMNS
    assert files_by_check(report, folder) == expected
    found = report.frame.dropna(subset="index")
    assert (data.data[found["index"].astype(int)] == found["name"]).all()
    assert (data.target[found["index"].astype(int)] == found["label"]).all()
    assert report.frame["remedy"].notna().all()
    assert "mixed sizes" in set(report.frame["check"])


@pytest.mark.parametrize("form", [list, np.array, pd.Series, lambda paths: pd.DataFrame({"path": paths})])
def test_paths_may_come_in_any_form(folder, form):
    spoil(folder)
    data = load_image_folder(folder)
    expected = check_images(data.data, data.target).frame
    pd.testing.assert_frame_equal(check_images(form(data.data.tolist()), data.target).frame, expected)


def test_clean_images_give_a_falsy_report(folder):
    assert not check_images(*load_image_folder(folder, return_X_y=True))


def test_arrays_are_named_by_their_positions(rng):
    X = rng.integers(0, 256, (12, 9, 9, 3), dtype=np.uint8)
    X[4], X[7] = X[2], 200
    y = np.repeat([True, False], [10, 2])
    frame = check_images(X, y).frame
    assert frame["name"].tolist() == [None] * len(frame)
    assert frame[["check", "index", "label"]].values.tolist()[:3] == [
        ["near-blank", 7, True],
        ["exact duplicates", 2, True],
        ["exact duplicates", 4, True],
    ]
    assert frame["check"].iloc[3] == "rare class"
    assert frame["label"].iloc[3] is False


def test_test_images_are_looked_through_and_compared(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("test")
    Image.open(folder / "cat" / "2.jpg").convert("L").save(other / "grey.jpg")
    (other / "copy.jpg").write_bytes((folder / "dog" / "3.jpg").read_bytes())
    (other / "broken.jpg").write_bytes(b"broken")
    X, y = load_image_folder(folder, return_X_y=True)
    report = check_images(X, y, X_test=sorted(other.iterdir()))
    assert report.frame[["check", "part", "index", "label", "detail"]].values.tolist()[2:] == [
        ["in train and test", "train", 2, "cat", "looks alike"],
        ["in train and test", "test", 2, None, "looks alike"],
        ["in train and test", "train", 9, "dog", "same content"],
        ["in train and test", "test", 1, None, "same content"],
    ]
    assert report.frame[["check", "part", "index"]].values.tolist()[:2] == [
        ["unreadable", "test", 0],
        ["odd mode", "test", 2],
    ]
    assert len(report.groups) == len(X)


def test_arrays_and_files_may_be_compared(folder):
    paths = load_image_folder(folder).data
    X = np.stack([np.asarray(Image.open(path)) for path in paths[:4]])
    report = check_images(paths, X_test=X)
    assert set(report.frame["check"]) == {"in train and test"}
    assert report.frame["name"].isna().sum() == 4


def test_examples_are_chosen_from_each_check_and_in_couples(rng):
    X = rng.integers(0, 256, (80, 16, 16), dtype=np.uint8)
    X[:20] = np.arange(20)[:, np.newaxis, np.newaxis]
    X[40:80] = np.repeat(X[20:40], 2, axis=0)
    report = check_images(X)
    shown = report.frame.loc[sorted(report.examples)]
    assert shown["check"].value_counts().to_dict() == {"near-blank": 8, "exact duplicates": 8}
    assert shown["group"].dropna().value_counts().tolist() == [2] * 4


def test_the_result_does_not_depend_on_the_number_of_threads(folder, monkeypatch):
    spoil(folder)
    paths = load_image_folder(folder).data.tolist() * 10
    expected = check_images(paths).frame
    monkeypatch.setattr("joblib.cpu_count", lambda: 7)
    pd.testing.assert_frame_equal(check_images(paths).frame, expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), "X is empty"),
        ((np.zeros((0, 3, 3)),), "X is empty|minimum of 1"),
        ((np.zeros((3, 4, 4)), [0, 1]), "inconsistent numbers of samples"),
        (("folder",), "X is a single path"),
        ((np.zeros(5),), "has 1 axis"),
    ],
)
def test_what_holds_no_images_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        check_images(*arguments)


def test_the_stray_gif_among_real_photographs_is_reported_by_name(shared_data, tmp_path):
    with zipfile.ZipFile(shared_data / "hymenoptera.zip") as archive:
        archive.extractall(tmp_path)
    train, test = load_image_folder(tmp_path / "train"), load_image_folder(tmp_path / "val")
    report = check_images(train.data, train.target, X_test=test.data)
    odd = report.frame[report.frame["check"] == "odd mode"]
    assert [os.path.basename(name) for name in odd["name"]] == ["imageNotFound.gif"]
    assert "GIF, palette" in odd["detail"].iloc[0]
    assert "imageNotFound.gif" in str(report)
    assert len(report) < 10  # the photographs are in order


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_reported_and_not_waited_for(tmp_path):
    path, found = tmp_path / "x.png", []
    os.mkfifo(path)
    thread = threading.Thread(target=lambda: found.append(check_images([str(path)])), daemon=True)
    thread.start()
    thread.join(30)
    if thread.is_alive():  # it waits for someone to write
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    assert "no regular file" in str(found[0].frame.to_string() if hasattr(found[0], "frame") else found[0])
