import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.model_selection import compare_regularizers

NET = MLPClassifier(hidden_units=8, max_epochs=2, random_state=0)
TWO = {"dropout": {"dropout": 0.5}, "L2": {"weight_decay": 0.1}}
OPTIONS = {"cv": 2, "random_state": 0}


@pytest.fixture(scope="module")
def study(digit_scans):
    return compare_regularizers(make_pipeline(FunctionTransformer(), NET), *digit_scans, **OPTIONS)


def test_all_regularizers_and_common_pairs_are_compared_with_none(study):
    assert study.frame.index.tolist() == [
        "none", "dropout", "L1", "L2", "batch norm", "label smoothing", "augmentation", "early stopping",
        "dropout + L2", "dropout + batch norm", "dropout + early stopping", "label smoothing + augmentation",
    ]  # fmt: skip
    assert study.frame.loc["none", "verdict"] == "reference"
    assert study.frame.loc["dropout + L2", "settings"] == "dropout=0.3, weight_decay=0.001"
    assert study.frame["gap"].tolist() == (study.frame["train_score"] - study.frame["score"]).tolist()
    assert study.curves["valid_accuracy"].notna().all()


def test_the_picture_has_gaps_and_the_curves_of_each(study):
    axes = study.plot().axes_
    assert len(axes) == 1 + len(study.frame)
    gaps = axes["gap"]
    shown = [label.get_text() for label in gaps.get_yticklabels()]
    assert shown == study.frame.sort_values("score", kind="stable").index.tolist()
    hollow = gaps.get_lines()[-1].get_xdata().tolist()
    assert hollow == study.frame.loc[shown, "train_score"].tolist()
    assert {ax.get_ylim() for name, ax in axes.items() if name != "gap"} == {axes["curves none"].get_ylim()}


@pytest.mark.parametrize(
    ("pairs", "names"),
    [
        ("common", ["none", "dropout", "L2", "dropout + L2"]),
        ("all", ["none", "dropout", "L2", "dropout + L2"]),
        ([("L2", "dropout")], ["none", "dropout", "L2", "L2 + dropout"]),
        (None, ["none", "dropout", "L2"]),
    ],
)
def test_regularizers_and_pairs_can_be_chosen(digits, pairs, names):
    study = compare_regularizers(NET, *digits, regularizers=TWO, pairs=pairs, **OPTIONS)
    assert study.frame.index.tolist() == names


def test_every_candidate_begins_with_all_of_them_off(digits):
    net = CNNClassifier(conv_channels=(4,), hidden_units=4, max_epochs=1, dropout=0.5, random_state=0)
    assert net.norm == "batch"
    study = compare_regularizers(net, *digits, regularizers={"dropout": {"dropout": 0.5}}, **OPTIONS)
    plain = compare_regularizers(
        net.set_params(norm=None, dropout=0.0), *digits, regularizers={"dropout": {"dropout": 0.5}}, **OPTIONS
    )
    assert study.comparison.scores["score"].tolist() == plain.comparison.scores["score"].tolist()


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"regularizers": ["dropout"]}, TypeError, "must be a dict of names to dicts"),
        ({"regularizers": {"dropout": 0.5}}, TypeError, "must be a dict of names to dicts"),
        ({"regularizers": {}}, ValueError, "nothing to compare with none"),
        ({"regularizers": {"drop": {"dropuot": 0.5}}}, ValueError, "MLPClassifier has no parameter 'dropuot'"),
        ({"pairs": "some"}, ValueError, "pairs must be 'common', 'all', a list of pairs"),
        ({"pairs": ["dropout"]}, ValueError, "pairs holds 'dropout', but wanted two names out of"),
        ({"pairs": [("dropout", "L3")]}, ValueError, r"pairs holds \('dropout', 'L3'\), but wanted two names"),
        (
            {"regularizers": {"a": {"dropout": 0.1}, "b": {"dropout": 0.2}}, "pairs": "all"},
            ValueError,
            r"The pair \('a', 'b'\) sets 'dropout' twice",
        ),
    ],
)
def test_what_is_no_regularizer_or_pair_is_refused(digits, changed, error, message):
    with pytest.raises(error, match=message):
        compare_regularizers(NET, *digits, **changed)
