import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimgcls import CNNClassifier, EnsembleClassifier, MLPClassifier, PretrainedClassifier
from skimgcls.estimators import ImageEmbedder
from skimgcls.exceptions import ModelFileError
from skimgcls.export._registry import estimator_class, registered_name


class OwnMLP(MLPClassifier):
    pass


OwnMLP.__name__ = "CNNClassifier"


@pytest.mark.parametrize(
    "estimator",
    [CNNClassifier(), MLPClassifier(), PretrainedClassifier(), EnsembleClassifier(MLPClassifier()), ImageEmbedder()],
    ids=lambda estimator: type(estimator).__name__,
)
def test_each_estimator_is_found_by_its_name(estimator):
    assert estimator_class(registered_name(estimator)) is type(estimator)


@pytest.mark.parametrize(
    "name",
    ["os.system", "system", "skimgcls.estimators.CNNClassifier", "BaseImageClassifier", "", None, 1, ["CNNClassifier"]],
)
def test_no_other_name_finds_anything(name):
    with pytest.raises(ModelFileError, match=r"it names the estimator .*; model files hold one of CNNClassifier, "):
        estimator_class(name)


@pytest.mark.parametrize(
    ("estimator", "hint"),
    [
        (
            make_pipeline(StandardScaler(), MLPClassifier()),
            r"save_model cannot save a Pipeline.*the last step, pipeline\[-1\]",
        ),
        (GridSearchCV(MLPClassifier(), {}), "cannot save a GridSearchCV.*save best_estimator_"),
        (LogisticRegression(), "cannot save a LogisticRegression. A model file holds one of CNNClassifier"),
        (OwnMLP(), "A class of your own"),
        (MLPClassifier, "make an instance"),
        (None, "cannot save a NoneType"),
    ],
    ids=["pipeline", "search", "scikit-learn", "subclass", "class", "None"],
)
def test_what_is_none_of_ours_is_refused_with_what_to_save_instead(estimator, hint):
    with pytest.raises(ModelFileError, match=hint):
        registered_name(estimator)
