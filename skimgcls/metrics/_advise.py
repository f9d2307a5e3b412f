"""What the curves of a training suggest to change: thresholds with their reasons, tried on real trainings."""

from numbers import Real

from skimgcls.metrics._advice import Advice
from skimgcls.metrics._curve_facts import CurveFacts
from skimgcls.metrics._values_around import less_regularization, more_regularization, scaled, wider_networks

BLOWN_UP = 3.5  # nats above guessing: fresh weights begin close to it, under dropout=0.9 some 2 nats above
DIVERGED = 0.1, 1.2  # the loss of the last quarter above the lowest, as a share of guessing, and as a factor
LIKE_GUESSING = 0.95  # of the loss of guessing
STEADY = 0.1  # what the loss rises in all, as a share of what it falls
SLOW = 0.5, 0.6  # half of guessing is left, and the last quarter goes at 0.6 of the mean pace or more
JUMPY = 0.65, 0.08  # over the last half the loss rises by 0.65 of what it falls, in steps of 8 % of it
LEFT = 0.05  # of the loss of guessing: below, a loss that jumps or stands still costs nothing
OVERFIT_LOSS = 1.25, 0.1  # times the lowest validation loss, and nats above it, all through the last quarter
OVERFIT_GAP = 0.1  # between the accuracies, two standard errors of the second taken off
UNFINISHED = 0.08, 0.015  # share and nats by which the loss fell in the last quarter
UNFINISHED_TRAINING = 0.1  # without validation, of guessing: training loss may always fall a little more
UNDERFIT = 0.75  # of the way from naming the largest class (half of the images at most) to no error
HELD_BACK = 0.1  # by which accuracy is higher where neither dropout nor augment is at work
PLATEAU = 0.06, 0.2  # share by which the mean of the last quarter fell; how far the loss rises as often as it falls
IMBALANCED = 10  # images of the largest class for one of the smallest
MEMORIZED = 0.99  # accuracy in training
LOWER = 0.01, 0.03, 0.1, 0.3  # factors for a learning rate that is too high


def advise(history, *, class_counts=None, n_valid=0, params=None):
    """Read the curves of a training.

    Parameters
    ----------
    history : DataFrame
        One row per epoch, as an estimator's ``history_``.
    class_counts : dict, default=None
        Weight of each class in training, counted in images. None: what needs it is not judged.
    n_valid : int, default=0
        Images that were validated on.
    params : dict, default=None
        Parameters of the estimator; only these appear in the grid.

    Returns
    -------
    Advice
    """
    params = dict(params or {})
    is_in_nats = isinstance(params.get("criterion", ""), str)  # a loss class has a scale of its own
    facts = CurveFacts.from_history(history, class_counts or {}, n_valid, is_in_nats)
    # One cause each: what follows from a wrong learning rate is no fault of the network's size.
    causes = (_too_high, _too_low, _jumps, _overfits, _unfinished, _underfits, _stands_still)
    found = [next(filter(None, (rule(facts, params) for rule in causes)), None)] if len(facts) else []
    found += [_imbalanced(facts, params), _unseen(facts, params) if found == [None] else None]
    found = [finding for finding in found if finding]
    grid = {name: values for _, part in found for name, values in part.items() if name in params}
    return Advice([sentence for sentence, _ in found], grid)


def _too_high(facts, params):
    """Blown up, thrown to where it does no better than guessing, or rising again."""
    return _blown_up(facts, params) or _like_guessing(facts, params) or _diverges(facts, params)


def _blown_up(facts, params):
    peak = int(facts.train_loss.argmax())
    if facts.train_loss[peak] <= facts.chance + BLOWN_UP:
        return None
    return (
        f"The learning rate looks too high: the training loss was {facts.train_loss[peak]:.3g} nats in epoch "
        f"{facts.epochs[peak]:.0f}, where guessing costs {facts.chance:.2f}. Lower lr{_now(params, 'lr')}.",
        scaled(params, "lr", LOWER),
    )


