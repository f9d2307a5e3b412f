"""The main job end to end: train an MLP and a CNN, compare them, report what they see."""

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from sklearn.base import clone
from sklearn.metrics import accuracy_score, classification_report, f1_score
from sklearn.model_selection import train_test_split

from skimgcls.callbacks import EpochProgressBar
from skimgcls.datasets import fetch_cifar10, fetch_fashion_mnist, fetch_mnist, load_digit_images, load_image_folder
from skimgcls.estimators import CNNClassifier, MLPClassifier
from skimgcls.inspection import ClassifiedImagesDisplay
from skimgcls.metrics import ConfusionMatrixDisplay, TrainingCurveDisplay, per_class_scores
from skimgcls.reports._evaluation_text import per_class_table
from skimgcls.utils._html import HtmlPage

DATA = {
    "digits": "Handwritten digits, 8 x 8 grey pixels (scikit-learn's bundled scans)",
    "fashion-mnist": "Fashion-MNIST, 28 x 28 grey pixels",
    "mnist": "MNIST, 28 x 28 grey pixels",
    "cifar10": "CIFAR-10, 32 x 32 colour pixels",
}
_FETCHERS = {"fashion-mnist": fetch_fashion_mnist, "mnist": fetch_mnist, "cifar10": fetch_cifar10}
_DIGIT_EPOCHS = {"MLP": 40, "CNN": 15}  # the digits are few: an epoch has 9 steps
_VALIDATION_FRACTION = 0.1
_FILE_SIZE = 64  # pixels; photographs are recognised at it, and both networks train on a few thousand within minutes
_TRAIN_FOLDERS = "train", "training"
_TEST_FOLDERS = "test", "testing", "val", "valid", "validation"
_N_PREDICTIONS = 5  # throughput is a median


@dataclass
class DemoResult:
    """What the demo found.

    Parameters
    ----------
    comparison : DataFrame
        One row per model: accuracy, macro F1, epochs, fit seconds, images per second predicted, parameters.
    classifiers : dict of str to estimator
        The fitted models.
    files : list of Path
        What was written: PNG pictures and ``report.html``.
    """

    comparison: object
    classifiers: dict
    files: list


def run_demo(data="digits", *, data_home=None, output="skimgcls-demo", max_epochs=None, n_jobs=None, random_state=0):
    """Train an MLP and a CNN on real images, print their reports and write pictures and one HTML page.

    Parameters
    ----------
    data : {"digits", "fashion-mnist", "mnist", "cifar10"} or path, default="digits"
        Images to use. The digits come with scikit-learn, the others are downloaded unless they are in ``data_home``.
        A path is a folder of your own with one sub-folder of image files per class, or with folders ``train`` and
        ``test`` (or ``val``) of that kind; without them a quarter of the files is held out to test on, stratified.
        The files are decoded to 64 x 64 pixels.
    data_home : path, default=None
        Folder of downloaded data; None takes the environment variable ``SKIMGCLS_DATA``, then the user's cache.
    output : path, default="skimgcls-demo"
        Folder to write to; made when it does not exist.
    max_epochs : int, default=None
        Epochs of both models; None takes the estimators' defaults, and more for the few digits.
    n_jobs : int, default=None
        Torch threads.
    random_state : int, default=0
        Seed of split and models.

    Returns
    -------
    DemoResult

    Raises
    ------
    ValueError
        If ``data`` is no name of a data set and no folder, or a folder without classes.

    Examples
    --------
    >>> import contextlib, io, tempfile
    >>> from skimgcls.reports import run_demo
    >>> with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
    ...     result = run_demo(output=folder, max_epochs=1)
    >>> list(result.comparison.index)
    ['MLP', 'CNN']
    """
    splits = _load(data, data_home, random_state)
    X_train, X_test, y_train, y_test = splits
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    print(f"{_describe(data)}: {len(X_train):,} images to train on, {len(X_test):,} to test.\n")
    classifiers, probabilities, rows = {}, {}, {}
    for name, classifier in _make_classifiers(data, max_epochs, n_jobs, random_state).items():
        classifiers[name] = classifier.fit(X_train, y_train)
        probabilities[name], images_per_second = _predict_timed(classifier, X_test)
        y_pred = classifier.classes_[probabilities[name].argmax(1)]
        print(f"\n{name}\n{classification_report(y_test, y_pred, digits=4, zero_division=0)}")
        rows[name] = _summarize(classifier, y_test, y_pred, images_per_second)
    comparison = _as_frame(rows)
    _print_comparison(comparison)
    figures = _draw_figures(classifiers, probabilities, X_test, y_test)
    files = _write(output, data, splits, comparison, figures, classifiers, probabilities)
    print(f"\nWritten to {output}: {', '.join(file.name for file in files)}")
    return DemoResult(comparison, classifiers, files)


def _load(data, data_home, random_state):
    if data not in DATA:
        return _load_folder(Path(data), random_state)
    if data == "digits":
        X, y = load_digit_images(return_X_y=True)
        return train_test_split(X, y, test_size=0.25, stratify=y, random_state=random_state)
    fetch = _FETCHERS[data]
    X_train, y_train = fetch(subset="train", data_home=data_home, return_X_y=True)
    X_test, y_test = fetch(subset="test", data_home=data_home, return_X_y=True)
    return X_train, X_test, y_train, y_test


def _load_folder(folder, random_state):
    if not folder.is_dir():
        raise ValueError(
            f"data={str(folder)!r} is no data set of the demo and no folder. Choose one of {', '.join(DATA)}, or a "
            "folder with one sub-folder of images per class."
        )
    parts = {part.name.lower(): part for part in folder.iterdir() if part.is_dir()}
    train = next((parts[name] for name in _TRAIN_FOLDERS if name in parts), None)
    test = next((parts[name] for name in _TEST_FOLDERS if name in parts), None)
    if train is None or test is None:
        X, y = load_image_folder(folder, return_X_y=True)
        return train_test_split(X, y, test_size=0.25, stratify=y, random_state=random_state)
    (X_train, y_train), (X_test, y_test) = (load_image_folder(part, return_X_y=True) for part in (train, test))
    return X_train, X_test, y_train, y_test


