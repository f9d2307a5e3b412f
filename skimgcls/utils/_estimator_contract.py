"""The contract between an image classifier and scikit-learn's tools, as checks that anybody can run on their own."""

import inspect
from dataclasses import dataclass

import numpy as np

INPUT_FORMS = ("flat", "gray", "rgb", "channels_first", "tensor")

# What scikit-learn itself refuses to do with images that are not flat rows, whatever the estimator. The reason is for
# people; that the refusal is still there is asserted each time such a check is run.
REFUSED_UNLESS_FLAT = {
    "pipeline_with_scaler": "StandardScaler scales the columns of a table",
    "bagging": "BaggingClassifier can draw columns, so it asks for a table",
    "one_vs_one": "OneVsOneClassifier checks for a table, though it only selects rows",
    "self_training": "SelfTrainingClassifier checks for a table, though it only selects rows",
    "permutation_importance": "permutation_importance shuffles the columns of a table",
}

_CLASSES = ("bar", "cross", "dot")  # strings, which a net cannot be trained on as they are
_IMAGES_PER_CLASS = 24


@dataclass(frozen=True)
class ImageEstimatorCheck:
    """One scikit-learn tool with images of one form; calling it runs the check.

    Parameters
    ----------
    estimator : estimator
        Image classifier; each run works on a clone.
    name : str
        What is checked, such as "grid_search".
    form : {"flat", "gray", "rgb", "channels_first", "tensor"}
        Form of the images, see `image_estimator_checks`.
    image_size : int
        Height and width in pixels.
    search_space : dict of str to list
        A parameter's values, the best first.
    """

    estimator: object
    name: str
    form: str
    image_size: int
    search_space: dict

    def __call__(self):
        """Run the check.

        Raises
        ------
        AssertionError
            If the estimator breaks the contract, or if scikit-learn takes what it was known to refuse.
        """
        if self.refused_because is None:
            self._run(self.estimator)
        else:
            self._assert_refused()

    def __str__(self):
        return f"{type(self.estimator).__name__}-{self.name}-{self.form}"

    @property
    def refused_because(self):
        """Why scikit-learn itself refuses this form, or None; the check then asserts that it still does."""
        return None if self.form == "flat" else REFUSED_UNLESS_FLAT.get(self.name)

    def _run(self, estimator):
        from sklearn.base import clone

        function = _functions()[self.name]
        X, y = make_learnable_images(self.form, self.image_size)
        arguments = {"space": self.search_space} if "space" in inspect.signature(function).parameters else {}
        function(clone(estimator), X, y, **arguments)

    def _assert_refused(self):
        from skimgcls.utils._contract_checks import Undemanding

        try:
            self._run(Undemanding())
        except ValueError as error:
            if "Found array with dim" not in str(error):
                raise AssertionError(f"{self.name} refused the form {self.form!r} for an unknown reason.") from error
        else:
            raise AssertionError(f"scikit-learn now takes the form {self.form!r} for {self.name}: run the check on it.")


