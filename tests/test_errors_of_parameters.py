"""Bad constructor parameters of every estimator: a part of the table that `test_errors.py` goes through."""

import inspect
import re

import numpy as np
import pytest
import torch
from skorch.callbacks import Checkpoint, EpochScoring
from skorch.callbacks import EarlyStopping as SkorchStopping

from skimgcls import CNNClassifier, EnsembleClassifier, MLPClassifier, PretrainedClassifier
from skimgcls.callbacks import EarlyStopping, TimeLimit
from skimgcls.estimators import ImageEmbedder
from skimgcls.preprocessing import Mixup

X = np.random.RandomState(0).randint(0, 256, (12, 8, 8)).astype(np.uint8)
y = np.repeat([0, 1, 2], 4)
KINDS = {
    "MLP": (MLPClassifier, {"hidden_units": (4,), "max_epochs": 1}),
    "CNN": (CNNClassifier, {"conv_channels": (4,), "hidden_units": (), "max_epochs": 1}),
    "Pretrained": (PretrainedClassifier, {"backbone": "squeezenet1_1", "weights": None, "image_size": 32}),
    "Embedder": (ImageEmbedder, {"backbone": "squeezenet1_1", "weights": None, "image_size": 32}),
    "Ensemble": (EnsembleClassifier, {"estimator": MLPClassifier((4,), max_epochs=1), "n_members": 2}),
}
nan, inf = np.nan, np.inf
OVER_0, FROM_0, FROM_1 = r"in the range \(0.0, inf\)", r"in the range \[0.0, inf\)", r"int in the range \[1, inf\)"
UP_TO_1, BETWEEN = r"in the range \[0.0, 1.0\)", r"in the range \(0.0, 1.0\)"
IMAGE_SHAPE, IMAGE_SIZE = r"\(height, width|array-like", r"int or \(height, width\)|int in the range \[1"
N_JOBS, SEED = r"\[1, inf\).*\(-inf, -1\]", "int in the range"
OPTIMIZERS = "adamw"
CRITERION = r"cross_entropy|CrossEntropyLoss"


def make(kind, **params):
    """A small estimator that is not fitted."""
    cls, small = KINDS[kind]
    return cls(**{"random_state": 0, **small, **params})


class NoLogits(torch.nn.Module):
    """Gives a number for each class and pixel."""

    def __init__(self, image_shape, n_classes):
        super().__init__()
        self.n_classes = n_classes

    def forward(self, images):
        return images[:, :, None].expand(-1, -1, self.n_classes, -1, -1)


def returns_an_int(image_shape, n_classes):
    return 3


def needs_more(image_shape, n_classes):
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(65, n_classes))


def takes_no_shape():
    return torch.nn.Flatten()


