import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import MLPClassifier
from skimgcls.model_selection import compare_batch_sizes

NET = MLPClassifier(hidden_units=8, lr=0.1, random_state=0)
OPTIONS = {"cv": 2, "random_state": 0}


@pytest.fixture(scope="module")
def study(digit_scans):
    pipeline = make_pipeline(FunctionTransformer(), NET)
    return compare_batch_sizes(pipeline, *digit_scans, batch_sizes=[128, 16], max_epochs=12, patience=2, **OPTIONS)


def test_fits_go_on_until_early_stopping_or_the_last_epoch(study):
    epochs = study.curves.groupby(["candidate", "fold"])["epoch"].max()
    assert (epochs <= 12).all()
    assert epochs["batch_size=16"].min() < 12
    assert study.frame.loc["batch_size=16", "epochs"] == epochs["batch_size=16"].mean()
    assert study.curves["valid_loss"].notna().all()


def test_the_picture_has_time_epochs_and_score_against_the_batch_size(study):
    axes = study.plot().axes_
    assert list(axes) == ["seconds", "epochs", "score"]
    for ax in axes.values():
        assert ax.get_xscale() == "log"
        assert [label.get_text() for label in ax.get_xticklabels()] == ["16", "128"]
    lines = {name: ax.get_lines()[0].get_ydata().tolist() for name, ax in axes.items()}
    frame = study.frame.loc[["batch_size=16", "batch_size=128"]]
    assert lines == {"seconds": frame["fit_seconds"].tolist(), "epochs": frame["epochs"].tolist(),
                     "score": frame["score"].tolist()}  # fmt: skip


def test_fits_that_nothing_stopped_are_hollow(digits):
    study = compare_batch_sizes(NET, *digits, batch_sizes=[16, 64], max_epochs=2, **OPTIONS)
    axes = study.plot().axes_
    assert "went on to epoch 2" in axes["epochs"].get_title(loc="left")
    assert axes["score"].collections[-1].get_facecolors().tolist() == [[1, 1, 1, 1]] * 2


def test_without_patience_all_train_to_the_last_epoch(digits):
    study = compare_batch_sizes(NET, *digits, batch_sizes=[16, 64], max_epochs=3, patience=None, **OPTIONS)
    assert study.frame["epochs"].tolist() == [3, 3]
    axes = study.plot().axes_
    assert axes["epochs"].get_ylabel() == "epochs"
    assert "epoch" not in axes["epochs"].get_title(loc="left")


def test_batches_larger_than_the_data_have_the_same_scores(digits):
    study = compare_batch_sizes(NET, *digits, batch_sizes=[512, 1024], max_epochs=2, **OPTIONS)
    assert sorted(study.frame["verdict"]) == ["best", "identical scores"]


def test_bad_sizes_are_refused(digits):
    with pytest.raises(ValueError, match="'batch_size' parameter of MLPClassifier must be"):
        compare_batch_sizes(NET, *digits, batch_sizes=[0, 16])
    with pytest.raises(ValueError, match="batch_sizes must be a list"):
        compare_batch_sizes(NET, *digits, batch_sizes=16)
