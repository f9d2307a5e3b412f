"""Features of a pretrained network as a scikit-learn transformer."""

import copy
import functools
import os
from numbers import Integral

import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_feature_names, check_is_fitted

from skimgcls.architectures import make_transfer_network, transfer_image_size
from skimgcls.base import BaseImageClassifier
from skimgcls.training import predict_features, read_dataset, with_column_names
from skimgcls.training._build_transfer_network import build_transfer_network
from skimgcls.training._extract_features import extract_features
from skimgcls.training._file_settings import READING_CONSTRAINTS
from skimgcls.training._mixed_precision import autocast
from skimgcls.utils._device import resolve_device
from skimgcls.utils._random import draw_seed
from skimgcls.utils._torch_scope import torch_scope


class ImageEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Turn images into the features that a trained network has of them.

    For scikit-learn's own classifiers where images are few: ``LogisticRegression``, ``KNeighborsClassifier``, or
    ``NearestCentroid``, which compares an image with the mean of each class (its prototype [1]_).

    Parameters
    ----------
    backbone : str or fitted estimator, default="resnet50"
        A classifier of torchvision, or ``"timm/<name>"``, as for `PretrainedClassifier`. Or a fitted classifier of this
        library, whose features are what its last linear layer is given; it is used as it is, and shared by clones.
    weights : str, path or None, default="DEFAULT"
        Of a named backbone: "DEFAULT" or another name of torchvision's weights, the path of a state dict, or None for
        random weights.
    image_size : int, (int, int) or None, default=None
        Height and width in pixels that images are resized to for a named backbone; an int means a square. None is the
        size that the weights were trained on, and for ``weights=None`` that of the images.
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, channels) of flat rows; square greyscale rows need none.
    channels : {"auto", "first", "last"}, default="auto"
        Where the channel axis of 4-D input stands.
    color_mode : {"auto", "gray", "rgb"}, default="auto"
        What image files are decoded to: one channel, three, or three where at least one of the files has colour.
    cache : "auto", path or None, default="auto"
        Folder for decoded image files, as for `PretrainedClassifier`.
    n_jobs : int or None, default=None
        Torch threads; -1 is all cores. None takes all cores when alone and the worker's share inside a parallel search.
    device : str or torch.device, default="auto"
        "auto" takes CUDA, then MPS, then the CPU. A fitted classifier stays where it is.
    precision : {"auto", "float32", "bf16"}, default="auto"
        Number format of the heavy operations. "auto" is bf16 on CUDA and float32 elsewhere.
    dtype : {"float32", "float64"}, default="float32"
        Type of the weights of a named backbone, and of its features.
    random_state : int, RandomState instance or None, default=None
        Seed of random weights; of no use to others.

    Attributes
    ----------
    network_ : torch.nn.Module
        Images, in the values that the user has them in, to features. Of a named backbone only.
    image_shape_ : tuple of int
        (height, width, channels) of the images seen by fit.
    n_features_in_ : int
        height * width * channels.
    n_features_out_ : int
        Features of an image.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, when ``X`` was a DataFrame with string columns.

    See Also
    --------
    PretrainedClassifier : Trains on, where there are more images.

    References
    ----------
    .. [1] J. Snell, K. Swersky, R. Zemel, "Prototypical networks for few-shot learning", NeurIPS 2017.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.estimators import ImageEmbedder
    >>> X, y = load_digit_images(return_X_y=True)
    >>> embedder = ImageEmbedder("squeezenet1_1", weights=None, image_size=32, random_state=0)
    >>> embedder.fit_transform(X[:10]).shape  # with weights="DEFAULT" it would know images already
    (10, 512)
    >>> make_pipeline(embedder, LogisticRegression(max_iter=1000)).fit(X[:100], y[:100]).predict(X[:2]).shape
    (2,)
    """

    _parameter_constraints = {
        **READING_CONSTRAINTS,
        "backbone": [str, BaseImageClassifier],
        "weights": [str, os.PathLike, None],
        "n_jobs": [Interval(Integral, 1, None, closed="left"), Interval(Integral, None, -1, closed="right"), None],
        "device": [str, torch.device],
        "precision": [StrOptions({"auto", "float32", "bf16"})],
        "dtype": [StrOptions({"float32", "float64"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        backbone="resnet50",
        *,
        weights="DEFAULT",
        image_size=None,
        image_shape=None,
        channels="auto",
        color_mode="auto",
        cache="auto",
        n_jobs=None,
        device="auto",
        precision="auto",
        dtype="float32",
        random_state=None,
    ):
        self.backbone = backbone
        self.weights = weights
        self.image_size = image_size
        self.image_shape = image_shape
        self.channels = channels
        self.color_mode = color_mode
        self.cache = cache
        self.n_jobs = n_jobs
        self.device = device
        self.precision = precision
        self.dtype = dtype
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Build the network and learn the scale of the images; nothing is trained.

        Parameters
        ----------
        X : array-like
            Images (n, h, w), (n, h, w, c) or (n, c, h, w), flat rows (n, h * w * c), or paths of image files (n,).
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If the input cannot be images, or no image that the network takes.
        OSError
            If the weights cannot be downloaded; it names the file and where to put it.
        NotFittedError
            If ``backbone`` is a classifier that is not fitted.
        """
        if self._wraps_classifier:
            unfitted = "This %(name)s instance is not fitted yet, which is the backbone. Fit it, or name a network."
            check_is_fitted(self.backbone, msg=unfitted)
        reading = {"image_shape": self.image_shape, "channels": self.channels, "dtype": self._dtype_read}
        dataset = read_dataset(X, self, fitted_layout=getattr(self.backbone, "_layout", None), **reading)
        with torch_scope(self.n_jobs):
            if not self._wraps_classifier:
                self.network_ = self._build_network(dataset)
            self._layout, self._maximum = dataset.layout, dataset.maximum
            self.n_features_out_ = self._features(dataset.subset([0])).shape[1]
        self.image_shape_, self.n_features_in_ = dataset.layout.image_shape, dataset.layout.n_features
        _check_feature_names(self, with_column_names(X), reset=True)
        return self

    def transform(self, X):
        """Compute the features of images.

        Parameters
        ----------
        X : array-like
            Images, as for ``fit``.

        Returns
        -------
        ndarray of shape (n, n_features_out)
            One row for each image.
        """
        check_is_fitted(self)
        _check_feature_names(self, with_column_names(X), reset=False)
        reading = {"fitted_layout": self._layout, "fitted_maximum": self._maximum, "dtype": self._dtype_read}
        dataset = read_dataset(X, self, **reading)
        with torch_scope(self.n_jobs):
            return self._features(dataset).numpy()

    # ------------------------------------------------------------------ steps

    @property
    def _wraps_classifier(self):
        return not isinstance(self.backbone, str)

    @property
    def _dtype_read(self):
        return self.backbone.dtype if self._wraps_classifier else self.dtype

    @property
    def _file_size(self):
        """What image files are decoded to."""
        if self._wraps_classifier:
            return self.backbone.image_shape_[:2]
        return transfer_image_size(self.backbone, weights=self.weights, image_size=self.image_size)

    def _build_network(self, dataset):
        return build_transfer_network(
            lambda: make_transfer_network(
                self.backbone,
                image_shape=dataset.layout.image_shape,
                weights=self.weights,
                image_size=self.image_size,
            ),
            dataset,
            maximum=dataset.maximum,
            seed=draw_seed(self.random_state),
            dtype=getattr(torch, self.dtype),
            device=resolve_device(self.device),
        )

    def _features(self, dataset):
        if self._wraps_classifier:
            return predict_features(self.backbone.net_, dataset)
        device = resolve_device(self.device)
        self.network_.to(device)  # at once where it is there already; a pickle comes back on the CPU
        precision = self.precision
        if precision == "auto":
            precision = "bf16" if device.type == "cuda" and self.dtype == "float32" else "float32"
        in_precision = functools.partial(autocast, precision, device)
        return extract_features(self.network_, dataset, device=device, autocast=in_precision, in_company=False).cpu()

    @property
    def _n_features_out(self):
        return self.n_features_out_

    # --------------------------------------------------------- scikit-learn's own

    def __sklearn_is_fitted__(self):
        return hasattr(self, "n_features_out_")

    def __sklearn_clone__(self):
        """Clone as scikit-learn does, with the same classifier: a clone of that would be an untrained one."""
        shell = copy.copy(self)
        shell.backbone = self.backbone if isinstance(self.backbone, str) else ""
        clone = BaseEstimator.__sklearn_clone__(shell)
        clone.backbone = self.backbone
        return clone

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = []  # `dtype` says what comes out
        return tags

    def __getstate__(self):
        state = super().__getstate__()
        if "network_" in state and next(state["network_"].parameters()).device.type != "cpu":
            state = state | {"network_": copy.deepcopy(state["network_"]).cpu()}
        return state