# name: {what its error must say of what is allowed: values}; each value stands in its error
OF_ALL_CLASSIFIERS = {
    "dropout": {UP_TO_1: [1.0, -0.1, nan, "a", None]},
    "optimizer": {OPTIMIZERS: ["adamm", 3, None, print, dict]},
    "lr": {OVER_0: [0, -1.0, nan, inf, "0.1", None]},
    "momentum": {UP_TO_1: [1, -0.1, nan, "a"]},
    "weight_decay": {FROM_0: [-1, nan, inf, "a"]},
    "l1": {FROM_0: [-1, nan, "a"]},
    "lr_schedule": {"cosine": ["cos", 3]},
    "criterion": {CRITERION: ["mse", 3, None, print, torch.nn.CrossEntropyLoss()], "do not fit": [torch.nn.Linear]},
    "label_smoothing": {UP_TO_1: [1, -0.1, nan, "a"]},
    "class_weight": {
        "'balanced'": ["even", [1, 2], 2.0],
        "at least 0": [{0: -1.0}, {0: nan}],
        "Name labels of y": [{5: 1.0}, {"0": 1.0}],
        "finite numbers": [{0: "a"}, {0: None}, {0: [1, 2]}, {0: inf}, {0: 10**400}],
        "Divide all weights": [{0: 1e308}],
        "positive weight": [{0: 0, 1: 0, 2: 0}],
    },
    "sampling": {"undersample": ["over", True, {0: 5}]},
    "batch_size": {FROM_1: [0, -1, 1.5, nan, "a", None]},
    "max_epochs": {FROM_1: [0, -1, 1.5, nan, "a", None]},
    "augment": {"'light', 'standard', 'strong'": ["unknown"], "a callable|a function": [3, Mixup, ["light", 3], {}]},
    "tta": {FROM_1: [0, 1.5, "a"], "Fit with augment='light' or 'standard', or set tta=1": [2]},
    "gradient_clip": {OVER_0: [0, -1, nan, "a"]},
    "early_stopping": {"instance of 'bool'": ["yes", 3, None]},
    "validation_fraction": {BETWEEN: [0, 1.0, -0.1, nan, "a"], "Lower it": [0.99]},
    "patience": {FROM_1: [0, 1.5, nan, "a"]},
    "tol": {FROM_0: [-1.0, nan, "a"]},
    "time_limit": {OVER_0: [0, -1.0, nan, "a"]},
    "image_shape": {IMAGE_SHAPE: [(8,), (8, -8), (8, 8, 1, 1), (8.0, 8.0), 8, "ab"], "Resize the images": [(9, 8, 1)]},
    "channels": {"'first'": ["middle", 3, None]},
    "image_size": {IMAGE_SIZE: [0, -3, 2.5, nan, "a", (8,), (8, 0), (8.0, 8.0), (10**5, 10**5)]},
    "color_mode": {"'gray'": ["grey", 3, None]},
    "cache": {"'os.PathLike' or None": [3, True]},
    "checkpoint_dir": {"'os.PathLike' or None": [3, True]},
    "n_jobs": {N_JOBS: [0, 1.5, nan, "a"]},
    "callbacks": {
        "'list'": ["x", 3, EarlyStopping(), {}],
        "instance of a skorch callback": [[3], ["early_stopping"], [print], [EpochScoring], [None]],
        r"pair \(name, callback\)": [[("name", 3)], [("a", "b", "c")], [()]],
    },
    "net_params": {
        "'dict'": [[1], "a"],
        "Use lr": [{"lr": 1.0}, {"optimizer__lr": 1.0}],
        "Use callbacks": [{"callbacks": []}],
        "Use architecture": [{"module__x": 1}],
        "Use validation_fraction": [{"train_split": None}],
        "Correct net_params": [{"optimizer__no_such": 1}, {"optimizer__betas": 3}],
        "do not fit skorch's net": [{"no_such": 1}, {"criterion__no_such": 1}],
        "names were expected": [{3: 1}],
    },
    "device": {"Use 'auto'": ["gpu", "tpu", ""], "device='auto'": ["cuda:99", "xla"], "instance of 'str'": [0, None]},
    "precision": {"'bf16'": ["fp8", 3, None], "Use 'auto', 'float32' or 'bf16'": ["fp16"]},
    "dtype": {"'float64'": ["float16", np.float32, None]},
    "warm_start": {"instance of 'bool'": ["yes", 3, None]},
    "random_state": {SEED: ["abc", -1, 0.5, nan, [1, 2]]},
    "verbose": {r"int in the range \[0, inf\)|bool": ["x", -1, nan, None]},
}
OF_LAYERS = {
    "hidden_units": {
        "int": [(0,), (-3,), (8.5,), (True,), (nan,), "ab", None],
        "Lower it": [(10**30,)],
        "Pass a tuple": [{4, 5}, {4: 5}],
    },
    "norm": {"'group'": ["layer", 3, True]},
    "activation": {"'gelu'": ["relux", None, 3]},
}
OF_READING = {
    name: OF_ALL_CLASSIFIERS[name] for name in ("image_shape", "channels", "image_size", "color_mode", "cache")
}
WEIGHTS = {"weights": {"None or a path": ["imagenet"], "'str'": [3, True]}}
BACKBONE = {"similar names": ["resnet5", "segmentation", ""], "'str'": [3, None, torch.nn.Flatten()]}
PARAMETERS = {
    "MLP": {
        **OF_ALL_CLASSIFIERS,
        **OF_LAYERS,
        "patch_size": {FROM_1: [0, 2.5, nan, "a"]},
    },
    "CNN": {
        **OF_ALL_CLASSIFIERS,
        **OF_LAYERS,
        "conv_channels": {
            "at least one": [(), (0,), (-3,), (8.5,), (True,)],
            "int": ["ab", None],
            "Lower it": [(10**30,)],
            "Pass a tuple": [{4, 5}],
        },
        "architecture": {
            "'resnet'": ["vgg", 3, None],
            r"\(image_shape, n_classes\)": [takes_no_shape],
        },
        "depth": {r"int in the range \[8, inf\)": [2, 8.5, nan, "a", None]},
        "width": {r"int in the range \[1, 1000000\]": [0, 1.5, "a", None, 10**30]},
    },
    "Pretrained": {
        **OF_ALL_CLASSIFIERS,
        **WEIGHTS,
        "backbone": BACKBONE,
        "freeze": {"int in the range": ["all", -1, 1.5], "at most 9": [99]},
        "unfreeze_after": {FROM_1: [0, 1.5, "a"]},
        "head_lr": {OVER_0: [0, -1, nan, "a"]},
        "backbone_lr": {OVER_0: [0, -1, nan, "a"]},
        "feature_cache": {r"int in the range \[0, inf\)": [-1, 1.5, "a", None]},
    },
    "Embedder": {
        **OF_READING,
        **WEIGHTS,
        "backbone": BACKBONE,
        **{name: OF_ALL_CLASSIFIERS[name] for name in ("n_jobs", "device", "dtype", "random_state")},
        "precision": {"'bf16'": ["fp8", "fp16", 3, None]},
    },
    "Ensemble": {
        "estimator": {"'fit' and 'predict_proba'": ["a", None, 3], "Call it": [MLPClassifier]},
        "n_members": {FROM_1: [0, -1, 1.5, "a", None]},
        "members": {"'snapshot'": ["boosting", 3, None]},
        "n_jobs": {"'int' or None": [1.5, "a"]},
        "random_state": OF_ALL_CLASSIFIERS["random_state"],
    },
}


