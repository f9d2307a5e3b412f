"""What importing the library costs, seen from fresh interpreters."""

import json
import subprocess
import sys

import pytest

import skimgcls

# sklearn too: it takes half a second by itself.
HEAVY = {"torch", "torchvision", "matplotlib", "pandas", "sklearn", "scipy", "skorch", "optuna", "PIL", "rich", "tqdm"}

# What estimators and folders import only in the function that needs it. No pandas: scikit-learn imports it by itself.
LATER = {"torchvision", "matplotlib", "optuna"}


def imported_by(code):
    """Top-level packages that a fresh interpreter holds after running `code`."""
    report = "\nimport sys, json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_library_loads_nothing_heavy():
    imported = imported_by("import skimgcls; skimgcls.__version__; dir(skimgcls)")
    assert "skimgcls" in imported
    assert imported & HEAVY == set()


def test_importing_an_estimator_loads_no_torchvision_matplotlib_or_optuna():
    imported = imported_by("from skimgcls import CNNClassifier")
    assert {"torch", "skorch", "sklearn"} <= imported
    assert imported & LATER == set()


@pytest.mark.parametrize("folder", ["utils", "images", "datasets", "metrics", "exceptions"])
def test_importing_a_folder_without_networks_loads_no_torch(folder):
    assert imported_by(f"import skimgcls.{folder}") & {"torch", *LATER} == set()


def test_dir_lists_the_public_names_and_each_can_be_had():
    assert set(skimgcls.__all__) <= set(dir(skimgcls))
    assert {"CNNClassifier", "MLPClassifier", "show_versions", "__version__"} <= set(skimgcls.__all__)
    for name in dir(skimgcls):
        assert getattr(skimgcls, name) is not None


def test_subpackages_are_reached_without_an_import_of_their_own():
    imported_by("import skimgcls; skimgcls.datasets.load_digit_images; skimgcls.callbacks.EarlyStopping")


def test_an_unknown_name_is_an_attribute_error_that_says_so():
    with pytest.raises(AttributeError, match="module 'skimgcls' has no attribute 'CNNClasifier'"):
        skimgcls.CNNClasifier  # noqa: B018


def test_an_unknown_name_cannot_be_imported():
    with pytest.raises(ImportError, match="cannot import name 'CNNClasifier' from 'skimgcls'"):
        from skimgcls import CNNClasifier  # noqa: F401


def test_the_package_is_marked_as_typed():
    from importlib.resources import files

    assert files("skimgcls").joinpath("py.typed").is_file()