def image_estimator_checks(estimator, *, image_size=8, search_space=None):
    """List the checks that an image classifier must pass to work with scikit-learn's tools.

    They complete ``sklearn.utils.estimator_checks``, which knows nothing of images: cross-validation, searches (in
    threads and in processes too), pipelines, ensembles, multi-class reductions, calibration, thresholds, pickling,
    weights and ``partial_fit``, each with five forms of input and on images that are easy to learn, sorted by class.

    Parameters
    ----------
    estimator : estimator
        Image classifier, set up so that it learns 72 images of three classes in the time that you have for some hundred
        fits. ``random_state=None`` is set to 0, ``n_jobs`` to 1: the checks compare results to the bit.
    image_size : int, default=8
        Height and width of the images in pixels; an even number.
    search_space : dict of str to list, default=None
        What searches try: parameters to values, the best first and the others useless. None stands for the estimator's
        own ``lr`` and a millionth of it.

    Returns
    -------
    checks : list of ImageEstimatorCheck
        Call each to run it; it raises AssertionError where the contract is broken. ``str(check)`` names it,
        ``check.name`` and ``check.form`` are its two parts. The forms are

        - "flat": float64 rows (n, image_size ** 2), greyscale from 0 to 1;
        - "gray": uint8 (n, h, w);
        - "rgb": uint8 (n, h, w, 3);
        - "channels_first": float32 (n, 1, h, w) from 0 to 1;
        - "tensor": a torch tensor, float32 (n, 3, h, w) from 0 to 1.

        Some tools refuse all but flat rows by themselves. Such a check asserts that they still do, and
        ``check.refused_because`` says why. What an estimator does not offer (``sample_weight``, ``partial_fit``,
        ``max_epochs``) is not checked.

    Raises
    ------
    ValueError
        If `search_space` is None and the estimator has no parameter ``lr``.

    Examples
    --------
    In a test: ``@pytest.mark.parametrize("check", image_estimator_checks(MyClassifier()), ids=str)``, then ``check()``.

    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.utils import image_estimator_checks
    >>> clf = MLPClassifier(hidden_units=(16,), lr=0.01, batch_size=16, max_epochs=3)
    >>> checks = {str(check): check for check in image_estimator_checks(clf)}
    >>> checks["MLPClassifier-grid_search-rgb"]()
    >>> checks["MLPClassifier-bagging-rgb"].refused_because
    'BaggingClassifier can draw columns, so it asks for a table'
    """
    if search_space is None:
        if "lr" not in estimator.get_params():
            raise ValueError(
                f"{type(estimator).__name__} has no parameter 'lr' to search over. Pass search_space, such as "
                "{'C': [1.0, 1e-9]}: the best value first, the others useless."
            )
        search_space = {"lr": [estimator.lr, estimator.lr * 1e-6]}
    estimator = _make_comparable(estimator)
    names = [name for name in _functions() if _applies(name, estimator)]
    return [
        ImageEstimatorCheck(estimator, name, form, image_size, search_space) for name in names for form in INPUT_FORMS
    ]


def make_learnable_images(form, image_size=8, seed=0):
    """Make 72 images in one of the `INPUT_FORMS` and their labels: noise, and a bright quarter that tells the class."""
    noise = np.random.RandomState(seed)
    images = noise.randint(0, 100, (len(_CLASSES), _IMAGES_PER_CLASS, image_size, image_size, 3)).astype(np.uint8)
    half = image_size // 2
    for k, (top, left) in enumerate([(0, 0), (half, 0), (half, half)]):
        images[k, :, top : top + half, left : left + half] += 120
    images = images.reshape(-1, image_size, image_size, 3)
    return _in_form(images, form), np.repeat(_CLASSES, _IMAGES_PER_CLASS)


def _in_form(images, form):  # uint8 (n, h, w, 3)
    gray = images[..., 0]
    if form == "flat":
        return gray.reshape(len(gray), -1) / 255
    if form == "gray":
        return np.ascontiguousarray(gray)
    if form == "rgb":
        return images
    if form == "channels_first":
        return (gray[:, None] / 255).astype(np.float32)
    import torch

    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def _functions():
    # imported here: the tools of scikit-learn take a second to load, and only the checks need them
    from skimgcls.utils import _contract_checks

    return {
        name.removeprefix("check_"): function
        for name, function in vars(_contract_checks).items()
        if name.startswith("check_")
    }


def _make_comparable(estimator):
    from sklearn.base import clone

    estimator = clone(estimator)
    params = estimator.get_params()
    if params.get("random_state", 0) is None:
        estimator.set_params(random_state=0)
    if "n_jobs" in params:
        estimator.set_params(n_jobs=1)
    return estimator


def _applies(name, estimator):
    from sklearn.utils.validation import has_fit_parameter

    params = estimator.get_params()
    if name.startswith("sample_weight") or name == "boosting":
        return has_fit_parameter(estimator, "sample_weight")
    if name == "partial_fit_in_lock_step":
        return hasattr(estimator, "partial_fit") and "max_epochs" in params
    return name != "halving_over_epochs" or "max_epochs" in params
