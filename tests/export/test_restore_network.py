import numpy as np
import pytest
import torch

from skimgcls import CNNClassifier, MLPClassifier, PretrainedClassifier
from skimgcls.architectures import _pretrained_backbone
from skimgcls.estimators import ImageEmbedder
from skimgcls.exceptions import ModelFileError
from skimgcls.export._describe_model import describe_model
from skimgcls.export._model_weights import ModelWeights, pack_weights
from skimgcls.export._restore_model import restore_model
from skimgcls.export._restore_network import _CountTensors


def there_and_back(model, architecture=None, **tensors):
    description = describe_model(model)
    return restore_model(description.record, ModelWeights(pack_weights(description.tensors | tensors)), architecture)


def small_pretrained(**params):
    return PretrainedClassifier("squeezenet1_1", weights=None, image_size=32, max_epochs=1, random_state=0, **params)


@pytest.mark.parametrize(
    "model",
    [
        CNNClassifier((4, 4), hidden_units=(4,), max_epochs=1, random_state=0),
        CNNClassifier(architecture="resnet", depth=8, width=2, max_epochs=1, random_state=0, dtype="float64"),
        MLPClassifier((4, 4), patch_size=4, max_epochs=1, random_state=0),
        small_pretrained(),
        small_pretrained().set_params(backbone="regnet_y_400mf"),
    ],
    ids=["cnn", "resnet", "mixer", "pretrained", "widths that are calculated"],
)
def test_weights_lie_in_memory_as_they_did(model, labelled):
    before = model.fit(*labelled).net_.module_
    after = there_and_back(model).net_.module_
    assert before.state_dict().keys() == after.state_dict().keys()
    for name, tensor in before.state_dict().items():
        restored = after.state_dict()[name]
        assert (restored.dtype, restored.stride()) == (tensor.dtype, tensor.stride()), name
        assert torch.equal(restored, tensor), name
    assert [p.requires_grad for p in before.parameters()] == [p.requires_grad for p in after.parameters()]


def test_weights_that_have_a_name_are_not_fetched(labelled, monkeypatch):
    model = small_pretrained().fit(*labelled)
    model.set_params(weights="DEFAULT")._fitted_architecture["weights"] = "DEFAULT"  # as if they had been downloaded
    monkeypatch.setattr(_pretrained_backbone, "_read_weights", lambda *args: pytest.fail("weights were read"))
    restored = there_and_back(model)
    assert restored.weights == "DEFAULT"
    np.testing.assert_array_equal(restored.predict_proba(labelled[0]), model.predict_proba(labelled[0]))


def test_what_is_unfrozen_stays_so(labelled):
    model = small_pretrained(unfreeze_after=1).set_params(max_epochs=2).fit(*labelled)
    restored = there_and_back(model)
    assert restored.n_parameters_ == model.n_parameters_ > 100_000
    assert there_and_back(small_pretrained(freeze=3).fit(*labelled)).n_parameters_ < model.n_parameters_


def test_an_embedder_needs_no_weights_of_elsewhere(labelled, monkeypatch):
    embedder = ImageEmbedder("squeezenet1_1", weights=None, image_size=32, random_state=0).fit(labelled[0])
    embedder.set_params(weights="DEFAULT")
    monkeypatch.setattr(_pretrained_backbone, "_read_weights", lambda *args: pytest.fail("weights were read"))
    np.testing.assert_array_equal(there_and_back(embedder).transform(labelled[0]), embedder.transform(labelled[0]))


def test_the_criterion_is_made_of_the_parameters(labelled):
    params = {
        "criterion": torch.nn.CrossEntropyLoss,
        "net_params": {"criterion__weight": torch.tensor([1.0, 2.0, 3.0])},
    }
    model = MLPClassifier(hidden_units=2, max_epochs=1, random_state=0, **params).fit(*labelled)
    restored = there_and_back(model)
    before, after = model.net_.criterion_.state_dict(), restored.net_.criterion_.state_dict()
    assert before.keys() == after.keys() == {"mean.weight", "each.weight"}
    assert all(torch.equal(before[name], after[name]) for name in before)


class Foreign(torch.nn.Module):
    """A lazy layer, batch statistics, and random numbers that no state dict holds."""

    def __init__(self, image_shape, n_classes, width=4):
        super().__init__()
        self.first = torch.nn.LazyLinear(width)
        self.norm = torch.nn.BatchNorm1d(width)
        self.frequencies = torch.randn(width)
        self.last = torch.nn.Linear(width, n_classes)

    def forward(self, x):
        return self.last(self.norm(self.first(x.flatten(1))) * self.frequencies)


def test_a_network_of_the_user_gets_its_weights_from_the_file_and_its_constants_from_the_seed(labelled):
    model = CNNClassifier(architecture=Foreign, max_epochs=1, random_state=0).fit(*labelled)
    torch.manual_seed(3)
    state = torch.get_rng_state()
    restored = there_and_back(model, Foreign)
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(restored.predict_proba(labelled[0]), model.predict_proba(labelled[0]))
    assert restored.net_.foreign_randomness


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (
            lambda image_shape, n_classes: Foreign(image_shape, n_classes, 5),
            r"first.weight is F32 \[4, 64\], wanted F32 \[5, 64\]",
        ),
        (lambda image_shape, n_classes: torch.nn.Flatten(), "no network can be made .* must map 2 images"),
        (lambda image_shape, n_classes: None, "The architecture returned NoneType"),
    ],
    ids=["width", "logits", "module"],
)
def test_another_network_of_the_user_is_refused(labelled, architecture, message):
    model = CNNClassifier(architecture=Foreign, max_epochs=1, random_state=0).fit(*labelled)
    with pytest.raises(ModelFileError, match=message):
        there_and_back(model, architecture)


def test_a_spread_that_is_not_positive_is_refused(labelled):
    model = MLPClassifier(hidden_units=2, max_epochs=1).fit(*labelled)
    with pytest.raises(ModelFileError, match=r"scaling\.std, is not positive"):
        there_and_back(model, **{"module.scaling.std": torch.zeros(1, 1, 1)})


def test_a_network_is_not_built_to_its_end_when_it_has_too_many_tensors():
    built = []

    def build_without_end():
        while True:
            built.append(torch.nn.Linear(1, 1))

    with pytest.raises(ModelFileError, match="a network of more than 10 tensors"), _CountTensors(10):
        build_without_end()
    assert len(built) == 5