def calling(architecture):
    return {"architecture": architecture}


# what cannot be told by one parameter and its value: (kind, parameters, names, got, remedy)
# fmt: off
OTHERS = {
    "a loss for others": ("MLP", {"criterion": torch.nn.MSELoss}, "criterion=MSELoss", "logits", "CrossEntropyLoss"),
    "balanced twice": (
        "MLP", {"sampling": "undersample", "class_weight": "balanced"}, "sampling='under", "class_weight=", "Choose",
    ),
    "halved float64": ("MLP", {"precision": "bf16", "dtype": "float64"}, "precision='bf16'", "float64", "Choose"),
    "a loss that does not smooth": (
        "MLP", {"label_smoothing": 0.1, "criterion": torch.nn.NLLLoss}, "label_smoothing=0.1", "NLLLoss", "=0.$",
    ),
    "an optimizer that does not decay": (
        "MLP", {"weight_decay": 0.1, "optimizer": torch.optim.Rprop}, "weight_decay=0.1", "Rprop", "weight_decay=0",
    ),
    "patches without a block": ("MLP", {"patch_size": 4}, "hidden_units", r"Got \(4,\)", "at least two"),
    "a residual network of 21 layers": ("CNN", {"architecture": "resnet", "depth": 21}, "depth", "got 21", "20 or 26"),
    "batches of one": (
        "MLP", {"batch_size": 1, "norm": "batch"}, "batch_size=1", "left one", "Raise batch_size or use norm='group'",
    ),
    "a module": ("CNN", calling(torch.nn.Flatten()), "architecture", "is a Flatten", r"\(image_shape, n_classes\)"),
    "an int": ("CNN", calling(returns_an_int), "architecture", "returned int", "torch.nn.Module was expected"),
    "no logits": ("CNN", calling(NoLogits), "architecture", r"shape \(2, 1, 3, 8, 8\)", "last layer"),
    "too few inputs": ("CNN", calling(needs_more), "architecture", "2x64 and 65x3", r"to logits \(n, 3\)"),
    "images too small": ("Pretrained", {"image_size": 4}, "image_size", "4 x 4", "larger size"),
    "an unfitted backbone": ("Embedder", {"backbone": make("MLP")}, "backbone", "MLPClassifier instance is not", "Fit"),
    "skorch's stopping": (
        "MLP", {"callbacks": [SkorchStopping()]}, "callbacks: EarlyStopping", "'valid_loss'", "validation_fraction=",
    ),
    "a checkpoint of the best": (
        "MLP", {"callbacks": [Checkpoint()]}, "callbacks: Checkpoint", "'valid_loss_best'", "validation_fraction=",
    ),
    "our stopping": (
        "MLP", {"callbacks": [EarlyStopping(monitor="valid_loss")]}, "EarlyStopping", "'valid_loss'", "'train_loss'",
    ),
    "our stopping on what is not there": (
        "MLP", {"callbacks": [EarlyStopping(monitor="train_f1")]}, "EarlyStopping", "'train_f1'", "Choose one of these",
    ),
    "skorch's stopping on what is not there": (
        "MLP", {"callbacks": [SkorchStopping("train_f1")]}, "EarlyStopping", "'train_f1'", "Choose one of these",
    ),
    "a checkpoint on what is not there": (
        "MLP", {"callbacks": [Checkpoint("train_f1")]}, "Checkpoint", "'train_f1'", "Choose one of these",
    ),
    "two callbacks of one name": (
        "MLP", {"callbacks": [("a", TimeLimit(3)), ("a", TimeLimit(4))]}, "callback name", "'a'", "unique names",
    ),
}
# fmt: on


