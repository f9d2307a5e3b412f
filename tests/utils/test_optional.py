import json
import sys

import pytest

from skimgcls.utils._optional import import_optional


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Write a module and make it importable."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(name, source):
        (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.delitem(sys.modules, name, raising=False)

    return write


def test_an_installed_module_is_returned():
    assert import_optional("json", purpose="a test") is json


def test_a_submodule_is_returned_and_not_its_package():
    assert import_optional("json.decoder", purpose="a test") is sys.modules["json.decoder"]


def test_a_missing_module_names_what_needs_it_and_the_extra_to_install():
    with pytest.raises(ImportError) as caught:
        import_optional("no_such_library.part", extra="onnx", purpose="export_onnx")
    assert str(caught.value) == (
        'export_onnx needs no_such_library, which is not installed. Install it with: pip install "skimgcls[onnx]"'
    )
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert caught.value.name == "no_such_library.part"


def test_a_missing_plain_dependency_names_no_extra():
    with pytest.raises(ImportError, match=r"pip install --force-reinstall skimgcls$"):
        import_optional("no_such_library", purpose="plot_history")


def test_a_missing_submodule_of_an_installed_package_counts_as_missing():
    with pytest.raises(ImportError, match=r"needs json\.no_such_part, which is not installed"):
        import_optional("json.no_such_part", extra="onnx", purpose="a test")


def test_a_library_that_breaks_on_import_is_not_called_missing(library):
    library("skimgcls_test_broken", "raise ImportError('operator torchvision::nms does not exist')")
    with pytest.raises(ImportError, match=r"installed but cannot be imported: operator torchvision::nms"):
        import_optional("skimgcls_test_broken", extra="pretrained", purpose="PretrainedClassifier")


def test_a_library_whose_own_dependency_is_missing_names_that_dependency(library):
    library("skimgcls_test_needy", "import no_such_library")
    with pytest.raises(ImportError, match=r"needs skimgcls_test_needy, .* No module named 'no_such_library'"):
        import_optional("skimgcls_test_needy", purpose="a test")


def test_errors_that_are_no_import_errors_pass_through(library):
    library("skimgcls_test_faulty", "1 / 0")
    with pytest.raises(ZeroDivisionError):
        import_optional("skimgcls_test_faulty", purpose="a test")