def _describe(data):
    return DATA.get(data) or f"{Path(data).name}, files decoded to {_FILE_SIZE} x {_FILE_SIZE} pixels"


def _make_classifiers(data, max_epochs, n_jobs, random_state):
    common = {"validation_fraction": _VALIDATION_FRACTION, "n_jobs": n_jobs, "random_state": random_state}
    if data not in DATA:
        common["image_size"] = _FILE_SIZE
    classifiers = {"MLP": MLPClassifier(**common), "CNN": CNNClassifier(**common)}
    for name, classifier in classifiers.items():
        epochs = max_epochs or (_DIGIT_EPOCHS[name] if data == "digits" else classifier.max_epochs)
        classifier.set_params(max_epochs=epochs, callbacks=[EpochProgressBar(desc=f"training {name}")])
    return classifiers


def _predict_timed(classifier, X):
    seconds = []
    for _ in range(_N_PREDICTIONS):
        start = time.perf_counter()
        probabilities = classifier.predict_proba(X)
        seconds.append(time.perf_counter() - start)
    return probabilities, len(X) / statistics.median(seconds)


def _summarize(classifier, y_true, y_pred, images_per_second):
    return {
        "accuracy": accuracy_score(y_true, y_pred),
        "macro F1": f1_score(y_true, y_pred, average="macro"),
        "epochs": classifier.n_epochs_,
        "fit seconds": classifier.fit_time_,
        "images/s predicted": images_per_second,
        "parameters": classifier.n_parameters_,
    }


_FORMATS = {
    "accuracy": "{:.4f}",
    "macro F1": "{:.4f}",
    "epochs": "{:d}",
    "fit seconds": "{:.1f}",
    "images/s predicted": "{:,.0f}",
    "parameters": "{:,d}",
}


def _as_frame(rows):
    import pandas as pd

    return pd.DataFrame(list(rows.values()), index=list(rows))


def _print_comparison(comparison):
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Comparison on the test images", title_justify="left")
    table.add_column("")
    for column in comparison.columns:
        table.add_column(column, justify="right")
    for name, row in zip(comparison.index, comparison.to_dict("records"), strict=True):
        table.add_row(name, *(_FORMATS[column].format(value) for column, value in row.items()))
    Console().print(table)


def _draw_figures(classifiers, probabilities, X_test, y_test):
    """Return name of file -> (heading, figure, what it says), in the order of the page."""
    from matplotlib.figure import Figure

    curves = Figure(figsize=(9, 3.2 * len(classifiers)), layout="constrained")
    matrices = Figure(figsize=(6.4 * len(classifiers), 6.2), layout="constrained")
    figures = {
        "learning_curves.png": (
            "Learning curves",
            curves,
            "Loss and accuracy over epochs on training and validation images, one row per model.",
        ),
        "confusion_matrices.png": (
            "Confusion matrices",
            matrices,
            "True against predicted classes of the test images, in percent of each true class, one matrix per model.",
        ),
    }
    curve_rows = curves.subfigures(len(classifiers), squeeze=False)[:, 0]
    matrix_places = matrices.subfigures(1, len(classifiers), squeeze=False)[0]
    for i, (name, classifier) in enumerate(classifiers.items()):
        curve_rows[i].suptitle(name)
        TrainingCurveDisplay.from_estimator(classifier, ax=curve_rows[i].subplots(1, 2))
        matrix, y_pred = matrix_places[i], classifier.classes_[probabilities[name].argmax(1)]
        matrix.suptitle(f"{name}, accuracy {accuracy_score(y_test, y_pred):.4f}")
        ConfusionMatrixDisplay.from_predictions(y_test, y_pred, classes=classifier.classes_, ax=matrix.subplots())
        mistakes = ClassifiedImagesDisplay.from_predictions(
            X_test, y_test, probabilities[name], classes=classifier.classes_, name=name
        )
        figures[f"mistakes_{name.lower()}.png"] = (
            f"Most confident mistakes of the {name}",
            mistakes.figure_,
            f"Test images that the {name} labelled wrongly with most confidence, with true label and prediction.",
        )
    return figures


def _write(output, data, splits, comparison, figures, classifiers, probabilities):
    files = []
    for name, (_, figure, _) in figures.items():
        files.append(output / name)
        figure.savefig(files[-1], dpi=150)
    y_test = splits[3]
    page = HtmlPage("An MLP and a CNN on real images", subtitle=_describe(data))
    page.add_text(
        f"Both networks were trained on {len(splits[0]):,} images, a tenth of them held out to validate on, and tested "
        f"on {len(splits[1]):,} images that they had not seen. Seconds are those of this machine."
    )
    page.add_heading("Comparison").add_table(comparison, "Scores on the test images", formats=_FORMATS)
    for heading, figure, alt in figures.values():
        page.add_heading(heading).add_figure(figure, alt=alt, caption=alt)
    page.add_heading("Scores of each class")
    for name, classifier in classifiers.items():
        scores = per_class_scores(y_test, y_proba=probabilities[name], classes=classifier.classes_)
        page.add_table(per_class_table(scores), f"{name} on the test images")
    page.add_heading("Models")
    for name, classifier in classifiers.items():
        page.add_heading(name, level=3).add_pre(repr(clone(classifier).set_params(callbacks=None)))
    files.append(output / "report.html")
    page.save(files[-1])
    return files