def _diverges(facts, params):
    lowest = int(facts.train_loss.argmin())
    end = facts.late(facts.train_loss).mean()
    share, factor = DIVERGED
    if end < max(facts.train_loss[lowest] + share * facts.chance, factor * facts.train_loss[lowest]):
        return None
    return (
        f"Training diverges: the training loss was {facts.train_loss[lowest]:.3g} nats in epoch "
        f"{facts.epochs[lowest]:.0f} and is {facts.train_loss[-1]:.3g} in epoch {facts.epochs[-1]:.0f}. Lower "
        f"lr{_now(params, 'lr')}, or set gradient_clip=1.0.",
        scaled(params, "lr", LOWER),
    )


def _like_guessing(facts, params):
    rose, fell = facts.up_and_down(len(facts) // 2)
    lowest = min(facts.late(facts.train_loss).min(), facts.late(facts.monitored).min())
    if len(facts) < 3 or rose < STEADY * fell or lowest < LIKE_GUESSING * facts.chance:
        return None
    grid = less_regularization(params)
    remedy = f"Weaken {_named(grid, params)}" if grid else f"Lower lr{_now(params, 'lr')}"
    return (
        f"The network does no better than guessing: the loss is {facts.monitored[-1]:.3g} nats after "
        f"{facts.epochs[-1]:.0f} epochs, where guessing costs {facts.chance:.2f}. {remedy}.",
        grid or scaled(params, "lr", LOWER),
    )


def _too_low(facts, params):
    left, pace = SLOW
    rose, fell = facts.up_and_down()
    is_far = facts.train_loss[-1] > left * facts.chance
    if len(facts) < 3 or not is_far or facts.best < len(facts) - facts.n_late:
        return None
    if facts.linearity < pace or rose > STEADY * fell:
        return None
    return (
        f"The learning rate looks too low: after {facts.epochs[-1]:.0f} epochs the training loss is still "
        f"{facts.train_loss[-1]:.2f} nats, where guessing costs {facts.chance:.2f}, and it falls at the same pace as "
        f"at the start. Raise lr{_now(params, 'lr')}.",
        scaled(params, "lr", (3, 10, 30, 100)),
    )


def _jumps(facts, params):
    half = len(facts) // 2
    rose, fell = facts.up_and_down(half)
    share, size = JUMPY
    if not _is_on_its_own_course(facts, params) or rose < share * fell or facts.step_size(half) < size:
        return None
    return (
        f"The training loss jumps up and down and does not settle: since epoch {facts.epochs[half]:.0f} it fell by "
        f"{fell:.2g} nats in all and rose by {rose:.2g}. Lower lr{_now(params, 'lr')}, or let it fall to the end with "
        'lr_schedule="cosine".',
        scaled(params, "lr", (0.1, 0.3, 1)) | {"lr_schedule": [None, "cosine"]},
    )


def _overfits(facts, params):
    if facts.valid_loss is None:
        return None
    stops_early = bool(params.get("early_stopping"))  # with the weights of the best epoch
    lowest = facts.valid_loss[facts.best]
    factor, nats = OVERFIT_LOSS
    has_risen = not stops_early and facts.late(facts.valid_loss).min() > max(factor * lowest, nats + lowest)
    train, valid, gap = facts.gap(facts.best + 1 if stops_early else len(facts))
    if not has_risen and gap < OVERFIT_GAP:
        return None
    seen = f"the accuracy is {_percent(train)} on training images and {_percent(valid)} on those held out"
    remedy = "Use dropout or augment, or train on more images"
    grid = more_regularization(params)
    if has_risen:
        seen += f", and the validation loss rose from {lowest:.2f} nats in epoch {facts.epochs[facts.best]:.0f} to "
        seen += f"{facts.valid_loss[-1]:.2f}"
        remedy = f"Stop in time with early_stopping=True. {remedy}"
        grid |= {"early_stopping": [True]}
    return f"The network overfits: {seen}. {remedy}.", grid


def _unfinished(facts, params):
    n_epochs = int(facts.epochs[-1])
    if len(facts) < 2 or n_epochs < params.get("max_epochs", 0):  # something stopped it on purpose
        return None
    share, nats = UNFINISHED
    fall, end = facts.late_fall, facts.monitored[-1]
    is_small = end < UNFINISHED_TRAINING * facts.chance if facts.valid_loss is None else fall * end < nats
    if fall < share or is_small or facts.best < len(facts) - 1:
        return None
    kind = "training" if facts.valid_loss is None else "validation"
    since = "epoch" if facts.n_late == 1 else f"{facts.n_late} epochs"
    return (
        f"Training ended early: the {kind} loss still fell by {_percent(fall)} in the last {since}, to {end:.2g} nats. "
        f"Train for more epochs{_now(params, 'max_epochs')}, or raise lr{_now(params, 'lr')}.",
        {"max_epochs": [n_epochs, 2 * n_epochs, 4 * n_epochs]} | scaled(params, "lr", (1, 3)),
    )


def _underfits(facts, params):
    if len(facts) < 3 or facts.skill >= UNDERFIT:
        return None
    rose, fell = facts.up_and_down()
    grid = less_regularization(params)
    faster = scaled(params, "lr", (1, 3, 10)) if rose < STEADY * fell else {}  # it is on its way still
    is_held_back = facts.valid_loss is not None and facts.gap()[1] - facts.gap()[0] > HELD_BACK
    sizes = {} if grid and is_held_back else wider_networks(params)
    remedies = {
        f"weaken {_named(grid, params)}": grid,
        f"widen the network ({', '.join(sizes)})": sizes,
        f"raise {_named(faster, params)}": faster,
        "train for longer": True,
    }
    remedy = ", or ".join(words for words, is_there in remedies.items() if is_there)
    seen = f"the accuracy is no more than {_percent(facts.late(facts.train_accuracy).mean())} on training images"
    if facts.valid_loss is not None:
        seen += f" and {_percent(facts.late(facts.valid_accuracy).mean())} on those held out"
    return f"The network underfits: {seen}. To fit them better, {remedy}.", sizes | faster | grid


def _stands_still(facts, params):
    rose, fell = facts.up_and_down(len(facts) // 2)
    share, wobble = PLATEAU
    if not _is_on_its_own_course(facts, params) or rose < wobble * fell:
        return None
    n = facts.n_late
    before, now = facts.train_loss[-2 * n : -n].mean(), facts.train_loss[-n:].mean()
    if now < (1 - share) * before:
        return None
    grid = less_regularization(params)
    return (
        f"Training has reached a plateau: the training loss was {before:.2g} nats on average over {n} epochs, and "
        f'{now:.2g} over the {n} after them. Let lr{_now(params, "lr")} fall to the end with lr_schedule="cosine"'
        f"{', or weaken ' + _named(grid, params) if grid else ''}.",
        {"lr_schedule": [None, "cosine"]} | grid,
    )


def _is_on_its_own_course(facts, params):
    """Long enough to see where it goes, no schedule to bring it to rest, and not at rest near zero."""
    return len(facts) >= 8 and params.get("lr_schedule") is None and facts.train_loss[-1] > LEFT * facts.chance


def _imbalanced(facts, _params):
    if not facts.class_counts:
        return None
    largest = max(facts.class_counts, key=facts.class_counts.get)
    smallest = min(facts.class_counts, key=facts.class_counts.get)
    most, fewest = facts.class_counts[largest], facts.class_counts[smallest]
    if most < IMBALANCED * fewest:
        return None
    return (
        f"The classes are imbalanced: training sees {most / fewest:.0f} images of {largest!r} for one of {smallest!r}. "
        'Accuracy hides how the small ones fare: score with "balanced_accuracy", and try class_weight="balanced".',
        {"class_weight": [None, "balanced"]},
    )


def _unseen(facts, _params):
    if facts.valid_loss is not None or not len(facts) or facts.late(facts.train_accuracy).mean() < MEMORIZED:
        return None
    return (
        f"Overfitting would go unseen: the accuracy on training images is {_percent(facts.train_accuracy[-1])}, and "
        "none were held out. Set validation_fraction=0.1, or give fit X_val and y_val.",
        {},
    )


def _percent(share):
    return f"{100 * share:.0f} %"


def _now(params, name):
    return f" (now {params[name]!r})" if isinstance(params.get(name), (Real, str)) else ""


def _named(names, params):
    return " or ".join(f"{name}{_now(params, name)}" for name in names)
