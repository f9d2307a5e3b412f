import copy

import numpy as np
import pytest
import torch

from skimgcls import CNNClassifier, EnsembleClassifier, MLPClassifier
from skimgcls.estimators import ImageEmbedder
from skimgcls.exceptions import ModelFileError
from skimgcls.export import _restore_model
from skimgcls.export._describe_model import describe_model
from skimgcls.export._model_weights import ModelWeights, pack_weights
from skimgcls.export._restore_model import restore_model


@pytest.fixture(scope="module")
def ensemble(labelled):
    return EnsembleClassifier(MLPClassifier(hidden_units=2, max_epochs=1), n_members=2, random_state=0).fit(*labelled)


@pytest.fixture(scope="module")
def embedder(labelled, mlp):
    return ImageEmbedder(mlp).fit(labelled[0])


def restore(model, *changes, architecture=None):
    """Restore a model after changes of its record: (path, new value), with "absent" to remove."""
    description = describe_model(model)
    record = copy.deepcopy(description.record)
    for path, value in changes:
        *way, last = path
        place = record
        for key in way:
            place = place[key]
        if value == "absent":
            del place[last]
        else:
            place[last] = value
    return restore_model(record, ModelWeights(pack_weights(description.tensors)), architecture)


def labels(*values, dtype="<U4"):
    return {"array": {"dtype": dtype, "shape": [len(values)], "values": list(values)}}


def test_what_was_described_is_restored(mlp, labelled):
    model = restore(mlp)
    assert model.get_params() == mlp.get_params()
    assert vars(model).keys() == vars(mlp).keys()
    np.testing.assert_array_equal(model.predict_proba(labelled[0]), mlp.predict_proba(labelled[0]))
    np.testing.assert_array_equal(model._class_counts, mlp._class_counts)


