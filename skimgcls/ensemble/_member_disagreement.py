"""How far the members of an ensemble disagree about each image."""

import numpy as np
from scipy.special import entr

MEASURES = ("votes", "mutual_information")


def member_disagreement(probas, measure="votes"):
    """Measure how far the members of an ensemble disagree about each image.

    Parameters
    ----------
    probas : array-like of shape (n_members, n, n_classes)
        Probabilities of each member.
    measure : {"votes", "mutual_information"}, default="votes"
        "votes" is the share of members that do not vote for the label with most votes, the variation ratio [1]_. It is
        0 where all agree, and at most 1 - 1 / n_members. "mutual_information" is the entropy of the mean probabilities
        less the mean entropy of the members', in nats [2]_: high where members are sure of different labels, low where
        each by itself is unsure.

    Returns
    -------
    disagreement : ndarray of shape (n,)

    Raises
    ------
    ValueError
        If `probas` has not three axes, or the measure is unknown.

    References
    ----------
    .. [1] Freeman, "Elementary applied statistics", 1965.
    .. [2] Houlsby, Huszar, Ghahramani, Lengyel, "Bayesian active learning for classification and preference learning",
       2011; for ensembles Lakshminarayanan, Pritzel, Blundell, "Simple and scalable predictive uncertainty estimation
       using deep ensembles", NeurIPS 2017.

    Examples
    --------
    >>> from skimgcls.ensemble import member_disagreement
    >>> probas = [[[0.9, 0.1], [0.9, 0.1]], [[0.9, 0.1], [0.4, 0.6]], [[0.9, 0.1], [0.8, 0.2]]]  # of three members
    >>> member_disagreement(probas).round(3)
    array([0.   , 0.333])
    >>> member_disagreement(probas, "mutual_information").round(3)
    array([0.   , 0.111])
    """
    probas = np.asarray(probas)
    if probas.ndim != 3:
        raise ValueError(
            f"probas of shape {probas.shape} must have three axes, (n_members, n, n_classes): stack the "
            "probabilities of several members."
        )
    if measure == "votes":
        votes = probas.argmax(2)  # (n_members, n)
        most = np.max([(votes == label).sum(0) for label in np.unique(votes)], axis=0)
        return 1 - most / len(probas)
    if measure == "mutual_information":
        probas = probas.astype(np.float64)
        information = entr(probas.mean(0)).sum(1) - entr(probas).sum(2).mean(0)
        return information.clip(0)  # below it is rounding
    raise ValueError(f"measure must be one of {MEASURES}, got {measure!r}.")