def rows_of(kind, name, remedy, values):
    for value in values:
        yield (
            f"{kind} {name} {label(value)}",
            (
                (ValueError, TypeError),
                lambda files, value=value: make(kind, **{name: value}).fit(X, y),
                name,
                words_for(value),
                remedy,
            ),
        )


def label(value):
    return re.sub(r" at 0x\w+|\(\)|\n.*", "", repr(value))[:40]


def shown(value):
    """What an error shows of a value: of what holds something, that."""
    if isinstance(value, dict) and value:
        return str(next(iter(value)))
    if isinstance(value, list) and value:
        return shown(value[-1])
    return getattr(value, "__name__", None) or repr(value)


def words_for(value):
    """What an error must say of a value: all of it after "Got", or where it has no such words, what it holds."""
    inside = re.escape(shown(value).removeprefix("optimizer__").removeprefix("criterion__"))
    return rf"Got {re.escape(repr(value))} instead|^(?!.*Got .* instead).*(?<!\w)(?<!\d\.){inside}(?!\w|\.\d)"


ROWS = dict(
    row
    for kind, params in PARAMETERS.items()
    for name, allowed in params.items()
    for remedy, values in allowed.items()
    for row in rows_of(kind, name, remedy, values)
)
ROWS |= {
    f"{kind} with {name}": ((ValueError, TypeError), lambda files, k=kind, p=params: make(k, **p).fit(X, y), *words)
    for name, (kind, params, *words) in OTHERS.items()
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_parameter_of_each_estimator_is_in_the_table(kind):
    assert PARAMETERS[kind].keys() == inspect.signature(KINDS[kind][0]).parameters.keys()
