import functools

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skimgcls.model_selection._parameter_columns import as_text, parameter_columns, readable, short_names
from skimgcls.preprocessing import RandomFlip


def test_a_name_is_its_last_part():
    assert short_names(["pipeline__clf__lr", "clf__max_epochs"]) == ["lr", "max_epochs"]


def test_names_that_share_their_last_part_keep_what_tells_them_apart():
    assert short_names(["a__clf__lr", "b__clf__lr", "b__size"]) == ["a__clf__lr", "b__clf__lr", "size"]
    assert short_names(["lr", "inner__lr"]) == ["lr", "inner__lr"]


def test_a_name_that_a_result_has_is_not_taken():
    assert short_names(["clf__rank", "score"], reserved={"rank", "score"}) == ["clf__rank", "param_score"]


def test_numbers_and_truth_values_stay_what_they_are():
    assert readable([np.float64(0.1), 1]).dtype == float
    assert readable([1, np.int64(3)]).dtype == int
    assert readable([True, np.bool_(False)]).dtype == bool


def test_anything_else_is_text():
    def my_loss():
        return 0

    values = [None, "adam", (32, 16), my_loss, LogisticRegression, RandomFlip(p=0.3), {"a": 1}, 0.5, True]
    texts = [
        "None",
        "adam",
        "(32, 16)",
        "my_loss",
        "LogisticRegression",
        "RandomFlip(p=0.3)",
        "{'a': 1}",
        "0.5",
        "True",
    ]
    assert readable(values) == texts


def test_equal_values_read_alike_and_different_ones_do_not():
    flips = [RandomFlip(p=0.3), RandomFlip(p=0.3)]
    assert readable(flips) == ["RandomFlip(p=0.3)"] * 2
    lambdas = [lambda x: x, lambda x: -x]
    assert readable([*lambdas, lambdas[1]]) == ["<lambda>", "<lambda> #2", "<lambda> #2"]
    long = [tuple(range(100)), tuple(range(101))]
    assert len(set(readable(long))) == 2
    assert all(len(text) < 70 for text in readable(long))


def test_a_text_holds_no_address_and_no_line_break():
    text = as_text(functools.partial(print, "a\nb"))
    assert "\n" not in text
    assert " at 0x" not in as_text([object()])


def test_what_a_candidate_leaves_alone_is_the_default():
    columns = parameter_columns([{"clf__lr": 0.1}, {"clf__norm": "batch"}], {"clf__lr": 0.5, "clf__norm": None})
    assert columns["lr"].tolist() == [0.1, 0.5]
    assert columns["norm"] == ["None", "batch"]


def test_without_a_default_it_is_not_set():
    columns = parameter_columns([{"lr": 0.1}, {"norm": "batch"}])
    assert columns["lr"][0] == 0.1
    assert np.isnan(columns["lr"][1])
    assert columns["norm"] == ["not set", "batch"]


@pytest.mark.parametrize("value", [np.array([1, 2]), [1, 2], {1, 2}])
def test_what_cannot_be_hashed_can_be_grouped(value):
    assert len(set(readable([value, value]))) == 1
