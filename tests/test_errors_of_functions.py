"""Bad files, and bad arguments of the public functions and transformers: a part of the table of `test_errors.py`."""

import functools
import re
import struct
import zlib

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.dummy import DummyClassifier

from skimgcls import EnsembleClassifier, callbacks, datasets, evaluate, images, preprocessing
from skimgcls.datasets import check_images, load_image_folder, load_image_table
from skimgcls.exceptions import ImageDecodeError
from skimgcls.images import as_displayable, check_image_shape, decode_image, decode_images, read_images
from skimgcls.preprocessing import Cutout, FunctionAugmentation, Mixup, RandomFlip, transformers
from skimgcls.preprocessing.transformers import ImageNormalizer
from tests.test_errors_of_data import FLAT, fitted, nan, row
from tests.test_errors_of_parameters import X, label, make, words_for, y

BATCH = torch.zeros(2, 3, 8, 8)
FRAME = pd.DataFrame(FLAT)


def write_bad_files(folder):
    """Image files that are damaged, of no use, or of several sizes, each by the name of what is wrong with it."""
    colours = np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8)
    for name in ("good.png", "good.jpg", "good.tif", "good.webp"):
        Image.fromarray(colours).save(folder / name)
        content = (folder / name).read_bytes()
        (folder / name.replace("good", "cut_off")).write_bytes(content[: len(content) // 2])
    Image.fromarray(colours[:16]).save(folder / "smaller.png")
    Image.fromarray(np.full((8, 8), np.nan, np.float32)).save(folder / "holds_nan.tif")
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("no image at all")
    (folder / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'/>")
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for chunk in (header, b"IDAT" + zlib.compress(b""), b"IEND"):
        content += struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (folder / "huge.png").write_bytes(content)
    (folder / "folder.png").mkdir()
    (folder / "no_classes").mkdir()
    (folder / "classes" / "cat").mkdir(parents=True)
    (folder / "not_utf8.csv").write_bytes(b"path,label\n\xff\xfe,1\n")
    (folder / "table.csv").write_text("path,label\ngood.png,cat\ngone.png,dog\n")
    (folder / "gaps.csv").write_text("path,label\ngood.png,\ngood.png,dog\n")
    (folder / "no_rows.csv").write_text("path,label\n")
    (folder / "with_bad" / "cat").mkdir(parents=True)
    (folder / "with_bad" / "cat" / "text.png").write_text("no image at all")
    return folder


DAMAGED = "Replace or remove|Convert or remove"
# name of the file: (error, got, remedy); the name itself stands in every error
FILES = {
    "gone.png": (FileNotFoundError, "No such file", "gone.png"),
    "empty.png": (ImageDecodeError, "damaged, or in none of the supported formats", DAMAGED),
    "text.png": (ImageDecodeError, r"none of the supported formats \(BMP, GIF", DAMAGED),
    "drawing.svg": (ImageDecodeError, r"none of the supported formats \(BMP, GIF", DAMAGED),
    "cut_off.png": (ImageDecodeError, "damaged", DAMAGED),
    "cut_off.jpg": (ImageDecodeError, "damaged", DAMAGED),
    "cut_off.tif": (ImageDecodeError, "damaged", DAMAGED),
    "cut_off.webp": (ImageDecodeError, "damaged", DAMAGED),
    "huge.png": (ImageDecodeError, "60,?000 x 60,?000|3600000000 pixels", "[Aa]t most 50,000,000.*smaller version"),
    "holds_nan.tif": (ImageDecodeError, "NaN or infinite values", "Replace them"),
    "folder.png": (OSError, "[Dd]irectory", "folder.png"),
}
READERS = {
    "decode_image": decode_image,
    "decode_images": lambda path: decode_images([path], 8),
    "MLP.fit": lambda path: make("MLP", image_size=8).fit([path] * 12, y),
    "MLP.fit of many": lambda path: make("MLP", image_size=8).fit([path.parent / "good.png"] * 11 + [path], y),
    "MLP.fit of their size": lambda path: make("MLP", cache=None).fit([path] * 12, y),
    "Pretrained.fit": lambda path: make("Pretrained").fit(np.array([str(path)] * 12), y),
    "Embedder.fit": lambda path: make("Embedder").fit(pd.Series([str(path)] * 2)),
    "Ensemble.fit": lambda path: EnsembleClassifier(make("MLP", image_size=8)).fit([path] * 12, y),
    "MLP.predict": lambda path: make("MLP").fit(X, y).predict([str(path)]),
    "X_val": lambda path: make("MLP").fit(X, y, X_val=[path], y_val=[0]),
}


ROWS = {
    f"{reader} {name}": row(lambda files, r=read, n=name: r(files / n), re.escape(name), got, remedy, error)
    for reader, read in READERS.items()
    for name, (error, got, remedy) in FILES.items()
}

# ------------------------------------------------------------------------- functions

SIZE, MODE, ON_ERROR = r"int or \(height, width\)", "'gray', 'rgb'", "'skip', 'warn'"
SHAPE = r"\(height, width\) or \(height, width, channels\)"


def fit_with(callback):
    return make("MLP", callbacks=[callback]).fit(X, y)


def good(files):
    return files / "good.png"


# function: {parameter: {remedy: values}}, called as function(files, **{parameter: value})
CALLS = {
    "decode_image": (
        lambda files, **params: decode_image(good(files), **params),
        {
            "image_size": {SIZE: [0, -1, 2.5, "a", (8,), (8, 0), True, (10**5, 10**5)]},
            "color_mode": {MODE: ["grey", None, 3]},
        },
    ),
    "decode_images": (
        lambda files, image_size=8, **params: decode_images([good(files)], image_size, **params),
        {
            "image_size": {SIZE: [0, 2.5, "a"], "height and width": [None]},
            "color_mode": {MODE: ["grey"]},
            "n_threads": {"positive int": [0, 1.5, "a", True]},
            "on_error": {ON_ERROR: ["ignore", None]},
        },
    ),
    "load_image_folder": (
        lambda files, **params: datasets.load_image_folder(**{"root": files, **params}),
        {
            "image_size": {SIZE: [0, 2.5, "a", (8, 8, 3)]},
            "color_mode": {MODE: ["grey"]},
            "on_error": {ON_ERROR: ["ignore"]},
            "root": {"str or|sub-folders are the classes": [None, 3, "no/such/folder", ""]},
        },
    ),
    "load_image_table": (
        lambda files, path_column="path", label_column="label", csv_or_frame=None, **params: datasets.load_image_table(
            files / "table.csv" if csv_or_frame is None else csv_or_frame, path_column, label_column, **params
        ),
        {
            "image_size": {SIZE: [0]},
            "on_error": {ON_ERROR: ["ignore"]},
            "path_column": {r"\['path', 'label'\]": ["file", 3]},
            "label_column": {r"\['path', 'label'\]": ["class"]},
            "group_column": {r"\['path', 'label'\]": ["owner"]},
            "csv_or_frame": {"DataFrame|str": [3, [1, 2]]},
        },
    ),
    "make_images": (
        lambda files, **params: datasets.make_images(**params),
        {
            "n_samples": {"int of at least": [0, 1, -3, 2.5, nan, "a", None]},
            "n_classes": {"int of at least": [0, 1, 2.5, "a"]},
            "noise": {"finite number": [-1, nan, np.inf, "a", None]},
            "image_shape": {SHAPE: [3, (3, 3), (8,), (8, 8, 0), (8.0, 8.0), "ab", None, (8, 8, 1, 1)]},
            "random_state": {"seed|int": ["abc", -1, 0.5]},
        },
    ),
    "check_images": (
        lambda files, X=X, **params: datasets.check_images(X, **params),
        {
            "y": {"one label per image": [[1, 2]]},
            "image_shape": {SHAPE: [(8,), "ab", 3], "asked for": [(9, 8, 1)]},
            "channels": {"'first'": ["middle"]},
        },
    ),
    "read_images": (
        lambda files, **params: read_images(X, estimator="MLP", **params),
        {"image_shape": {SHAPE: [(8,), "ab", 3]}, "channels": {"'first'": ["middle"]}},
    ),
    "as_displayable": (
        lambda files, **params: as_displayable(X, **params),
        {"image_shape": {SHAPE: [(8,), 3]}, "channels": {"'first'": ["middle"]}},
    ),
    "check_image_shape": (
        lambda files, image_shape: check_image_shape(image_shape),
        {"image_shape": {SHAPE: [(8,), (8, 8, 1, 1), (0, 8), (8.0, 8), "ab", 3]}},
    ),
    "make_augmentation": (
        lambda files, augment: preprocessing.make_augmentation(augment),
        {"augment": {"'light', 'standard', 'strong'": ["unknown", 3, preprocessing.RandomFlip, ["light", 3]]}},
    ),
}
for fetch in (datasets.fetch_mnist, datasets.fetch_fashion_mnist, datasets.fetch_cifar10):
    CALLS[fetch.__name__] = (
        lambda files, f=fetch, **params: f(**{"data_home": files, "download_if_missing": False, **params}),
        {"subset": {"'train', 'test', 'all'": ["validation", None, 3]}, "data_home": {"path of a folder": [3]}},
    )
RANGE_P, INT_FROM_1 = r"in the range \[0.0, 1.0\]", r"\[1, inf\)|positive"
TRANSFORMERS = {
    "GrayscaleTransformer": {},
    "HistogramEqualizer": {},
    "HOGTransformer": {
        "orientations": {INT_FROM_1: [0, 1.5, "a"]},
        "pixels_per_cell": {INT_FROM_1: [0, (8,), (8, 0), "a"], "Lower": [80]},
        "cells_per_block": {INT_FROM_1: [0, (8,), "a"], "Lower": [80]},
    },
    "ImageCropper": {
        "size": {INT_FROM_1: [0, (8,), (8, 0), "a"], "Correct size": [9]},
        "position": {"'center'": ["middle", 3], "Correct size or position": [(1,), (1.5, 2), (-1, 0)]},
    },
    "ImageFlattener": {},
    "ImageNormalizer": {"statistics": {"'dataset'": ["pixel", None]}},
    "ImageResizer": {
        "size": {INT_FROM_1: [0, (8,), (8, 0), (8.5, 8), "a"]},
        "interpolation": {"'nearest'|bilinear": ["cubic2", None]},
    },
    "ImageSharpener": {"amount": {r"\[0.0, inf\)": [-1, nan, "a"]}, "radius": {r"\(0.0, inf\)": [0, -1, nan, "a"]}},
}
for name, params in TRANSFORMERS.items():
    cls = getattr(transformers, name)
    CALLS[name] = (
        lambda files, c=cls, **given: c(**given).fit(X),
        {**params, "channels": {"'first'": ["middle"]}, "image_shape": {SHAPE + "|array-like": [(8,), 3, "ab"]}},
    )
FIRST = {"Compose": {"augmentations": []}, "FunctionAugmentation": {"function": torch.neg}}
FILL = {"'mean'|'reflect'": ["median", None]}
AUGMENTATIONS = {
    "ColorJitter": {n: {RANGE_P: [-1, 2, nan, "a"]} for n in ("brightness", "contrast", "saturation")},
    "Compose": {"augmentations": {"'list'": ["light", 3, None], "Augmentations or None": [["light"], [RandomFlip]]}},
    "CutMix": {"alpha": {r"\(0.0, inf\)": [0, nan, "a"]}, "p": {RANGE_P: [-1, 2, nan]}},
    "Cutout": {"size": {r"\[1, inf\).*\(0.0, 1.0\]": [0, 1.5, -1, "a"]}, "fill": FILL},
    "FunctionAugmentation": {"function": {"callable": [3, None]}, "per_image": {"bool": ["yes"]}},
    "GaussianNoise": {"std": {r"\[0.0, inf\)": [-1, nan, "a"]}},
    "Mixup": {"alpha": {r"\(0.0, inf\)": [0, nan, "a"]}, "p": {RANGE_P: [-1, 2, nan]}},
    "RandomAffine": {
        "degrees": {r"\[0.0, 180.0\]": [-1, 181, nan, "a"]},
        "translate": {RANGE_P: [-1, 2, nan]},
        "zoom": {r"\[0.0, inf\)": [-1, nan, "a"]},
        "fill": FILL,
    },
    "RandomCrop": {"padding": {r"\[0, inf\).*\[0.0, 1.0\]": [-1, 1.5, nan, "a"]}, "fill": FILL},
    "RandomFlip": {"p": {RANGE_P: [-1, 2, nan, "a"]}},
}
BATCHES = {
    "an array": (X, "ndarray"),
    "one image": (BATCH[0], r"\(3, 8, 8\)"),
    "integers": (BATCH.int(), "int32"),
}


def augment(name, batch, **params):
    return getattr(preprocessing, name)(**FIRST.get(name, {}) | params)(batch, torch.eye(2))


for name, params in AUGMENTATIONS.items():
    CALLS[name] = (lambda files, n=name, **given: augment(n, BATCH, **given), params)
    for what, (batch, got) in BATCHES.items():
        call = functools.partial(augment, name, batch)
        ROWS[f"{name} of {what}"] = row(lambda files, call=call: call(), name, got, "Convert|Make one")

REFUSED = (ValueError, TypeError, OSError, AttributeError)


def rows_of_calls():
    for name, (call, params) in CALLS.items():
        for parameter, allowed in params.items():
            for remedy, values in allowed.items():
                for value in values:
                    words = parameter, words_for(value), remedy
                    refused = row(lambda files, c=call, p=parameter, v=value: c(files, **{p: v}), *words, REFUSED)
                    yield f"{name} {parameter} {label(value)}", refused


ROWS |= dict(rows_of_calls())

# one by one: (call, names, got, remedy)
# fmt: off
OTHERS = {
    "decode_images of one path": (lambda files: decode_images("a.png", 8), "paths", "'a.png'", "decode_image for one"),
    "decode_images of nothing": (lambda files: decode_images([], 8), "paths", "empty", "at least one"),
    "load_image_folder without classes": (
        lambda files: load_image_folder(files / "no_classes"), "no_classes", "no sub-folder", "Put the images",
    ),
    "load_image_folder with an empty class": (
        lambda files: load_image_folder(files / "classes"), "classes", "'cat'", "Remove them, or save images in them",
    ),
    "load_image_folder as a table of pixels": (
        lambda files: load_image_folder(files, 8, as_frame=True), "as_frame=True", "image_size=8", "Leave out one",
    ),
    "load_image_folder with bad files": (
        lambda files: load_image_folder(files / "with_bad", 8), r"text\.png", "none of the supported", "Convert",
    ),
    "load_image_table of missing files": (
        lambda files: load_image_table(files / "table.csv", "path", "label"), r"gone\.png", "1 of 2", "root=|on_error",
    ),
    "load_image_table with gaps": (
        lambda files: load_image_table(files / "gaps.csv", "path", "label"), "'label'", r"rows \[0\]", "dropna",
    ),
    "load_image_table without rows": (
        lambda files: load_image_table(files / "no_rows.csv", "path", "label"), "no_rows", "no rows", "at least one",
    ),
    "load_image_table of bytes": (
        lambda files: load_image_table(files / "not_utf8.csv", "path", "label"), "not_utf8", "0xff", "Read it with",
    ),
    "load_image_table of no file": (
        lambda files: load_image_table(files / "gone.csv", "path", "label"), r"gone\.csv", "No such file", "gone",
    ),
    "check_images of nothing": (lambda files: check_images([]), "X", "empty", "at least one|expected images"),
    "check_images of an empty X_test": (
        lambda files: check_images(X, X_test=X[:0]), "X_test", r"\(0, 8, 8\)|empty", "minimum of 1|at least one",
    ),
    "ImageNormalizer of two channels": (
        lambda files: ImageNormalizer("imagenet", channels="last").fit(np.zeros((3, 8, 8, 2))),
        "ImageNet", "have 2", "statistics='channel'",
    ),
    "Mixup of codes": (
        lambda files: Mixup()(BATCH, torch.tensor([0, 1])), "targets", "int64", "one_hot",
    ),
    "fill that is no byte": (
        lambda files: Cutout(fill=300)(BATCH.byte()), "fill", "300", "Choose 0 to 255",
    ),
    "a function that loses images": (
        lambda files: FunctionAugmentation(torch.sum)(BATCH), "augmentation", r"shape \(\)", "Let it keep",
    ),
    "evaluate without images": (lambda files: evaluate(fitted("MLP"), None, y), r"\bX\b", "None", "Pass them"),
    "evaluate on no images": (lambda files: evaluate(fitted("MLP"), X[:0], []), r"\bX\b", "empty", "at least one"),
    "evaluate without labels": (lambda files: evaluate(fitted("MLP"), X, None), r"\by\b", "None", "Pass them"),
    "evaluate with gaps": (
        lambda files: evaluate(fitted("MLP"), X, np.where(y == 0, nan, y)), r"\by\b", "4 of 12 labels", "leave those",
    ),
    "evaluate with hidden labels": (
        lambda files: evaluate(fitted("MLP"), X, np.ma.masked_equal(y, 1)), r"\by\b", "hides 4 of", "Leave those",
    ),
    "evaluate with fewer labels": (
        lambda files: evaluate(fitted("MLP"), X, y[:5]), "X holds 12 images, y 5", "12.*5", "one label per image",
    ),
    "views": (lambda files: RandomFlip().views(BATCH, 0), "n_views", "got 0", "positive integer"),
    "names of columns": (
        lambda files: make("MLP").fit(FRAME.add_prefix("a"), y).predict(FRAME.add_prefix("b")),
        "feature names", "b0", "unseen|missing",
    ),
    "a misspelt parameter": (
        lambda files: make("MLP").set_params(learning_rate=1.0), "learning_rate", "MLPClassifier", "'lr'",
    ),
    "classes that miss labels": (
        lambda files: make("MLP").partial_fit(X, y, classes=[0, 1]), r"\by\b", r"\[2\]", r"classes are \[0, 1\]",
    ),
    "other classes later": (
        lambda files: make("MLP").partial_fit(X, y).partial_fit(X, y, classes=[0, 1]),
        r"classes=\[0, 1\]", r"\[0, 1, 2\]", "Leave it out",
    ),
    "an ensemble of nothing": (
        lambda files: EnsembleClassifier.from_cv_results({}), "cv_results", "no fitted", "return_estimator=True",
    ),
    "an ensemble of failed fits": (
        lambda files: EnsembleClassifier.from_cv_results({"estimator": [make("MLP")]}), "folds", r"\[0\]", "error_",
    ),
    "one fold": (
        lambda files: make("Ensemble", members="folds", n_members=1).fit(X, y), "n_members", "got 1", "at least 2",
    ),
    "more folds than images of a class": (
        lambda files: make("Ensemble", members="folds", n_members=5).fit(X, y), "n_members=5", "more than 4", "Lower",
    ),
    "snapshots without epochs": (
        lambda files: make("Ensemble", members="snapshot").fit(X, y), "max_epochs", "max_epochs=1", "Raise it",
    ),
    "snapshots with a schedule": (
        lambda files: make("Ensemble", members="snapshot", estimator=make("MLP", lr_schedule="cosine")).fit(X, y),
        "lr_schedule", "'cosine'", "Leave it None",
    ),
    "snapshots of a forest": (
        lambda files: make("Ensemble", members="snapshot", estimator=DummyClassifier()).fit(FLAT, y),
        "members='snapshot'", "DummyClassifier has no partial_fit", "members='seeds'",
    ),
    "a measure of disagreement": (
        lambda files: make("Ensemble").fit(X, y).disagreement(X, "variance"), "measure", "'variance'", "votes",
    ),
    "EarlyStopping patience": (
        lambda files: fit_with(callbacks.EarlyStopping(patience=0)), "patience", "got 0", "at least 1",
    ),
    "EarlyStopping tol": (lambda files: fit_with(callbacks.EarlyStopping(tol=nan)), "tol", "got nan", "at least 0"),
    "EarlyStopping monitor": (lambda files: fit_with(callbacks.EarlyStopping(monitor=3)), "monitor", "got 3", "column"),
    "EarlyStopping lower_is_better": (
        lambda files: fit_with(callbacks.EarlyStopping(lower_is_better="no")), "lower_is_better", "'no'", "True, False",
    ),
    "TimeLimit seconds": (lambda files: fit_with(callbacks.TimeLimit(0)), "seconds", "got 0", "above 0"),
}
# fmt: on
ROWS |= {name: row(*words, REFUSED) for name, words in OTHERS.items()}

BASES_AND_DATA = {"Augmentation", "ImageCheck", "ImageLayout"}
TAKE_NOTHING = {"clear_image_cache", "load_digit_images", "warn_of_other_scale"}  # that could be bad


@pytest.mark.parametrize("module", [datasets, images, preprocessing, transformers], ids=lambda module: module.__name__)
def test_each_public_name_is_in_the_table(module):
    assert set(module.__all__) - BASES_AND_DATA - TAKE_NOTHING <= CALLS.keys()
