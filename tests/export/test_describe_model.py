import json

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from skorch.callbacks import Callback, EpochScoring

from skimgcls import CNNClassifier, EnsembleClassifier, MLPClassifier
from skimgcls.callbacks import EarlyStopping
from skimgcls.estimators import ImageEmbedder
from skimgcls.exceptions import ModelFileError
from skimgcls.export import _describe_model
from skimgcls.export._describe_model import describe_model


def flatten(image_shape, n_classes):
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, n_classes))


class Recorder(Callback):
    """Writes into the history what a user may."""

    def on_epoch_end(self, net, **kwargs):
        net.history.record("score", np.float32(0.5))
        net.history.record("curve", np.zeros(2))
        net.history.record("note", "good")


class OwnLoss(torch.nn.CrossEntropyLoss):
    pass


class OwnAdam(torch.optim.Adam):
    pass


def fit(labelled, **params):
    return MLPClassifier(hidden_units=(2,), max_epochs=1, random_state=0).set_params(**params).fit(*labelled)


def test_a_model_is_plain_json_and_tensors(mlp):
    description = describe_model(mlp)
    record = json.loads(json.dumps(description.record, allow_nan=False))
    assert record["estimator"] == "MLPClassifier"
    assert set(record["params"]) == set(mlp.get_params()) - {"cache", "callbacks", "checkpoint_dir"}
    assert record["params"]["hidden_units"] == {"tuple": [5]}
    assert record["fitted"]["classes"]["array"]["values"] == ["one", "two", "zero"]
    assert [row["epoch"] for row in record["fitted"]["history"]] == [1, 2]
    assert {f"module.{name}" for name in mlp.net_.module_.state_dict()} == set(description.tensors)
    assert not description.left_out


def test_what_is_not_stored_is_listed(labelled):
    callbacks = [EarlyStopping(monitor="train_loss"), ("named", Recorder()), EpochScoring("accuracy", name="a")]
    description = describe_model(fit(labelled, callbacks=callbacks))
    assert list(description.left_out) == [
        "'curve' of history_, a ndarray,",
        "the callback EarlyStopping",
        "the callback Recorder",
        "the callback EpochScoring",
    ]
    row = description.record["fitted"]["history"][0]
    assert (row["score"], row["note"], "batches" in row, "curve" in row) == (0.5, "good", False, False)


def test_a_random_state_is_stored_as_the_seed_that_was_drawn(labelled):
    model = fit(labelled, random_state=np.random.RandomState(3))
    assert describe_model(model).record["params"]["random_state"] == model.net_.seed


def test_the_random_state_of_an_ensemble_is_stored_as_the_seed_that_it_would_draw_next(labelled):
    rng = np.random.RandomState(3)
    ensemble = EnsembleClassifier(MLPClassifier(max_epochs=1), n_members=2, random_state=rng).fit(*labelled)
    seeds = {describe_model(ensemble).record["params"]["random_state"] for _ in range(2)}
    assert seeds == {rng.randint(np.iinfo(np.int32).max)}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"augment": lambda images: images},
            r"^augment=<function .* no functions .* set_params\(augment=None, tta=1\)",
        ),
        ({"optimizer": OwnAdam}, r"^optimizer=<class .*OwnAdam.* set_params\(optimizer='adam'\)"),
        ({"criterion": OwnLoss}, r"^criterion=<class .*OwnLoss.* set_params\(criterion='cross_entropy'\)"),
        ({"net_params": {"predict_nonlinearity": torch.neg}}, r"^net_params\['predict_nonlinearity'\]=<built-in"),
        ({"net_params": {"torch_load_kwargs": {}}}, r"^net_params\['torch_load_kwargs'\]={} .*Leave it out"),
    ],
    ids=["augment", "optimizer", "criterion", "net_params", "net_params of skorch"],
)
def test_a_value_that_cannot_be_stored_is_named_with_a_remedy(labelled, params, message):
    with pytest.raises(ModelFileError, match=message):
        describe_model(fit(labelled, **params))


def test_a_parameter_of_a_member_is_named_by_its_place(labelled):
    ensemble = EnsembleClassifier(fit(labelled), n_members=2, random_state=0).fit(*labelled)
    ensemble.estimators_[1].set_params(augment=print)
    with pytest.raises(ModelFileError, match=r"^members.1.augment=<built-in"):
        describe_model(ensemble)
    ensemble.estimators_[1] = LogisticRegression()
    with pytest.raises(ModelFileError, match="cannot save a LogisticRegression"):
        describe_model(ensemble)


def test_an_architecture_of_the_user_is_marked_and_not_stored(labelled):
    model = CNNClassifier(architecture=flatten, max_epochs=1).fit(*labelled)
    record = describe_model(model).record
    assert (
        record["params"]["architecture"] == record["fitted"]["trained_with"]["architecture"] == {"own": "architecture"}
    )


def test_the_network_is_described_as_it_was_trained_and_the_parameters_as_they_are(labelled):
    record = describe_model(fit(labelled).set_params(hidden_units=(9, 9), lr=0.5)).record
    assert record["params"]["hidden_units"] == {"tuple": [9, 9]}
    assert record["fitted"]["trained_with"]["hidden_units"] == {"tuple": [2]}


@pytest.mark.parametrize(
    "estimator", [MLPClassifier(), ImageEmbedder(), EnsembleClassifier(MLPClassifier())], ids=lambda e: type(e).__name__
)
def test_an_estimator_that_is_not_fitted_is_refused(estimator):
    with pytest.raises(NotFittedError):
        describe_model(estimator)


@pytest.mark.parametrize(
    "labels",
    [np.array(["2020", "2021"], dtype="M8[Y]"), np.array([1, 2], dtype=object), np.array([1, 2], dtype=np.complex64)],
    ids=lambda labels: labels.dtype.str,
)
def test_labels_that_files_do_not_hold_are_refused(labelled, labels):
    model = fit(labelled)
    model.classes_ = labels
    with pytest.raises(ModelFileError, match=r"^classes_=array.* Labels are strings, integers, booleans or numbers"):
        describe_model(model)


def test_strings_of_numpy_in_an_array_of_objects_are_strings(labelled):
    model = fit(labelled)
    model.classes_ = np.array([np.str_("a"), "b", np.str_("c")], dtype=object)
    classes = describe_model(model).record["fitted"]["classes"]["array"]
    assert (classes["dtype"], classes["values"]) == ("|O", ["a", "b", "c"])


def test_no_file_holds_more_models_than_are_read(labelled, monkeypatch):
    ensemble = EnsembleClassifier(fit(labelled), n_members=2, random_state=0).fit(*labelled)
    monkeypatch.setattr(_describe_model, "MAX_MODELS", 3)
    with pytest.raises(ModelFileError, match="holds at most 3 models, 4 within each other"):
        describe_model(ensemble)
    monkeypatch.setattr(_describe_model, "MAX_MODELS", 4)
    assert len(describe_model(ensemble).record["fitted"]["members"]) == 2