def test_a_parameter_that_an_older_version_did_not_have_gets_its_default(mlp):
    assert restore(mlp, (("params", "tta"), "absent")).tta == 1


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("estimator",), "os.system", "names the estimator 'os.system'"),
        (("estimator",), "CNNClassifier", "sets the parameter patch_size, which CNNClassifier"),
        (("estimator",), "EnsembleClassifier", "which EnsembleClassifier of skimgcls .* does not take from files"),
        (("more",), 1, "model holds .*'more'"),
        (("fitted",), None, "fitted of model is 'None', where dict was expected"),
        (("params", "no_such"), 1, "sets the parameter no_such, which MLPClassifier .* update skimgcls"),
        (("params", "cache"), {"path": "/"}, "sets the parameter cache, which"),
        (("params", "checkpoint_dir"), "folder", "sets the parameter checkpoint_dir, which"),
        (("params", "callbacks"), [], "sets the parameter callbacks, which"),
        (("params", "lr"), "fast", "not valid: The 'lr' parameter of MLPClassifier must be a float"),
        (("params", "lr"), {"model": {}}, "lr is .*, which stands for no value"),
        (("params", "architecture"), {"own": "architecture"}, "sets the parameter architecture, which"),
        (("params", "n_jobs"), 10**6, "n_jobs=1000000 is more than"),
        (("params", "net_params"), {"dict": [["compile__options", 1]]}, r"net_params\['compile__options'\]=1"),
        (("params", "optimizer"), "sgdd", "not valid: The 'optimizer' parameter"),
        (("params", "sampling"), "balanced", None),
        (("params", "random_state"), -1, "The 'random_state' parameter"),
        (("fitted", "trained_with", "hidden_units"), "absent", "trained_with of fitted names other parameters"),
        (("fitted", "trained_with", "hidden_units"), 10**6, r"module.network.backbone.linear1.weight is F32 \[5, 64\]"),
        (
            ("fitted", "trained_with", "hidden_units"),
            10**19,
            "no network can be made of the parameters of MLPClassifier",
        ),
        (("fitted", "trained_with", "hidden_units"), [2] * 10**6, "a network of more than 10.. tensors"),
        (("fitted", "trained_with", "hidden_units"), ["a"], "no network can be made .*hidden_units"),
        (("fitted", "trained_with", "norm"), "batch", r"backbone.norm1.weight is none, wanted F32 \[5\]"),
        (("fitted", "trained_with", "dtype"), "float64", r"is F32 \[1, 1, 1\], wanted F64"),
        (("fitted", "classes"), labels("one", "two"), r"classifier.weight is F32 \[3, 5\], wanted F32 \[2, 5\]"),
        (("fitted", "classes"), labels("one", "zero", "two"), "classes must be sorted"),
        (("fitted", "classes"), labels("one", "one", "two"), "classes must be sorted"),
        (("fitted", "classes"), labels("one"), "at least two"),
        (("fitted", "classes"), {"dict": []}, r"classes is no array of shape \(n,\)"),
        (("fitted", "classes"), labels(1, 2, 3, dtype="|i1"), None),
        (("fitted", "layout", "width"), 10**9, "images of 8 x 1000000000 pixels and 1 channels cannot be"),
        (("fitted", "layout", "width"), 0, "images of 8 x 0 pixels"),
        (("fitted", "layout", "width"), 9, r"backbone.linear1.weight is F32 \[5, 64\], wanted F32 \[5, 72\]"),
        (("fitted", "layout", "channels_first"), 1, "channels_first of layout is '1', where bool was expected"),
        (("fitted", "maximum"), {"float": "nan"}, "maximum of fitted is"),
        (("fitted", "maximum"), 10**400, "maximum is '10.*', where a number was expected"),
        (("fitted", "fit_time"), 10**400, "fit_time is '10.*', where a number was expected"),
        (("params", "lr"), 10**400, "no network can be made .* too large"),
        (("fitted", "history", 1, "more"), {"optimizer": "SGD"}, "epoch 2 of the history is no row"),
        (("fitted", "feature_names"), ["a"], "feature_names holds 1 names, where 64 were expected"),
        (("fitted", "feature_names"), list(range(64)), "feature_names holds 64 names"),
        (("fitted", "best_epoch"), 3, "best_epoch=3 of 2 epochs"),
        (("fitted", "seed"), -1, "seed=-1, cannot be"),
        (("fitted", "fit_time"), "long", "fit_time of fitted is 'long', where float or int or dict was expected"),
        (("fitted", "fit_time"), {"dict": []}, "fit_time is '{}', where a number was expected"),
        (("fitted", "class_counts"), labels(1.0, dtype="<f8"), r"class_counts is no array of shape \(2, 3\)"),
        (("fitted", "history", 1), "absent", "best_epoch=2 of 1 epochs"),
        (("fitted", "history", 0), 5, "epoch 1 of the history is no row of numbers"),
        (("fitted", "history", 1, "epoch"), 1, "epoch 2 of the history is no row"),
        (("fitted", "history", 1, "batches"), [], "epoch 2 of the history is no row"),
        (("fitted", "history", 1, "more"), [1], "epoch 2 of the history is no row"),
        (("fitted", "history", 1, "train_loss"), "low", "train_loss of epoch 2 is 'low', where a number was expected"),
        (("fitted", "history", 1, "train_loss"), {"float": "nan"}, None),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_a_record_that_does_not_fit_is_refused(mlp, path, value, message):
    if message is None:
        assert restore(mlp, (path, value)).n_epochs_ == 2
        return
    with pytest.raises(ModelFileError, match=message):
        restore(mlp, (path, value))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("fitted", "members"), [], "an ensemble in it has no members: fitted"),
        (("fitted", "members", 1), "absent", "holds weights that belong to nothing: members.1.module"),
        (("fitted", "members", 1, "params", "lr"), -1.0, "parameters of members.1.MLPClassifier are not valid"),
        (("fitted", "members", 1, "fitted"), None, "fitted of members.1.model is"),
        (("fitted", "classes"), labels("one", "zero"), "members.0 knows classes that the ensemble does not have"),
        (("params", "estimator", "model", "fitted"), {}, "fitted of estimator.model is '{}', where null"),
        (("params", "estimator"), "absent", "not valid: .*estimator"),
        (("params", "estimator"), 3, "not valid: The 'estimator' parameter"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_a_record_of_an_ensemble_that_does_not_fit_is_refused(ensemble, path, value, message):
    with pytest.raises(ModelFileError, match=message):
        restore(ensemble, (path, value))


def test_ensembles_within_ensembles_without_end_are_refused(ensemble, monkeypatch):
    record = describe_model(ensemble).record
    for _ in range(6):
        record = {**record, "params": record["params"] | {"estimator": {"model": {**record, "fitted": None}}}}
        record["fitted"] = record["fitted"] | {"members": [record]}
    with pytest.raises(ModelFileError, match="more than 4 within each other"):
        restore_model(record, ModelWeights(pack_weights({})))
    monkeypatch.setattr(_restore_model, "MAX_MODELS", 3)
    with pytest.raises(ModelFileError, match="it holds more than 3 models"):
        restore(ensemble)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("params", "backbone"), {"model": 3}, "backbone.model holds int"),
        (("params", "backbone"), "resnet18", "no network can be made|do not fit the network"),
        (("params", "backbone", "model", "estimator"), "ImageEmbedder", "which ImageEmbedder of skimgcls"),
        (("fitted", "n_features_out"), 0, "n_features_out=0 cannot be"),
        (("fitted", "layout"), {}, "layout holds"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_a_record_of_an_embedder_that_does_not_fit_is_refused(embedder, path, value, message):
    with pytest.raises(ModelFileError, match=message):
        restore(embedder, (path, value))


def linear(image_shape, n_classes):
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, n_classes))


def test_an_architecture_is_asked_for_where_it_is_missing_and_refused_where_it_is_of_no_use(mlp, labelled):
    own = CNNClassifier(architecture=linear, max_epochs=1).fit(*labelled)
    with pytest.raises(ModelFileError, match=r"the CNNClassifier in it .* load_model\(path, architecture=\.\.\.\)"):
        restore(own)
    with pytest.raises(ModelFileError, match=r"architecture=<function linear.* Leave architecture out"):
        restore(mlp, architecture=linear)
    assert restore(own, architecture=linear).architecture is linear


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
@pytest.mark.parametrize("device", ["cuda", "cuda:3", {"device": "cuda:0"}])
def test_a_device_that_is_missing_becomes_auto(mlp, labelled, device):
    model = restore(mlp, (("params", "device"), device), (("params", "precision"), "fp16"))
    assert (model.device, model.precision, model.device_) == ("auto", "auto", "cpu")
    model.fit(*labelled)


def test_the_device_of_the_classifier_that_an_ensemble_clones_is_settled_too(ensemble):
    restored = restore(ensemble, (("params", "estimator", "model", "params", "device"), "cuda:99"))
    assert restored.estimator.device == "auto"
