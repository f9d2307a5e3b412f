"""Learning-rate schedules as functions of progress, without state: five calls of one epoch equal one call of five."""

import math

SCHEDULES = ("cosine", "onecycle", "step", "exponential", "plateau")

# torch's OneCycleLR: 30 % of the way up from 1/25, then down to 1/(25 * 1e4); Smith & Topin, arXiv 1708.07120
_ONECYCLE_WARM_UP, _ONECYCLE_START, _ONECYCLE_END = 0.3, 1 / 25, 1 / 25e4
_STEP_AT, _STEP_FACTOR = (0.5, 0.75), 0.1  # He et al., CVPR 2016, section 4.2: divided by 10 at 1/2 and 3/4
_EXPONENTIAL_END = 0.01
_PLATEAU_FACTOR, _PLATEAU_PATIENCE, _PLATEAU_TOL = 0.1, 3, 1e-4


def lr_factor(schedule, progress, losses=()):
    """Return what the learning rate is multiplied by.

    Parameters
    ----------
    schedule : {"cosine", "onecycle", "step", "exponential", "plateau"}
    progress : float
        Share of ``max_epochs`` that is done, 0 at the first batch; above 1 a schedule stays at its end.
    losses : sequence of float
        Monitored loss of each finished epoch, for "plateau".

    Returns
    -------
    float
        At most 1.
    """
    progress = min(progress, 1.0)
    if schedule == "cosine":
        return _cosine(1.0, 0.0, progress)
    if schedule == "onecycle":
        if progress < _ONECYCLE_WARM_UP:
            return _cosine(_ONECYCLE_START, 1.0, progress / _ONECYCLE_WARM_UP)
        return _cosine(1.0, _ONECYCLE_END, (progress - _ONECYCLE_WARM_UP) / (1 - _ONECYCLE_WARM_UP))
    if schedule == "step":
        return _STEP_FACTOR ** sum(progress >= at for at in _STEP_AT)
    if schedule == "exponential":
        return _EXPONENTIAL_END**progress
    return _PLATEAU_FACTOR ** _n_plateaus(losses)


def changes_within_epoch(schedule):
    """Tell whether the schedule moves with every batch rather than every epoch."""
    return schedule in ("cosine", "onecycle", "exponential")


def _cosine(start, end, share):
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def _n_plateaus(losses):
    best, waited, n_plateaus = math.inf, 0, 0
    for loss in losses:
        if loss < best - _PLATEAU_TOL:
            best, waited = loss, 0
        else:
            waited += 1
        if waited > _PLATEAU_PATIENCE:
            n_plateaus, waited = n_plateaus + 1, 0
    return n_plateaus
