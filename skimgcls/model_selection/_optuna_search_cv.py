"""Optuna's samplers and pruners behind scikit-learn's interface for searches."""

from numbers import Integral, Real

import numpy as np
from joblib import effective_n_jobs
from sklearn import config_context, get_config
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt
from sklearn.utils.validation import _check_method_params, _num_samples

from skimgcls.model_selection._epochwise_search_cv import EpochwiseSearchCV, scores_by_metric

_RESULTS = "skimgcls:folds"  # the user attribute of a trial that holds the results of its folds
_KIND = "skimgcls:kind"  # and the one that says what these are


class OptunaSearchCV(EpochwiseSearchCV):
    """Search with a sampler of Optuna, which can end hopeless candidates after any epoch.

    With ``enable_pruning=True`` the folds of a candidate are trained in step: after each epoch the mean of their scores
    goes to Optuna, whose pruner may end the trial. Training goes on by ``partial_fit``; images are checked, and put on
    a device, once for the whole search. It takes the parameters of optuna-integration's ``OptunaSearchCV`` [1]_ and has
    its attributes; besides, it is one of scikit-learn's searches: classifiers are recognised as such, several metrics,
    metadata routing and ``cv_results_`` work as in ``GridSearchCV``.

    Parameters
    ----------
    estimator : estimator
        One with ``partial_fit`` that trains for one epoch, such as those of skimgcls, or a ``Pipeline`` that ends in
        one. Early stopping does not stop it here.
    param_distributions : dict of str to optuna.distributions.BaseDistribution
        What to draw from, by parameter name.
    cv : int, splitter, iterable or None, default=None
        As in ``GridSearchCV``.
    enable_pruning : bool, default=False
        Whether to report after each epoch and to let the pruner decide.
    error_score : "raise" or float, default=nan
        Score of a fit that fails. A trial whose mean is NaN counts as failed.
    max_iter : int, default=None
        Epochs of a trial that is not pruned, and of the final fit. None means ``max_epochs`` of the estimator.
    n_jobs : int or None, default=None
        Trials at a time, in threads. None means 1, or what ``joblib.parallel_config`` says. More than one at a time
        know less of each other, so that results depend on it.
    n_trials : int or None, default=10
        Trials of each call of ``fit``. None means until `timeout`.
    random_state : int, RandomState instance or None, default=None
        Seed of the sampler, if that is not given, and of `subsample`. Networks have their own.
    refit : bool, str or callable, default=True
        As in ``GridSearchCV``; of several metrics the one that it names is optimized, else the first.
    return_train_score : bool, default=False
        Whether to score the training folds too.
    scoring : str, callable, list, tuple, dict or None, default=None
        As in ``GridSearchCV``.
    study : optuna.Study, default=None
        Where trials are kept, with a sampler and a pruner of its own; its direction is "maximize". Trials that it has
        already count as results too.
    storage : str or optuna.storages.BaseStorage, default=None
        Where to keep a new study, such as ``"sqlite:///search.db"``, or to find the one of the name `study_name`
        again. None means in memory.
    study_name : str, default=None
        Name in the storage.
    sampler : optuna.samplers.BaseSampler, default=None
        None means ``TPESampler``, seeded by `random_state`.
    pruner : optuna.pruners.BasePruner, default=None
        None means ``SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)``: after 1, 3, 9... epochs the best
        third goes on, the rule of `EpochHalvingSearchCV`. On 20 trials of nine epochs it trained half of all epochs,
        and the ``MedianPruner`` of Optuna two thirds, for winners as good (``benchmarks/bench_pruning.py``).
    subsample : float or int, default=1.0
        Share (a float up to 1) or number (an int) of the images to search on. The final fit takes all.
    timeout : float, default=None
        Seconds after which no trial is begun.
    verbose : int, default=0
        Prints nothing: what Optuna prints of each trial is set by ``optuna.logging.set_verbosity``.
    callbacks : list of callable, default=None
        Called with the study and the trial after each trial.
    catch : exception class or tuple of these, default=()
        With ``error_score="raise"``: errors that fail a trial and do not end the search.

    Attributes
    ----------
    study_ : optuna.Study
        With all trials, those of earlier fits included.
    best_trial_ : optuna.trial.FrozenTrial
    trials_ : list of optuna.trial.FrozenTrial
    n_trials_ : int
    cv_results_ : dict
        As that of ``GridSearchCV``: a row for each trial with a result, with ``trial``, its number, ``state``, such as
        "complete" or "pruned", and ``n_resources``, its epochs. Scores of a pruned trial are those of its last epoch.
        Trials of earlier fits of the study are rows if they had as many folds and the same scoring.
    sample_indices_ : ndarray of int
        Images that were searched on.
    best_estimator_, best_score_, best_params_, best_index_, scorer_, n_splits_, refit_time_, multimetric_
        As in ``GridSearchCV``, for the best complete trial.
    max_epochs_ : int
        Epochs of a trial that is not pruned.
    n_samples_ : int
        Number of images searched on.

    See Also
    --------
    EpochHalvingSearchCV : Successive halving without Optuna.
    results_frame : Its results as a table.

    References
    ----------
    .. [1] T. Akiba et al., "Optuna: A Next-generation Hyperparameter Optimization Framework", KDD 2019.

    Examples
    --------
    >>> import optuna
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.model_selection import OptunaSearchCV
    >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
    >>> X, y = load_digit_images(return_X_y=True)
    >>> space = {"lr": optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True)}
    >>> model = MLPClassifier(hidden_units=(32,), max_epochs=3, random_state=0)
    >>> search = OptunaSearchCV(model, space, cv=3, n_trials=8, enable_pruning=True, random_state=0)
    >>> search = search.fit(X[:600], y[:600])
    >>> bool(search.best_score_ > 0.7)
    True
    """

    _parameter_constraints = {
        **EpochwiseSearchCV._parameter_constraints,
        "param_distributions": [dict],
        "enable_pruning": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "n_trials": [Interval(Integral, 1, None, closed="left"), None],
        "study": [HasMethods(["optimize", "get_trials"]), None],
        "storage": [str, HasMethods(["get_all_studies"]), None],
        "study_name": [str, None],
        "sampler": [HasMethods(["sample_independent"]), None],
        "pruner": [HasMethods(["prune"]), None],
        "subsample": [Interval(Integral, 1, None, closed="left"), Interval(RealNotInt, 0, 1, closed="right")],
        "timeout": [Interval(Real, 0, None, closed="neither"), None],
        "callbacks": [list, tuple, None],
        "catch": [type, list, tuple],
    }

    def __init__(
        self,
        estimator,
        param_distributions,
        *,
        cv=None,
        enable_pruning=False,
        error_score=np.nan,
        max_iter=None,
        n_jobs=None,
        n_trials=10,
        random_state=None,
        refit=True,
        return_train_score=False,
        scoring=None,
        study=None,
        storage=None,
        study_name=None,
        sampler=None,
        pruner=None,
        subsample=1.0,
        timeout=None,
        verbose=0,
        callbacks=None,
        catch=(),
    ):
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_distributions = param_distributions
        self.enable_pruning = enable_pruning
        self.max_iter = max_iter
        self.n_trials = n_trials
        self.random_state = random_state
        self.study = study
        self.storage = storage
        self.study_name = study_name
        self.sampler = sampler
        self.pruner = pruner
        self.subsample = subsample
        self.timeout = timeout
        self.callbacks = callbacks
        self.catch = catch

    # ------------------------------------------------------------ what a study has

    @property
    def best_trial_(self):
        """The complete trial of the highest value."""
        return self.study_.best_trial

    @property
    def trials_(self):
        """All trials."""
        return self.study_.trials

    @property
    def n_trials_(self):
        """Number of trials."""
        return len(self.trials_)

    @property
    def user_attrs_(self):
        """Attributes that the user gave the study."""
        return self.study_.user_attrs

    @property
    def set_user_attr(self):
        """``set_user_attr`` of the study."""
        return self.study_.set_user_attr

    @property
    def trials_dataframe(self):
        """``trials_dataframe`` of the study."""
        return self.study_.trials_dataframe

    # --------------------------------------------------------------- steps of fit

    _max_epochs_name = "max_iter"

    def _sample(self, X, y, params):
        n = _num_samples(X)
        n_sampled = self.subsample if isinstance(self.subsample, Integral) else max(1, int(self.subsample * n))
        n_sampled = min(n, n_sampled)
        self._random = check_random_state(self.random_state)
        self.sample_indices_ = np.arange(n)
        if n_sampled == n:
            return X, y, params
        self.sample_indices_ = np.sort(self._random.choice(n, n_sampled, replace=False))
        params = _check_method_params(X, params, indices=self.sample_indices_)
        return _safe_indexing(X, self.sample_indices_), _safe_indexing(y, self.sample_indices_), params

    def _search(self, folds, scorer):
        self.study_ = self._make_study()
        config = get_config()

        def objective(trial):
            params = {name: _suggest(trial, name, each) for name, each in self.param_distributions.items()}
            with config_context(**config):  # which scikit-learn keeps for each thread
                return self._run_trial(trial, self._grow(params, folds), scorer)

        self.study_.optimize(
            objective,
            n_trials=self.n_trials,
            timeout=self.timeout,
            n_jobs=effective_n_jobs(self.n_jobs),
            catch=self.catch,
            callbacks=self.callbacks,
        )

    def _make_study(self):
        import optuna

        self._refuse_epochs(self.param_distributions)
        _check_distributions(self.param_distributions)
        if self.n_trials is None and self.timeout is None:
            raise ValueError("n_trials and timeout are both None, so that the search would never end. Set one.")
        given = [name for name in ("storage", "study_name", "sampler", "pruner") if getattr(self, name) is not None]
        if self.study is not None and given:
            raise ValueError(f"study was given together with {given}, which it has of its own. Leave one out.")
        seed = self._random.randint(np.iinfo(np.int32).max)
        study = self.study or optuna.create_study(
            direction="maximize",
            storage=self.storage,
            study_name=self.study_name,
            load_if_exists=self.study_name is not None,
            sampler=self.sampler or optuna.samplers.TPESampler(seed=seed),
            pruner=optuna.pruners.SuccessiveHalvingPruner(1, 3) if self.pruner is None else self.pruner,
        )
        directions = [each.name.lower() for each in study.directions]
        if directions != ["maximize"]:
            raise ValueError(
                f"The study must have one direction, 'maximize', as scores are maximized; got {directions}."
            )
        return study

    def _run_trial(self, trial, models, scorer):
        """Train the folds of a candidate in step, and return the value of the trial."""
        import optuna

        for epochs in range(1, self.max_epochs_ + 1) if self.enable_pruning else [self.max_epochs_]:
            results = [self._train_and_score(model, epochs, scorer) for model in models]
            value = self._worth(results)
            if np.isnan(value):
                break
            if self.enable_pruning:
                trial.report(value, step=epochs - 1)
                if epochs < self.max_epochs_ and trial.should_prune():
                    self._end_trial(trial, models, epochs, results)
                    raise optuna.TrialPruned(f"after {epochs} of {self.max_epochs_} epochs")
        self._end_trial(trial, models, epochs, results)
        return value

    def _end_trial(self, trial, models, epochs, results):
        """Remember the results of a trial in the study itself, so that a stored one can be read again."""
        for model in models:
            model.forget()
        trial.set_user_attr(_RESULTS, [_plain(each) for each in results])
        trial.set_user_attr(_KIND, self._kind_of_results())
        trial.set_user_attr("epochs", epochs)
        columns = {name: [each[name] for each in results] for name in ("fit_time", "score_time")}
        for split in ("test", "train") if self.return_train_score else ("test",):
            for metric, values in scores_by_metric(results, f"{split}_scores").items():
                columns[f"{split}_{metric}"] = values
                for fold, value in enumerate(values):
                    trial.set_user_attr(f"split{fold}_{split}_{metric}", float(value))
        for name, values in columns.items():
            trial.set_user_attr(f"mean_{name}", float(np.mean(values)))
            trial.set_user_attr(f"std_{name}", float(np.std(values)))

    def _rows(self):
        for trial in self.study_.get_trials(deepcopy=False):
            if trial.state.is_finished() and trial.user_attrs.get(_KIND) == self._kind_of_results():
                columns = {"trial": trial.number, "state": trial.state.name.lower()}
                yield trial.params, columns | {"n_resources": trial.user_attrs["epochs"]}, trial.user_attrs[_RESULTS]

    def _kind_of_results(self):
        """What two trials must share to stand in one table."""

        def name(scoring):
            return scoring if isinstance(scoring, str | None) else getattr(scoring, "__qualname__", repr(scoring))

        if isinstance(self.scoring, dict):
            scoring = {metric: name(each) for metric, each in self.scoring.items()}
        else:
            scoring = list(self.scoring) if isinstance(self.scoring, list | tuple | set) else name(self.scoring)
        return repr((self.n_splits_, scoring, self.return_train_score))

    @staticmethod
    def _select_best_index(refit, refit_metric, results):
        if callable(refit):
            return EpochwiseSearchCV._select_best_index(refit, refit_metric, results)
        scores = np.where(results["state"] == "complete", results[f"mean_test_{refit_metric}"], np.nan)
        return np.argmax(np.nan_to_num(scores, nan=-np.inf))


def _check_distributions(distributions):
    from optuna.distributions import BaseDistribution

    for name, distribution in distributions.items():
        if not isinstance(distribution, BaseDistribution):
            raise TypeError(
                f"param_distributions[{name!r}] is {distribution!r}, where a distribution of Optuna was expected, such "
                "as optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True) or CategoricalDistribution([...])."
            )


def _suggest(trial, name, distribution):
    if hasattr(distribution, "choices"):
        return trial.suggest_categorical(name, distribution.choices)
    suggest = trial.suggest_int if type(distribution).__name__ == "IntDistribution" else trial.suggest_float
    return suggest(name, distribution.low, distribution.high, step=distribution.step, log=distribution.log)


def _plain(value):
    """Turn numpy's numbers into Python's, which a storage can write."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value.item() if isinstance(value, np.generic) else value
