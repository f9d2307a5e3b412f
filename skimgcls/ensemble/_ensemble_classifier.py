"""Several classifiers of one kind, whose probabilities are averaged."""

import time
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, _fit_context, clone
from sklearn.utils import check_random_state, column_or_1d, get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, _routing_enabled, process_routing
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from skimgcls.base import BaseImageClassifier
from skimgcls.ensemble._fit_members import MEMBERS, fit_members
from skimgcls.ensemble._member_disagreement import member_disagreement
from skimgcls.training import PreparedImages
from skimgcls.training._training_data import _read_labels


class EnsembleClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Train a classifier several times and average the probabilities.

    The members differ by luck, or in what they are trained on. What each gets wrong by itself cancels in the mean,
    which is more accurate than its mean member and better calibrated [1]_. Where members disagree, a prediction is less
    to be trusted: see ``disagreement``.

    Images may have any form that the classifier takes. Each label is a class, also if a member has never seen it.

    Parameters
    ----------
    estimator : classifier
        With ``predict_proba``; cloned for each member. Pipelines and searches are welcome.
    n_members : int, default=5
        Number of members; the default is that of [1]_, beyond which little is gained.
    members : {"seeds", "folds", "bagging", "snapshot"}, default="seeds"
        How the members come to differ. "seeds": all are trained on all images, from other random numbers, which serves
        networks best [1]_. "folds": each leaves out one of ``n_members`` stratified folds. "bagging": each is trained
        on as many images as there are, drawn with replacement [2]_. "snapshot": one network is trained for its
        ``max_epochs`` in ``n_members`` cycles, in each of which the learning rate falls from ``lr`` along half a
        cosine, epoch by epoch, and a member is what it is at the end of a cycle: for the time of one network [3]_.
    n_jobs : int or None, default=None
        Members that are fitted or predict at the same time, in threads; -1 is one for each core. None is one, unless
        joblib's ``parallel_config`` says otherwise.
    random_state : int, RandomState instance or None, default=None
        Seed of the members, which replaces every ``random_state`` of theirs, and of folds and samples.

    Attributes
    ----------
    estimators_ : list of classifiers
        The fitted members.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    fit_time_ : float
        Seconds spent in ``fit``.
    n_features_in_ : int
        Of the first member, if it has it.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Of the first member, if it has them.

    See Also
    --------
    sklearn.ensemble.VotingClassifier : Different classifiers together.

    References
    ----------
    .. [1] Lakshminarayanan, Pritzel, Blundell, "Simple and scalable predictive uncertainty estimation using deep
       ensembles", NeurIPS 2017.
    .. [2] Breiman, "Bagging predictors", Machine Learning 24, 1996.
    .. [3] Huang et al., "Snapshot ensembles: train 1, get M for free", ICLR 2017.

    Examples
    --------
    >>> from skimgcls import EnsembleClassifier, MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> X, y = load_digit_images(return_X_y=True)
    >>> mlp = MLPClassifier(hidden_units=16, max_epochs=5)
    >>> ensemble = EnsembleClassifier(mlp, n_members=3, random_state=0).fit(X[:1000], y[:1000])
    >>> frame = ensemble.score_members(X[1000:], y[1000:])
    >>> bool(frame.loc["ensemble", "accuracy"] > frame.loc["mean", "accuracy"])
    True
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "n_members": [Interval(Integral, 1, None, closed="left")],
        "members": [StrOptions(set(MEMBERS))],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(self, estimator, *, n_members=5, members="seeds", n_jobs=None, random_state=None):
        self.estimator = estimator
        self.n_members = n_members
        self.members = members
        self.n_jobs = n_jobs
        self.random_state = random_state

    @classmethod
    def from_cv_results(cls, cv_results, *, n_jobs=None):
        """Make an ensemble of the classifiers that a cross-validation has fitted; nothing is trained.

        Parameters
        ----------
        cv_results : dict
            What ``sklearn.model_selection.cross_validate(..., return_estimator=True)`` returns.
        n_jobs : int or None, default=None
            Members that predict at the same time, in threads.

        Returns
        -------
        ensemble : EnsembleClassifier
            Fitted. A clone of it trains members on folds of its own.

        Raises
        ------
        ValueError
            If there are no estimators, or one of them is not fitted.
        """
        estimators = list(cv_results.get("estimator", ()))
        if not estimators:
            raise ValueError(
                "cv_results holds no fitted estimators. Run cross_validate with return_estimator=True and pass what it "
                "returns."
            )
        failed = [fold for fold, estimator in enumerate(estimators) if not hasattr(estimator, "classes_")]
        if failed:
            raise ValueError(
                f"The estimators of folds {failed} are not fitted classifiers. Run cross_validate with "
                "error_score='raise' to see why."
            )
        ensemble = cls(clone(estimators[0]), n_members=len(estimators), members="folds", n_jobs=n_jobs)
        ensemble.estimators_ = estimators
        ensemble.classes_ = np.unique(np.concatenate([estimator.classes_ for estimator in estimators]))
        ensemble.fit_time_ = float(np.sum(cv_results.get("fit_time", np.nan)))
        return ensemble

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, **fit_params):
        """Fit the members.

        Parameters
        ----------
        X : array-like
            Images in any form that the classifier takes.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), default=None
            Weight of each image, handed to members that take weights.
        **fit_params : dict
            Handed to ``fit`` of each member as it is, such as ``X_val`` and ``y_val``; where metadata routing is
            enabled, what they request.

        Returns
        -------
        self : object
            The fitted ensemble.

        Raises
        ------
        ValueError
            If the labels are no classes, or ``members`` and the classifier do not fit together.
        """
        start = time.perf_counter()
        if isinstance(self.estimator, type):
            raise TypeError(
                f"estimator is the class {self.estimator.__name__}, where an instance was expected that each member is "
                f"a clone of. Call it: {self.estimator.__name__}()."
            )
        labels = _read_labels(y, type(self).__name__, "y")
        fit_params |= {} if sample_weight is None else {"sample_weight": sample_weight}
        if _routing_enabled():
            routed = process_routing(self, "fit", **fit_params).estimator
            fit_params = dict(routed.partial_fit if self.members == "snapshot" else routed.fit)
        if isinstance(self.estimator, BaseImageClassifier) and hasattr(X, "__len__"):
            X = PreparedImages(X)  # read once for all members, whose rows are views
        self.estimators_ = fit_members(
            self.estimator,
            X,
            labels,
            fit_params,
            members=self.members,
            n_members=self.n_members,
            n_jobs=self.n_jobs,
            rng=check_random_state(self.random_state),
        )
        self.classes_ = np.unique(labels)
        self.fit_time_ = time.perf_counter() - start
        return self

    # -------------------------------------------------------------- predict

    def predict(self, X):
        """Predict the label of the highest mean probability.

        Parameters
        ----------
        X : array-like
            Images, as for ``fit``.

        Returns
        -------
        ndarray of shape (n,)
            Labels out of ``classes_``.
        """
        codes = self.predict_proba(X).argmax(1)
        return self.classes_[codes]

    def predict_proba(self, X):
        """Predict the mean of the members' probabilities.

        Parameters
        ----------
        X : array-like
            Images, as for ``fit``.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Rows sum to 1; columns in the order of ``classes_``.
        """
        *_, proba = self.staged_predict_proba(X)
        return proba

    def predict_log_proba(self, X):
        """Predict the logarithm of the mean probability, in nats.

        Parameters
        ----------
        X : array-like
            Images, as for ``fit``.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Finite also where the probability rounds to zero.
        """
        proba = self.predict_proba(X)
        return np.log(np.maximum(proba, np.finfo(proba.dtype).tiny))

    def staged_predict_proba(self, X):
        """Predict with the first member, with the first two, and so on.

        It shows how many members are enough.

        Parameters
        ----------
        X : array-like
            Images, as for ``fit``.

        Yields
        ------
        proba : ndarray of shape (n, n_classes)
            Mean probabilities of the members so far.
        """
        check_is_fitted(self)
        total = 0.0
        for n_members, proba in enumerate(self._member_probas(X), start=1):
            total = total + proba.astype(np.float64)
            yield (total / n_members).astype(proba.dtype)

    def disagreement(self, X, measure="votes"):
        """Measure how far the members disagree about each image.

        Parameters
        ----------
        X : array-like
            Images, as for ``fit``.
        measure : {"votes", "mutual_information"}, default="votes"
            Share of members against the label with most votes, or what the members know about each other's label in
            nats: see `member_disagreement`.

        Returns
        -------
        disagreement : ndarray of shape (n,)
            0 where all agree.
        """
        check_is_fitted(self)
        return member_disagreement(list(self._member_probas(X)), measure)

    def score_members(self, X, y):
        """Score each member, their mean, and the ensemble.

        Parameters
        ----------
        X : array-like
            Images, as for ``fit``.
        y : array-like of shape (n,)
            True labels.

        Returns
        -------
        frame : DataFrame
            One row for each member by its number, then "mean" and "ensemble". Columns: ``accuracy``; ``log_loss`` in
            nats; ``disagreement``, the share of images that it labels otherwise than the ensemble does, in the last row
            the mean share of members against the label with most votes.
        """
        import pandas as pd
        from sklearn.metrics import log_loss

        check_is_fitted(self)
        y = column_or_1d(y)
        probas = list(self._member_probas(X))
        everyone = [*probas, np.mean(probas, axis=0, dtype=np.float64).astype(probas[0].dtype)]
        labels = [self.classes_[proba.argmax(1)] for proba in everyone]
        rows = {
            "accuracy": [np.mean(each == y) for each in labels],
            "log_loss": [log_loss(y, proba, labels=self.classes_) for proba in everyone],
            "disagreement": [
                *(np.mean(each != labels[-1]) for each in labels[:-1]),
                member_disagreement(probas).mean(),
            ],
        }
        frame = pd.DataFrame(rows, index=pd.Index([*range(len(probas)), "ensemble"], name="member", dtype=object))
        frame.loc["mean"] = frame.iloc[:-1].mean()
        return frame.loc[[*range(len(probas)), "mean", "ensemble"]]

    def _member_probas(self, X):
        """Yield the probabilities (n, n_classes) of each member, in the order of ``classes_``."""
        return Parallel(n_jobs=self.n_jobs, prefer="threads", return_as="generator")(
            delayed(_aligned_proba)(estimator, X, self.classes_) for estimator in self.estimators_
        )

    # ------------------------------------------------------ scikit-learn's own

    @property
    def n_features_in_(self):
        """Number of features of the first member, if it knows it."""
        return self._of_first_member("n_features_in_")

    @property
    def feature_names_in_(self):
        """Names of the columns seen by fit, if there were any."""
        return self._of_first_member("feature_names_in_")

    def _of_first_member(self, name):
        if not hasattr(self, "estimators_") or not hasattr(self.estimators_[0], name):
            raise AttributeError(f"{type(self).__name__} has no {name}: it is not fitted, or its members have none.")
        return getattr(self.estimators_[0], name)

    def get_metadata_routing(self):
        """Say which metadata the members request.

        Returns
        -------
        routing : MetadataRouter
        """
        callee = "partial_fit" if self.members == "snapshot" else "fit"
        mapping = MethodMapping().add(caller="fit", callee=callee)
        return MetadataRouter(owner=type(self).__name__).add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags


def _aligned_proba(estimator, X, classes):
    """Probabilities in the order of all classes: 0 for those that a member has not seen."""
    proba = estimator.predict_proba(X)
    if np.array_equal(estimator.classes_, classes):
        return proba
    aligned = np.zeros((len(proba), len(classes)), dtype=proba.dtype)
    aligned[:, np.searchsorted(classes, estimator.classes_)] = proba
    return aligned
