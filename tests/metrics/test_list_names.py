import pytest

from skimgcls.metrics._list_names import list_names


@pytest.mark.parametrize(
    ("names", "text"),
    [(["cat"], "cat"), ([True, False], "True, False"), ([1, 2, 3], "1, 2, 3"), ([1, 2, 3, 4, 5], "1, 2, 3 and 2 more")],
    ids=["one", "two", "three", "five"],
)
def test_three_names_are_written_and_the_others_counted(names, text):
    assert list_names(names) == text


def test_a_long_name_is_shortened_in_its_middle():
    text = list_names(["Canis lupus familiaris (golden retriever)", "cat"])
    assert "…" in text
    assert text.endswith("retriever), cat")


@pytest.mark.filterwarnings("ignore:No installed font:UserWarning")  # ours; matplotlib itself must have nothing to add
def test_names_that_the_configured_font_lacks_are_measured_in_one_that_has_them():
    assert list_names(["猫", "cat"]) == "猫, cat"
