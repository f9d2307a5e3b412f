import pytest

from skimgcls.exceptions import ModelFileError
from skimgcls.export._check_params import check_params, is_too_deep


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"net_params": None, "n_jobs": None},
        {"net_params": {"optimizer__betas": (0.9, 0.99), "criterion__weight": None}, "n_jobs": -1},
        {"net_params": {"predict_nonlinearity": None}, "n_jobs": 1024},
    ],
)
def test_what_is_only_learnt_with_may_be_stored(params):
    check_params(params)


@pytest.mark.parametrize(
    "name",
    [
        "compile",
        "compile__options",
        "compile__backend",
        "iterator_train__num_workers",
        "torch_load_kwargs",
        "optimizer",
        "dataset",
        1,
    ],
)
def test_what_can_name_a_program_may_not_be_stored(name):
    with pytest.raises(ModelFileError, match=rf"^members.0.net_params\[{name!r}\]=.*Leave it out with set_params"):
        check_params({"net_params": {name: {"cpp.cxx": "/bin/sh"}}}, "members.0.")


@pytest.mark.parametrize("n_jobs", [1025, -(10**9)])
def test_threads_that_cannot_be_started_may_not_be_asked_for(n_jobs):
    with pytest.raises(ModelFileError, match=f"n_jobs={n_jobs} is more than the 1024"):
        check_params({"n_jobs": n_jobs})


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", False),
        ("members.0." * 4, False),
        ("members.0." * 5, True),
        ("members.0.backbone." * 2 + "estimator.", True),
    ],
)
def test_models_within_models_are_counted(prefix, expected):
    assert is_too_deep(prefix) is expected
