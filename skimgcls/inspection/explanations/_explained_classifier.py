"""A fitted classifier with images to explain, as the methods of explanation want them."""

import contextlib

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_is_fitted

from skimgcls.images._read_images import read_images
from skimgcls.inspection._rank_predictions import check_probabilities_of
from skimgcls.inspection._shown_images import model_name
from skimgcls.metrics._check_probabilities import _some
from skimgcls.metrics._unwrap_estimator import unwrap_estimator
from skimgcls.utils._torch_scope import torch_scope

BATCH_BYTES = 32 * 2**20  # of the largest activation: all those of a batch are kept for its gradients
MOST_IMAGES = 256  # together
ONLY_PROBABILITIES = "occlusion, lime or shap, which ask for nothing but predict_proba"


class ExplainedClassifier:
    """What explanations ask a classifier for: its scores with gradients, or its probabilities.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    X : array-like
        Images in any form that it accepts.
    image_shape : tuple of int, default=None
        (h, w) or (h, w, c) of flat rows, for a classifier that does not know it.

    Attributes
    ----------
    name : str
        Of the class of the classifier, for errors.
    dataset : ImageDataset
        The images, behind the transformers of a pipeline if there is a network at its end.
    network : ScaledNetwork or None
        In evaluation mode within `open`; None where the classifier is not one of ours.
    codes : tensor (n,) of int64
        Position in ``classes_`` of the label that is explained for each image. Set by `open`.
    """

    def __init__(self, estimator, X, image_shape=None):
        from skimgcls.training import ImageDataset, read_dataset

        self.name = model_name(estimator)
        self._classifier, self._X = _reach_network(estimator, X)
        classifier, self._net = self._classifier, getattr(self._classifier, "net_", None)
        if self._net is None:
            self.network = None
            rows, layout = read_images(X, estimator=estimator, image_shape=image_shape, dtype="float64")
            self.dataset = ImageDataset.from_arrays(rows, layout)
        else:
            self.network = getattr(self._net.module_, "_orig_mod", self._net.module_)  # what torch.compile wraps
            reading = {"fitted_layout": classifier._layout, "fitted_maximum": classifier._maximum}
            self.dataset = read_dataset(self._X, classifier, dtype=classifier.dtype, **reading)

    @classmethod
    @contextlib.contextmanager
    def open(cls, estimator, X, target, *, image_shape=None, gradients_for=None):
        """Give a classifier whose network is in evaluation mode, and leave it as it was found.

        Parameters
        ----------
        estimator, X, image_shape
            See the class.
        target : label, array-like of shape (n,) or None
            What to explain; None means the predicted labels.
        gradients_for : str or None
            The method that wants gradients. None wants probabilities.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If the classifier does not give what is wanted, or a target is no class of it.
        """
        check_is_fitted(estimator)
        if gradients_for is None:
            check_probabilities_of(estimator)
        elif unwrap_estimator(estimator, "net_") is None:
            raise ValueError(
                f"{gradients_for} needs the gradients of a fitted network of skimgcls, and {model_name(estimator)} has "
                f"none. Use {ONLY_PROBABILITIES}."
            )
        self = cls(estimator, X, image_shape)
        modules = [] if self.network is None else list(self.network.modules())
        modes = [module.training for module in modules]
        try:
            for module in modules:
                module.training = False
            self.codes = _encode(estimator.predict(X) if target is None else target, self.classes, len(self.dataset))
            with torch_scope(getattr(self._classifier, "n_jobs", None)) if modules else contextlib.nullcontext():
                yield self
        finally:
            for module, mode in zip(modules, modes, strict=True):
                module.training = mode

    @property
    def classes(self):
        """Labels in the order of scores and probabilities."""
        return self._classifier.classes_

    def scores(self, images):
        """Map images (b, c, h, w) to what ``decision_function`` gives, with a column for each class, and gradients."""
        logits = self.network(images)
        return logits - logits.flip(1) if len(self.classes) == 2 else logits

    def probabilities(self, images):
        """Map images (b, c, h, w) to probabilities (b, k); from and to tensors on the CPU."""
        import torch

        from skimgcls.training import ImageDataset

        layout = self.dataset.layout
        pixels = images if layout.channels_first else images.permute(0, 2, 3, 1)
        rows = pixels.reshape(len(images), -1)
        if self._net is not None:
            return self._net.predict_logits(ImageDataset(rows, layout), self._classifier.tta).softmax(1)
        form = rows.reshape(len(rows), *np.shape(self._X)[1:]).numpy()
        if hasattr(self._X, "iloc"):
            form = type(self._X)(form, columns=self._X.columns)
        return torch.from_numpy(np.asarray(self._classifier.predict_proba(form), dtype=np.float64))

    def baseline(self, value):
        """Return what stands for missing pixels as a tensor (1, c, h, w) on the CPU.

        Parameters
        ----------
        value : float, array-like of shape (c,), (h, w) or (h, w, c), or None
            None means the mean colour of the training images, or of the images here if that was not learnt.
        """
        height, width, channels = shape = self.dataset.layout.image_shape
        if value is None:
            learnt = None if self.network is None else self.network.scaling.mean.flatten().cpu()
            # a pretrained network scales by constants of its own, behind a mean of zero
            value = self.dataset.moments()[0] if learnt is None or not learnt.any() else learnt
        value = np.asarray(value, dtype=np.float64)
        if channels == 1 and value.shape == (height, width):
            value = value[..., None]
        if value.shape not in ((), (channels,), shape):
            raise ValueError(
                f"baseline must be a number, a colour of shape {(channels,)} or an image of shape {shape}, got shape "
                f"{value.shape}. None takes the mean colour."
            )
        return self._as_floats(np.broadcast_to(value, shape).transpose(2, 0, 1)[None].copy())

    def batches(self, size):
        """Give images (b, c, h, w) as floats and their codes (b,), on the device of the network."""
        for start in range(0, len(self.dataset), size):
            images = self.dataset.slice(start, start + size)[0].to(self._net.device)
            yield self._as_floats(images), self.codes[start : start + size].to(self._net.device)

    def singles(self):
        """Give each image (1, c, h, w) as floats on the CPU, and its code."""
        for position, code in enumerate(self.codes.tolist()):
            yield self._as_floats(self.dataset.slice(position, position + 1)[0]), code

    def batch_size(self):
        """Images that go through the network together where gradients are wanted."""
        from skimgcls.training._largest_activation import largest_activation

        images = self.dataset.slice(0, 1)[0].to(self._net.device)
        size = self.network.activation_bytes or largest_activation(self.network, self._as_floats(images))
        return min(max(BATCH_BYTES // size, 1), MOST_IMAGES)

    def _as_floats(self, images):
        import torch

        return torch.as_tensor(images).to(torch.float64 if self._net is None else self.network.scaling.mean.dtype)


def _reach_network(estimator, X):
    """Follow pipelines and searches to a classifier of ours, with X transformed on the way, if there is one."""
    classifier = unwrap_estimator(estimator, "net_")
    if classifier is None:
        return estimator, X
    while (pipeline := unwrap_estimator(estimator, "steps")) is not None:
        if len(pipeline.steps) > 1:
            X = pipeline[:-1].transform(X)
        estimator = pipeline.steps[-1][1]
    return classifier, X


def _encode(target, classes, n_images):
    """Turn one label, or one for each image, into positions among the classes."""
    import torch

    labels = np.full(n_images, target) if np.ndim(target) == 0 else column_or_1d(target)
    if len(labels) != n_images:
        raise ValueError(
            f"target has {len(labels)} labels for {n_images} images. Pass one label, or one for each image."
        )
    positions = {label: position for position, label in enumerate(classes.tolist())}
    unknown = [label for label in labels.tolist() if label not in positions]
    if unknown:
        raise ValueError(f"target {unknown[0]!r} is none of the classes {_some(classes)}. Pass a label of classes_.")
    return torch.tensor([positions[label] for label in labels.tolist()])
