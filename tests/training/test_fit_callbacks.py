import io

import numpy as np
import pytest
import torch
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EpochScoring,
    Freezer,
    GradientNormClipping,
    Initializer,
    LoadInitState,
    LRScheduler,
    PassthroughScoring,
    PrintLog,
    ProgressBar,
    TrainEndCheckpoint,
    WarmRestartLR,
)
from skorch.callbacks import EarlyStopping as SkorchEarlyStopping
from skorch.callbacks import EpochTimer as SkorchEpochTimer

from skimgcls import MLPClassifier
from skimgcls.callbacks import EarlyStopping, EpochTimer, TimeLimit
from skimgcls.training import check_callbacks, make_callbacks


class Mine(Callback):
    def __init__(self, held=None):
        self.held = held


def made_for(*, stops=True, **params):
    return make_callbacks(MLPClassifier(**params), stops=stops)


def kinds(callbacks):
    return [type(item[1] if isinstance(item, tuple) else item) for item in callbacks]


def test_the_timer_alone_is_the_default():
    assert kinds(made_for()) == [EpochTimer]


def test_the_timer_comes_first_then_the_users_own_then_what_stops():
    callbacks = made_for(callbacks=[Mine(), ("named", ProgressBar())], early_stopping=True, time_limit=9.0)
    assert kinds(callbacks) == [EpochTimer, Mine, ProgressBar, EarlyStopping, TimeLimit]
    assert callbacks[2][0] == "named"


def test_what_stops_carries_the_estimators_parameters():
    _, (_, stopping), (_, limit) = made_for(early_stopping=True, patience=3, tol=0.5, time_limit=9.0)
    assert (stopping.patience, stopping.tol, limit.seconds) == (3, 0.5, 9.0)


def test_nothing_stops_where_nothing_shall():
    assert kinds(made_for(stops=False, callbacks=[Mine()], early_stopping=True, time_limit=9.0)) == [EpochTimer, Mine]


@pytest.mark.parametrize("named", [True, False])
def test_the_users_callbacks_are_copied_and_what_they_hold_is_shared(named):
    mine = Mine(held=[])
    copied = made_for(callbacks=[("mine", mine) if named else mine])[1]
    copied = copied[1] if named else copied
    assert copied is not mine
    assert copied.held is mine.held


def test_the_users_list_is_not_changed():
    callbacks = [Mine()]
    made_for(callbacks=callbacks, early_stopping=True)
    assert kinds(callbacks) == [Mine]


def test_a_user_may_call_a_callback_what_ours_do():
    names = [item[0] for item in made_for(early_stopping=True, time_limit=1.0) if isinstance(item, tuple)]
    assert not set(names) & {"epoch_timer", "early_stopping", "time_limit", "print_log", "timer"}


@pytest.mark.parametrize(
    "callbacks",
    [
        None,
        [],
        (),
        [Mine()],
        (Mine(),),
        [("mine", Mine())],
        [EpochScoring("accuracy"), SkorchEarlyStopping(monitor="train_loss")],
        [SkorchEarlyStopping(monitor=lambda net: True)],
    ],
)
def test_callbacks_that_can_work_pass(callbacks):
    check_callbacks(MLPClassifier(callbacks=callbacks), has_valid=False)


@pytest.mark.parametrize("item", [object(), "early_stopping", ("name", 3), 3, EpochScoring])
def test_what_is_no_callback_is_refused(item):
    with pytest.raises(TypeError, match=r"is no instance of a skorch callback.*set_callbacks"):
        check_callbacks(MLPClassifier(callbacks=[item]), has_valid=True)


@pytest.mark.parametrize(
    "callback", [SkorchEarlyStopping(), EarlyStopping(monitor="valid_loss"), ("stop", SkorchEarlyStopping())]
)
def test_one_that_waits_for_a_validation_loss_is_refused_without_validation_data(callback):
    estimator = MLPClassifier(callbacks=[callback])
    with pytest.raises(
        ValueError, match=r"EarlyStopping monitors 'valid_loss'.*validation_fraction=0.1.*or monitor 'train_loss'"
    ):
        check_callbacks(estimator, has_valid=False)
    check_callbacks(estimator, has_valid=True)


# --------------------------------------------------- skorch's callbacks in a fit


