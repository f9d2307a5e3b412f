import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skimgcls import MLPClassifier
from skimgcls.datasets import load_digit_images
from skimgcls.preprocessing import Compose, FunctionAugmentation, RandomFlip

X, Y = (values[:100] for values in load_digit_images(return_X_y=True))


class LikeTorchvision:
    """A callable whose ``get_params`` is of another kind, as that of torchvision's transforms."""

    def __call__(self, images):
        return images.flip(3)

    @staticmethod
    def get_params(image, output_size):
        """Draw the parameters of one crop."""


@pytest.mark.parametrize(
    "augment",
    [LikeTorchvision(), [LikeTorchvision(), "light"], FunctionAugmentation(LikeTorchvision())],
    ids=["bare", "list", "wrapped"],
)
def test_transforms_of_others_can_be_cloned_searched_and_shown(augment):
    model = MLPClassifier((8,), max_epochs=1, random_state=0, augment=augment)
    copied = clone(model)
    assert type(copied.augment) is type(augment)
    assert copied.augment is not augment
    assert "LikeTorchvision" in model._repr_html_() or "augment" in repr(model)
    search = GridSearchCV(model, {"lr": [1e-3, 1e-2]}, cv=2).fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_parameters_of_an_augmentation_are_reached_by_their_names():
    model = MLPClassifier(augment=Compose([RandomFlip(p=0.25)]))
    assert model.get_params()["augment__randomflip__p"] == 0.25
    assert "augment__randomflip__p" not in model.get_params(deep=False)
    model.set_params(augment__randomflip__p=0.75)
    assert model.augment.augmentations[0].p == 0.75


def test_what_callbacks_hold_is_shared_and_the_original_is_left_alone():
    callbacks = [object()]
    augment = RandomFlip()
    model = MLPClassifier(callbacks=callbacks, augment=augment)
    copied = clone(model)
    assert copied.callbacks is callbacks
    assert model.callbacks is callbacks
    assert model.augment is augment
    assert copied.augment is not augment
    assert copied.augment.p == augment.p
