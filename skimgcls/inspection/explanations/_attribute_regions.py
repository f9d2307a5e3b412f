"""What LIME and SHAP share: regions that are shown or hidden at random, and predictions of what is left."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

from skimgcls.inspection.explanations._explained_classifier import ExplainedClassifier
from skimgcls.inspection.explanations._superpixels import superpixels
from skimgcls.utils._random import draw_seed, seeded_global_rng

VIEWS = 64  # images with some regions hidden that are predicted together


def attribute_regions(
    make_method, estimator, X, target, *, purpose, n_segments, n_samples, baseline, image_shape, random_state
):
    """Attribute the probability of a class to the superpixels of each image.

    Parameters
    ----------
    make_method : callable
        Makes captum's `Lime`, or a kind of it, of a function that gives probabilities.
    estimator, X, target, n_segments, n_samples, baseline, image_shape, random_state
        As for `lime`.
    purpose : str
        Name of the method for errors.

    Returns
    -------
    attributions : ndarray (n, h, w)
        Each pixel has the value of its region.
    """
    check_scalar(n_segments, "n_segments", Integral, min_val=1)
    check_scalar(n_samples, "n_samples", Integral, min_val=1)
    seed = draw_seed(random_state)
    with ExplainedClassifier.open(estimator, X, target, image_shape=image_shape) as model:
        method, hidden = make_method(model.probabilities), model.baseline(baseline)
        form = {"baselines": hidden, "n_samples": n_samples, "perturbations_per_eval": VIEWS}
        attributions = []
        for image, code in model.singles():
            regions = superpixels(image, n_segments, purpose=purpose)
            # anew for each image, so that its explanation depends on no other
            with seeded_global_rng(seed):
                values = _attribute(method, model, image, code, regions, form)
            attributions.append(values[regions].astype(np.float32))
        return np.stack(attributions)


def _attribute(method, model, image, code, regions, form):
    import torch

    if regions.max() == 0:  # nothing to choose from: one region makes the whole difference
        shown, hidden = model.probabilities(torch.cat([image, form["baselines"]]))[:, code].tolist()
        return np.array([shown - hidden])
    mask = torch.from_numpy(regions)[None, None]  # (h, w) -> (1, 1, h, w)
    return method.attribute(image, target=code, feature_mask=mask, return_input_shape=False, **form).numpy().ravel()