def fitted(X, y, callback, **params):
    settings = {"max_epochs": 3, "batch_size": 64, "random_state": 0, "dtype": "float64", **params}
    callbacks = callback if isinstance(callback, list) else [callback]
    return MLPClassifier((8,), callbacks=callbacks, **settings).fit(X, y)


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: EpochScoring("accuracy"),
        lambda folder: EpochScoring("f1_macro", on_train=True, lower_is_better=False),
        lambda folder: BatchScoring("accuracy", name="batch_accuracy", on_train=True),
        lambda folder: LRScheduler("StepLR", step_size=1),
        lambda folder: LRScheduler("CosineAnnealingLR", T_max=9, step_every="batch"),
        lambda folder: LRScheduler("ReduceLROnPlateau", monitor="train_loss"),
        lambda folder: LRScheduler(WarmRestartLR),
        lambda folder: GradientNormClipping(0.1),
        lambda folder: ProgressBar(),
        lambda folder: PrintLog(sink=lambda line: None),
        lambda folder: SkorchEarlyStopping(patience=2),
        lambda folder: Checkpoint(dirname=folder),
        lambda folder: TrainEndCheckpoint(dirname=folder),
        lambda folder: Freezer("*linear1*"),
        lambda folder: Initializer("*linear1.weight", fn=torch.nn.init.zeros_),
        lambda folder: PassthroughScoring("train_loss"),
        lambda folder: SkorchEpochTimer(),
    ],
)
@pytest.mark.parametrize("validation", [None, 0.2])
def test_each_of_skorchs_callbacks_runs_in_fit_and_in_partial_fit(make, validation, digits, tmp_path, capfd):
    callback = make(str(tmp_path))
    if validation is None and isinstance(callback, (SkorchEarlyStopping, Checkpoint)):
        callback.monitor = None if isinstance(callback, Checkpoint) else "train_loss"
    X, y = digits
    clf = fitted(X, y, callback, validation_fraction=validation)
    for _ in range(2):
        clf.partial_fit(X, y)
    assert clf.n_epochs_ == 5
    assert np.isfinite(clf.predict_proba(X)).all()


@pytest.mark.parametrize("on_train", [True, False])
@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", "roc_auc_ovr"])
def test_epoch_scoring_without_a_cache_scores_the_weights_of_the_epochs_end(scoring, on_train, digits):
    from sklearn.metrics import get_scorer

    X, y = digits
    callback = EpochScoring(scoring, on_train=on_train, use_caching=False, name="mine", lower_is_better=False)
    clf = fitted(X[:150], y[:150], callback, max_epochs=1)
    if on_train:
        assert clf.history_.mine.iloc[-1] == pytest.approx(get_scorer(scoring)(clf, X[:150], y[:150]))
    else:
        assert "mine" not in clf.history_
        clf.partial_fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])
        assert clf.history_.mine.iloc[-1] == pytest.approx(get_scorer(scoring)(clf, X[150:], y[150:]))


@pytest.mark.parametrize(("scoring", "column", "sign"), [("accuracy", "accuracy", 1), ("neg_log_loss", "loss", -1)])
@pytest.mark.parametrize("phase", ["train", "valid"])
def test_epoch_scoring_from_the_cache_scores_what_the_epoch_itself_counts(scoring, column, sign, phase, digits):
    callback = EpochScoring(scoring, on_train=phase == "train", name="mine", lower_is_better=False)
    history = fitted(*digits, callback, validation_fraction=0.2).history_
    np.testing.assert_allclose(history.mine, sign * history[f"{phase}_{column}"], rtol=1e-6)


def test_batch_scoring_averages_over_the_images_of_an_epoch(digits):
    history = fitted(*digits, BatchScoring("accuracy", name="mine", on_train=True)).history_
    np.testing.assert_allclose(history.mine, history.train_accuracy)


def test_a_scheduler_of_skorchs_sets_the_learning_rate(digits):
    clf = fitted(*digits, LRScheduler("ExponentialLR", gamma=0.5), lr=0.1)
    assert clf.history_.lr.tolist() == pytest.approx([0.1, 0.05, 0.025])


def test_clipping_by_skorch_equals_our_own(digits):
    X, _ = digits
    theirs = fitted(*digits, GradientNormClipping(0.05), optimizer="sgd")
    ours = fitted(*digits, [], optimizer="sgd", gradient_clip=0.05)
    np.testing.assert_allclose(theirs.predict_proba(X), ours.predict_proba(X), rtol=1e-9)


def test_a_frozen_layer_keeps_its_first_weights(digits):
    first = fitted(*digits, Freezer("*linear1*"), max_epochs=1)
    later = fitted(*digits, Freezer("*linear1*"), max_epochs=4)
    of_first, of_later = first.net_.module_.state_dict(), later.net_.module_.state_dict()
    assert torch.equal(of_first["network.backbone.linear1.weight"], of_later["network.backbone.linear1.weight"])
    assert not torch.equal(of_first["network.classifier.weight"], of_later["network.classifier.weight"])
    assert first.n_parameters_ == 8 * 10 + 10


