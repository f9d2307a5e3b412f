import pickle
import re

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import StratifiedGroupKFold

from skimgcls.datasets import ImageCheck, check_images


@pytest.fixture
def files(tmp_path, rng):
    """Twenty files, of which one is damaged, one a GIF, two are copies, in the test too, and one class is rare."""
    for i in range(20):
        blocks = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)).resize((70, 50))
        blocks.save(tmp_path / f"{i:02}.png")
    (tmp_path / "03.png").write_bytes(b"broken")
    Image.open(tmp_path / "04.png").quantize(16).save(tmp_path / "<b>&stray</b>.gif".replace("/", "_"))
    (tmp_path / "06.png").write_bytes((tmp_path / "05.png").read_bytes())
    (tmp_path / "19.png").write_bytes((tmp_path / "08.png").read_bytes())
    (tmp_path / "04.png").unlink()
    paths = sorted(str(path) for path in tmp_path.iterdir())
    test = [path for path in paths if path.endswith(("18.png", "19.png"))]
    train = [path for path in paths if path not in test]
    return train, ["ä rare one", *["bee"] * (len(train) - 1)], test


@pytest.fixture
def report(files):
    train, labels, test = files
    return check_images(train, labels, X_test=test)


def test_the_text_names_files_and_remedies(report):
    text = str(report)
    assert text.startswith("18 images of 2 classes, and 2 test images: ")
    assert re.search(r"\nunreadable: 1 image\n  \S+03\.png: it is damaged.*\n  Handled by: on_error=", text)
    assert re.search(r"\nexact duplicates: 2 images in 1 group\n  \S+05\.png, \S+06\.png: 2 images", text)
    assert re.search(r"\nin train and test: 2 images in 1 group\n  \S+08\.png, \S+19\.png: same content", text)
    assert "stray<_b>.gif: GIF, palette" in text
    assert 'ä rare one: 1 image, the largest class has 17\n  Handled by: class_weight="balanced"' in text


def test_the_summary_counts_images_and_groups(report):
    summary = report.summary
    assert summary.loc["exact duplicates", ["images", "groups"]].tolist() == [2, 1]
    assert summary.loc["unreadable", "images"] == 1
    assert summary.loc["unreadable", ["groups"]].isna().all()
    assert summary.loc["rare class", ["images", "groups"]].isna().all()
    assert summary["remedy"].notna().all()


def test_the_page_shows_thumbnails_and_escapes_names(report):
    page = report._repr_html_()
    assert page.count("data:image/png;base64,") == len(
        [image for image in report.examples.values() if image is not None]
    )
    assert "no picture" in page
    assert "&lt;b&gt;&amp;stray&lt;_b&gt;.gif" in page
    assert "<b>&stray" not in page
    assert "NA" not in re.sub('base64,[^"]*', "", page)


def test_many_findings_are_cut_short_in_the_text_and_the_page(rng):
    X = rng.integers(0, 256, (60, 6, 6), dtype=np.uint8)
    X[:10] = 255
    X[:10, 0, 0] = range(10)  # or they would be copies
    y = np.r_[np.zeros(30, int), np.arange(1, 31)]
    report = check_images(np.repeat(np.repeat(X, 4, axis=1), 4, axis=2), y)
    text = str(report)
    assert "and 27 more, see frame" in text
    assert "and 10 more" in report._repr_html_()
    assert len(report.frame) > 30


def test_without_findings_it_is_falsy_and_says_so(rng):
    report = check_images(rng.integers(0, 256, (9, 6, 6), dtype=np.uint8))
    assert not report
    assert str(report) == report.title == "9 images: nothing found"
    assert report._repr_html_() == "<p><strong>9 images: nothing found</strong></p>"
    assert len(report.summary) == 0


def test_groups_keep_copies_in_one_fold(files):
    train, labels, _ = files
    labels = ["ant", "bee"] * (len(train) // 2)
    report = check_images(train, labels)
    first, second = (i for i, path in enumerate(train) if path.endswith(("05.png", "06.png")))
    for _, test in StratifiedGroupKFold(3).split(train, labels, report.groups):
        assert (first in test) == (second in test)


def test_names_are_files_positions_or_classes(report, rng):
    rows = report.frame["check"].tolist()
    assert report.name_of(rows.index("unreadable")).endswith("03.png")
    assert report.name_of(rows.index("rare class")) == "ä rare one"
    assert report.describe("rare class") == "rare class"
    X = rng.integers(0, 256, (9, 6, 6), dtype=np.uint8)
    X[8] = X[2]
    arrays = check_images(X[:5], X_test=X[5:])
    assert [arrays.name_of(row) for row in range(2)] == ["#2", "#3"]
    assert "#2, #3 (test): same content" in str(arrays)


def test_it_can_be_pickled(report):
    copy = pickle.loads(pickle.dumps(report))
    assert isinstance(copy, ImageCheck)
    assert str(copy) == str(report)
    assert copy._repr_html_() == report._repr_html_()
