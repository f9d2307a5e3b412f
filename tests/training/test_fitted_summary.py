import copy
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_html_repr

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.model_selection import EpochHalvingSearchCV
from skimgcls.training._fitted_summary import fitted_summary

in_blocks = pytest.mark.skipif(
    not hasattr(BaseEstimator, "_get_fitted_attr_html"), reason="scikit-learn before 1.9 shows parameters only"
)
VOID = {"input", "br", "circle", "path", "polyline", "meta", "link"}


def small(**params):
    return MLPClassifier(**{"hidden_units": (8,), "max_epochs": 2, "random_state": 0, **params})


def small_cnn(**params):
    return CNNClassifier(**{"conv_channels": (4, 6), "hidden_units": (), "max_epochs": 1, "random_state": 0, **params})


def without_numbers(html):
    """A diagram without scikit-learn's running numbers."""
    return re.sub(r"sk-(container|estimator)-id-\d+", "", html)


class Reader(HTMLParser):
    """Reads the cells of tables, and sees to it that every tag is closed."""

    def __init__(self, html):
        super().__init__()
        self.open, self.rows, self.tags = [], [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1].append(data)


class Restless(torch.nn.Module):
    """Draws random numbers and counts its calls, also in evaluation mode."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.linear = torch.nn.Linear(n_in, n_out)
        self.register_buffer("n_calls", torch.zeros(()))

    def forward(self, images):
        self.n_calls += 1
        return self.linear(images.flatten(1)) + 0 * torch.rand(1)


def make_restless(image_shape, n_classes):
    return Restless(int(np.prod(image_shape)), n_classes)


# ------------------------------------------------------------------ what it says


def test_the_layers_stand_in_a_table_with_maps_in_the_order_of_images(digits):
    clf = small_cnn().fit(*digits)
    head, *rows = Reader(fitted_summary(clf)).rows
    assert head == ["layer", "type", "output", "parameters"]
    assert rows[0] == ["scaling", "InputScaling", "8 × 8 × 1", "0"]
    convolutions = [row for row in rows if row[1] == "Conv2d"]
    assert [row[2:] for row in convolutions] == [["8 × 8 × 4", "36"], ["8 × 8 × 6", "216"]]
    assert sum(int(row[3].replace(",", "")) for row in rows) == clf.n_parameters_


def test_epochs_time_device_and_curves_are_there(digits):
    clf = small(validation_fraction=0.2).fit(*digits)
    clf.fit_time_ = 12.345
    html = fitted_summary(clf)
    assert f"2 epochs in 12.3 s on cpu, best epoch {clf.best_epoch_}" in html
    assert f"{clf.n_parameters_:,} parameters" in html
    assert html.count("<svg") == 2
    assert "validation" in html


@pytest.mark.parametrize(("seconds", "words"), [(0.5, "0.5 s"), (119, "119 s"), (600, "10 min"), (9000, "2 h 30 min")])
def test_a_long_time_is_told_in_minutes_and_hours(seconds, words, digits):
    clf = small(max_epochs=1).fit(*digits)
    clf.fit_time_ = seconds
    assert f"1 epoch in {words} on cpu</p>" in fitted_summary(clf)


def test_frozen_parameters_are_counted_apart(digits):
    clf = small().fit(*digits)
    clf.net_.module_.network.classifier.bias.requires_grad_(False)
    assert "and 10 frozen ones" in fitted_summary(clf)


def test_it_is_whole_html_without_scripts_styles_or_ids(digits):
    reader = Reader(fitted_summary(small().fit(*digits)))
    assert not {"script", "style", "link", "img"} & set(reader.tags)
    assert not re.search(r"\bid=", fitted_summary(small().fit(*digits)))


def test_names_of_layers_are_escaped(digits):
    def architecture(image_shape, n_classes):
        return torch.nn.Sequential(torch.nn.Flatten(), type("<b>", (torch.nn.Linear,), {})(64, n_classes))

    html = fitted_summary(small_cnn(architecture=architecture).fit(*digits))
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


# ---------------------------------------------------------------- where it stands


def test_before_fit_the_diagram_is_scikit_learns(digits):
    clf = small()
    assert fitted_summary(clf) == ""
    plain = without_numbers(estimator_html_repr(clf))
    assert "<svg" not in plain
    assert without_numbers(clf._repr_html_()) == plain


def test_after_fit_a_notebook_gets_diagram_and_summary_once(digits):
    clf = small().fit(*digits)
    for html in (clf._repr_html_(), clf._repr_mimebundle_()["text/html"]):
        assert "sk-top-container" in html
        assert html.count("Architecture:") == 1
        assert html.count("<svg") == 2
    with config_context(display="text"):
        assert "text/html" not in clf._repr_mimebundle_()


@in_blocks
@pytest.mark.parametrize("search", [None, GridSearchCV, EpochHalvingSearchCV])
def test_in_a_pipeline_and_a_search_it_stands_in_the_block_of_the_estimator(search, digits):
    model = make_pipeline(FunctionTransformer(), small())
    if search is not None:
        model = search(model, {"mlpclassifier__lr": [1e-3, 1e-2]}, cv=2)
    assert "Architecture:" not in model._repr_html_()
    html = model.fit(*digits)._repr_html_()
    assert html.count("Architecture:") == 1
    assert html.index("MLPClassifier") < html.index("Architecture:")
    assert len(re.findall(r'\bid="([^"]+)"', html)) == len(set(re.findall(r'\bid="([^"]+)"', html)))


@in_blocks
def test_a_search_that_did_not_refit_shows_nothing_of_it(digits):
    search = GridSearchCV(small(), {"lr": [1e-3]}, cv=2, refit=False).fit(*digits)
    assert "Architecture:" not in search._repr_html_()


# ----------------------------------------------------------------- what it leaves


def state_of(clf):
    module = clf.net_.module_
    return {
        "weights": [tensor.tolist() for tensor in module.state_dict().values()],
        "gradients": [None if p.grad is None else p.grad.tolist() for p in module.parameters()],
        "modes": [layer.training for layer in module.modules()],
        "hooks": [len(layer._forward_hooks) for layer in module.modules()],
        "torch": torch.get_rng_state().tolist(),
        "numpy": np.random.get_state()[1].tolist(),
        "names": sorted(vars(clf)),
        "rows": len(clf.net_.history),
    }


@pytest.mark.parametrize(
    "clf", [small_cnn(), small(dropout=0.5), small_cnn(architecture=make_restless)], ids=["CNN", "dropout", "own"]
)
def test_it_changes_nothing(clf, digits):
    clf.fit(*digits)
    clf.net_.module_.train()
    before = state_of(clf)
    assert "Architecture:" in clf._repr_html_()
    assert state_of(clf) == before


def test_it_is_written_anew_each_time(digits):
    clf = small(max_epochs=1).fit(*digits)
    assert "1 epoch in" in clf._repr_html_()
    clf.partial_fit(*digits)
    assert "2 epochs in" in clf._repr_html_()


def break_net(clf):
    clf.net_.module_.network.classifier = torch.nn.Linear(3, 3)


def lose_module(clf):
    clf.net_.module_ = None


def lose_history(clf):
    clf.net_.history_ = "lost"


def lose_facts(clf):
    del clf.fit_time_


@pytest.mark.parametrize("break_it", [break_net, lose_module, lose_history, lose_facts])
def test_a_broken_net_falls_back_to_scikit_learns_diagram(break_it, digits):
    clf = small().fit(*digits)
    break_it(clf)
    html = clf._repr_html_()
    assert "sk-top-container" in html
    assert "MLPClassifier" in html
    assert "Architecture:" not in html


def test_a_fit_that_was_interrupted_before_its_first_epoch_has_no_curves(digits):
    clf = small().fit(*digits)
    clf.net_.history_.clear()
    clf.n_epochs_ = 0
    html = fitted_summary(clf)
    assert "0 epochs in" in html
    assert "<svg" not in html


def test_a_compiled_network_is_not_compiled_again(digits):
    clf = small().fit(*digits)
    calls = []
    compiled = torch.nn.Module()
    compiled._orig_mod, compiled.forward = clf.net_.module_, calls.append
    uncompiled = fitted_summary(clf)
    clf.net_.module_ = compiled
    assert fitted_summary(clf) == uncompiled
    assert not calls


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_network_on_a_gpu_is_described_and_its_generator_left_alone(digits):
    clf = small_cnn(device="cuda").fit(*digits)
    before = torch.cuda.get_rng_state()
    assert "on cuda" in clf._repr_html_()
    assert torch.equal(torch.cuda.get_rng_state(), before)


def test_a_copy_shows_the_same(digits):
    clf = small().fit(*digits)
    assert fitted_summary(copy.deepcopy(clf)) == fitted_summary(clf)