def test_the_log_is_printed_with_our_columns(digits):
    sink = io.StringIO()
    fitted(*digits, PrintLog(sink=lambda line: sink.write(f"{line}\n")), validation_fraction=0.2)
    header, _, *rows = sink.getvalue().splitlines()
    assert {"epoch", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy"} <= set(header.split())
    assert len(rows) == 3


def test_skorchs_early_stopping_stops_and_loads_its_best_weights(digits):
    X, y = digits
    wrong = (y[:20] + 1) % 10
    stopping = SkorchEarlyStopping(patience=2, load_best=True)
    clf = MLPClassifier((8,), callbacks=[stopping], max_epochs=20, random_state=0, lr=0.01)
    clf.fit(X, y, X_val=X[:20], y_val=wrong)
    best = clf.history_.valid_loss.idxmin()
    assert clf.n_epochs_ == best + 1 + 2
    valid_loss = -clf.predict_log_proba(X[:20])[range(20), wrong].mean()
    assert valid_loss == pytest.approx(clf.history_.valid_loss[best], rel=1e-5)
    assert stopping.misses_ == 0  # the user's own object is not used up


def test_a_checkpoint_leaves_its_files_and_loads_the_best(digits, tmp_path):
    X, y = digits
    wrong = (y[:20] + 1) % 10
    checkpoint = Checkpoint(dirname=str(tmp_path), monitor="valid_loss_best", load_best=True)
    clf = MLPClassifier((8,), callbacks=[checkpoint], max_epochs=6, random_state=0, lr=0.01)
    clf.fit(X, y, X_val=X[:20], y_val=wrong)
    assert {"params.pt", "optimizer.pt", "criterion.pt", "history.json"} <= {path.name for path in tmp_path.iterdir()}
    valid_loss = -clf.predict_log_proba(X[:20])[range(20), wrong].mean()
    assert valid_loss == pytest.approx(clf.history_.valid_loss.min(), rel=1e-5)


def test_a_training_goes_on_from_a_checkpoint_of_another(digits, tmp_path):
    X, _ = digits
    whole = fitted(*digits, [], max_epochs=5)
    at_end = TrainEndCheckpoint(dirname=str(tmp_path))
    fitted(*digits, at_end, max_epochs=2)
    resumed = fitted(*digits, LoadInitState(TrainEndCheckpoint(dirname=str(tmp_path))), max_epochs=3)
    assert resumed.n_epochs_ == 5
    np.testing.assert_array_equal(resumed.predict_proba(X), whole.predict_proba(X))


# ------------------------------------------------------------- what stops a fit


def tiny(**params):
    return MLPClassifier(**{"hidden_units": (8,), "max_epochs": 3, "batch_size": 64, "random_state": 0, **params})


class Note(Callback):
    """Keep what a function makes of the net at the end of each epoch."""

    def __init__(self, function, notes):
        self.function = function
        self.notes = notes

    def on_epoch_end(self, net, **kwargs):
        self.notes.append(self.function(net))


def test_early_stopping_keeps_the_weights_of_the_best_epoch(digits):
    X, y = digits
    wrong = (y[:40] + np.arange(40) % 2) % 10  # half of the labels to validate on are wrong: it overfits soon
    probabilities = []
    look = Note(lambda net: net.predict_proba(X[:, None]), probabilities)
    clf = tiny(early_stopping=True, patience=3, max_epochs=200, lr=0.03, callbacks=[look])
    clf.fit(X, y, X_val=X[:40], y_val=wrong)
    history = clf.history_
    assert clf.best_epoch_ == history.valid_loss.idxmin() + 1
    assert clf.best_epoch_ < clf.n_epochs_ < 200
    np.testing.assert_allclose(clf.predict_proba(X), probabilities[clf.best_epoch_ - 1], rtol=1e-6)
    assert not np.allclose(clf.predict_proba(X), probabilities[-1])


def test_early_stopping_alone_holds_a_tenth_out_and_keeps_the_best_of_a_full_run_too(digits):
    clf = tiny(early_stopping=True, max_epochs=4).fit(*digits)
    assert clf.history_.valid_loss.notna().all()
    assert clf.net_.history[0, "train_batch_count"] == 3  # of 180 images
    assert (clf.n_epochs_, clf.best_epoch_) == (4, clf.history_.valid_loss.idxmin() + 1)


def test_partial_fit_never_stops_but_validates_as_fit_does(digits):
    clf = tiny(early_stopping=True, patience=1, tol=9.0)
    for _ in range(4):
        clf.partial_fit(*digits)
    assert clf.n_epochs_ == 4
    stopped = tiny(early_stopping=True, patience=1, tol=9.0, max_epochs=4).fit(*digits)
    assert stopped.n_epochs_ == 2
    np.testing.assert_array_equal(clf.history_.valid_loss[:2], stopped.history_.valid_loss)


def test_a_time_limit_ends_the_fit_after_an_epoch_at_least(digits):
    clf = tiny(time_limit=1e-9, max_epochs=50).fit(*digits)
    assert clf.n_epochs_ == 1
    assert tiny(time_limit=3600.0).fit(*digits).n_epochs_ == 3
