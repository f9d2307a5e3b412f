"""What is fast must compute the same: our engine against a loop that has none of its short cuts, in float64."""

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback, EpochScoring
from torch.nn import functional as F

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.architectures import MLP, ConvNet, build_seeded
from skimgcls.datasets import load_digit_images
from skimgcls.preprocessing import CutMix
from skimgcls.utils._random import make_generator

EPOCHS, BATCH_SIZE, SEED = 3, 64, 7
X, Y = (values[:300] for values in load_digit_images(return_X_y=True))
MODELS = {
    "MLP": (MLPClassifier((32, 16)), lambda: MLP((1, 8, 8), 10, hidden_units=(32, 16))),
    "CNN": (CNNClassifier((8, 8, 12)), lambda: ConvNet((1, 8, 8), 10, conv_channels=(8, 8, 12))),
}
PLAIN = {"lr": 0.01, "weight_decay": 1e-3, "fused": False, "foreach": False}
OPTIMIZERS = {
    "adam": lambda weights: torch.optim.Adam(weights, **PLAIN),
    "adamw": lambda weights: torch.optim.AdamW(weights, **PLAIN),
    "sgd": lambda weights: torch.optim.SGD(weights, momentum=0.9, **PLAIN),
}


def train_plainly(make_network, make_optimizer, weights):
    """Train as a textbook does: standardized float64 images, plain memory format, a loss that is read each step."""
    mean = np.average(X, weights=np.broadcast_to(weights[:, None, None], X.shape))
    std = np.sqrt(np.average((X - mean) ** 2, weights=np.broadcast_to(weights[:, None, None], X.shape)))
    images, codes = torch.from_numpy(((X - mean) / std)[:, None]), torch.from_numpy(Y)  # (n, 1, 8, 8), (n,)
    weights = torch.from_numpy(weights)
    network = build_seeded(make_network, generator=make_generator(SEED, "weights"), dtype=torch.float64)
    network = network.to(memory_format=torch.contiguous_format)
    optimizer = make_optimizer(network.parameters())
    losses = []
    for epoch in range(EPOCHS):
        loss_sum = 0.0
        for batch in torch.randperm(len(X), generator=make_generator(SEED, "shuffle", epoch)).split(BATCH_SIZE):
            optimizer.zero_grad()
            loss = (F.cross_entropy(network(images[batch]), codes[batch], reduction="none") * weights[batch]).mean()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(batch)
        losses.append(loss_sum / len(X))
    with torch.no_grad():
        return losses, network.eval()(images).softmax(1).numpy()


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("model", MODELS)
def test_losses_and_predictions_equal_those_of_a_plain_loop(model, optimizer, weighted):
    estimator, make_network = MODELS[model]
    weights = np.linspace(0.5, 1.5, len(X)) if weighted else np.ones(len(X))
    losses, probabilities = train_plainly(make_network, OPTIMIZERS[optimizer], weights)
    estimator = clone(estimator).set_params(dtype="float64", random_state=SEED, optimizer=optimizer)
    estimator.set_params(lr=0.01, weight_decay=1e-3, batch_size=BATCH_SIZE, max_epochs=EPOCHS)
    estimator.fit(X, Y, sample_weight=weights if weighted else None)
    np.testing.assert_allclose(estimator.history_["train_loss"], losses, rtol=0, atol=1e-6)
    np.testing.assert_allclose(estimator.predict_proba(X), probabilities, rtol=0, atol=1e-6)
    assert np.array_equal(estimator.predict(X), probabilities.argmax(1))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")  # of the compiler itself
def test_a_compiled_network_trains_to_the_same_numbers_and_is_pickled(tmp_path):
    plain = MLPClassifier((32, 16), max_epochs=2, dtype="float64", random_state=0)
    compiled = clone(plain).set_params(net_params={"compile": True, "compile__backend": "aot_eager"})
    probabilities = compiled.fit(X, Y).predict_proba(X)
    np.testing.assert_allclose(probabilities, plain.fit(X, Y).predict_proba(X), rtol=0, atol=1e-9)
    joblib.dump(compiled, tmp_path / "model.joblib")
    assert np.array_equal(joblib.load(tmp_path / "model.joblib").predict_proba(X), probabilities)


class NeedsClosure(torch.optim.SGD):
    """An optimizer of a user's, which asks for the loss again."""

    def step(self, closure):
        loss = closure()
        super().step()
        return loss


class AddGroup(Callback):
    """Give the optimizer a group that it was not made with."""

    def on_epoch_begin(self, net, **kwargs):
        if len(net.optimizer_.param_groups) == 1:
            net.optimizer_.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 1e-4})


def test_an_optimizer_that_wants_a_closure_gets_one():
    model = MLPClassifier((16,), optimizer=NeedsClosure, lr=0.1, max_epochs=5, random_state=0).fit(X, Y)
    assert model.history_.train_loss.iloc[-1] < model.history_.train_loss.iloc[0]


def test_a_group_that_a_callback_adds_follows_the_schedule():
    model = MLPClassifier((16,), lr=0.01, lr_schedule="cosine", max_epochs=3, random_state=0, callbacks=[AddGroup()])
    first, added = model.fit(X, Y).net_.optimizer_.param_groups
    assert added["lr"] / first["lr"] == pytest.approx(0.01)


def test_callbacks_score_mixed_labels_by_their_larger_share():
    scoring = EpochScoring("accuracy", on_train=True, name="scored", lower_is_better=False)
    model = MLPClassifier((16,), augment=CutMix(), max_epochs=2, random_state=0, callbacks=[scoring]).fit(X, Y)
    assert model.net_.history[:, "scored"] == pytest.approx(model.history_.train_accuracy.tolist())


def test_a_fit_inside_no_grad_trains():
    with torch.no_grad():
        model = MLPClassifier((16,), max_epochs=2, random_state=0).fit(X, Y)
        assert not torch.is_grad_enabled()
    expected = MLPClassifier((16,), max_epochs=2, random_state=0).fit(X, Y)
    assert np.array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_augmented_images_on_another_scale_are_refused_before_anything_is_trained():
    model = MLPClassifier((16,), max_epochs=1, random_state=0, augment=lambda images: images.float() / 255)
    with pytest.raises(ValueError, match=r"reach to 255 into images that reach to 1\..*leave out what divides by 255"):
        model.fit(X, Y)
    assert not hasattr(model, "net_")
