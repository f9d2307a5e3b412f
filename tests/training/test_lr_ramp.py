import numpy as np
import pytest

from skimgcls import MLPClassifier
from skimgcls.training._lr_ramp import LrRamp


def fit_on_ramp(digits, lrs, **params):
    losses = []
    model = MLPClassifier(hidden_units=8, batch_size=50, max_epochs=99, callbacks=[LrRamp(lrs, losses)], random_state=0)
    return model.set_params(lr=lrs[0], **params).fit(*digits), losses


def test_one_loss_for_each_rate_over_several_epochs_and_then_an_end(digits):
    model, losses = fit_on_ramp(digits, np.geomspace(1e-5, 1e-3, 10))
    assert len(losses) == 10
    assert model.n_epochs_ == 2  # of 4 batches each; the third was not finished
    np.testing.assert_allclose(model.history_["lr"], np.geomspace(1e-5, 1e-3, 10)[[3, 7]])


def test_a_rate_that_stays_gives_the_losses_of_a_plain_fit(digits):
    _, losses = fit_on_ramp(digits, np.full(8, 1e-3))
    plain = MLPClassifier(hidden_units=8, batch_size=50, lr=1e-3, max_epochs=2, random_state=0).fit(*digits)
    np.testing.assert_allclose(np.reshape(losses, (2, 4)).mean(axis=1), plain.history_["train_loss"], rtol=1e-5)


def test_parameter_groups_keep_their_ratios(digits):
    groups = [("*weight", {"lr": 1e-4})]
    model, _ = fit_on_ramp(digits, np.geomspace(1e-5, 1e-2, 4), net_params={"optimizer__param_groups": groups})
    rates = sorted(group["lr"] for group in model.net_.optimizer_.param_groups)
    assert rates == pytest.approx([1e-2, 1e-1])


def test_it_stops_where_the_loss_explodes(digits):
    _, losses = fit_on_ramp(digits, np.geomspace(1e-4, 1e6, 60), optimizer="sgd")
    assert 10 < len(losses) < 60
    assert not losses[-1] < 4 * min(losses)
