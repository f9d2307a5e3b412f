"""The demo, on the digits and on generated images that stand in for the larger data sets."""

import matplotlib.image
import numpy as np
import pytest
from PIL import Image

from skimgcls.datasets import make_images
from skimgcls.reports import _run_demo as module
from skimgcls.reports import run_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    output = tmp_path_factory.mktemp("demo") / "not" / "there"
    return run_demo(output=output, max_epochs=2, n_jobs=1), output


def test_it_writes_pictures_and_one_page(demo):
    result, output = demo
    written = {path.name for path in output.iterdir()}
    assert written == {
        "learning_curves.png",
        "confusion_matrices.png",
        "mistakes_mlp.png",
        "mistakes_cnn.png",
        "report.html",
    }
    assert {path.name for path in result.files} == written
    for path in output.glob("*.png"):
        picture = matplotlib.image.imread(path)
        assert picture.shape[0] > 300, path
        assert picture.std() > 0.01, path


def test_the_page_holds_every_number_and_picture_by_itself(demo):
    result, output = demo
    page = (output / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 4
    assert "http://" not in page
    assert "https://" not in page
    for accuracy in result.comparison["accuracy"]:
        assert f"{accuracy:.4f}" in page


def test_the_comparison_holds_what_the_models_say(demo):
    result, _ = demo
    assert list(result.comparison.index) == ["MLP", "CNN"]
    for name, classifier in result.classifiers.items():
        row = result.comparison.loc[name]
        assert row["epochs"] == classifier.n_epochs_ == 2
        assert row["parameters"] == classifier.n_parameters_
        assert row["fit seconds"] == classifier.fit_time_ > 0
        assert row["images/s predicted"] > 0
        assert 0.3 < row["accuracy"] <= 1


def test_it_prints_a_report_per_model_and_one_table(capsys, tmp_path):
    run_demo(output=tmp_path, max_epochs=1, n_jobs=1)
    printed = capsys.readouterr().out
    assert printed.count("weighted avg") == 2
    assert printed.count("macro F1") + printed.count("macro") >= 3
    assert "1,347 images to train on, 450 to test" in printed


def test_other_data_are_fetched_from_data_home(monkeypatch, tmp_path):
    asked = []

    def fetch(*, subset, data_home, return_X_y):
        asked.append((subset, data_home, return_X_y))
        X, y = make_images(60, image_shape=(10, 10, 3), n_classes=3, random_state=0, return_X_y=True)
        return X, y

    monkeypatch.setitem(module._FETCHERS, "cifar10", fetch)
    result = run_demo("cifar10", data_home="somewhere", output=tmp_path, max_epochs=1, n_jobs=1)
    assert asked == [("train", "somewhere", True), ("test", "somewhere", True)]
    assert result.classifiers["CNN"].image_shape_ == (10, 10, 3)


def test_unknown_data_are_refused_with_the_choices(tmp_path):
    with pytest.raises(ValueError, match=r"data='imagenet'.*digits, fashion-mnist, mnist, cifar10"):
        run_demo("imagenet", output=tmp_path)


def _write_folder(root, n_images, seed):
    rng = np.random.default_rng(seed)
    for name, brightness in (("day", 180), ("night", 20)):
        (root / name).mkdir(parents=True)
        for number in range(n_images):
            pixels = rng.integers(brightness, brightness + 60, (*rng.integers(20, 40, 2), 3)).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.jpg")


@pytest.mark.parametrize("test_name", [None, "val"])
def test_a_folder_of_image_files_is_trained_on(test_name, tmp_path, capsys):
    root = tmp_path / "own photographs"
    if test_name is None:
        _write_folder(root, 12, 0)
    else:
        _write_folder(root / "train", 9, 0)
        _write_folder(root / test_name, 3, 1)
    result = run_demo(str(root), output=tmp_path / "out", max_epochs=1, n_jobs=1)
    assert (
        "own photographs, files decoded to 64 x 64 pixels: 18 images to train on, 6 to test" in capsys.readouterr().out
    )
    assert result.classifiers["CNN"].image_shape_ == (64, 64, 3)
    assert result.classifiers["MLP"].classes_.tolist() == ["day", "night"]
    assert len(result.files) == 5
