import unicodedata

import pytest

from skimgcls.metrics._fit_label import fit_label


def test_a_label_that_fits_stays_on_one_line():
    assert fit_label("golden retriever", 16, 2, len) == ["golden retriever"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("golden retriever", ["golden", "retriever"]),
        ("golden_retriever", ["golden_", "retriever"]),
        ("golden-retriever", ["golden-", "retriever"]),
        ("golden/retriever", ["golden/", "retriever"]),
        ("golden \n\t retriever", ["golden", "retriever"]),
    ],
)
def test_breaks_between_words(text, lines):
    assert fit_label(text, 10, 2, len) == lines


def test_breaks_a_word_only_where_it_must():
    assert fit_label("Hottentottenstottertrottel", 14, 2, len) == ["Hottentottenst", "ottertrottel"]
    assert fit_label("Hottentottenstottertrottel", 14, 2, len, break_words=False) is None


def test_a_script_without_spaces_is_broken():
    assert fit_label("一二三四五六七", 4, 2, len) == ["一二三四", "五六七"]


def test_shortens_in_the_middle_so_that_both_ends_stay():
    (line,) = fit_label("class_name_number_01", 11, 1, len)
    (other,) = fit_label("class_name_number_02", 11, 1, len)
    assert line == "class…er_01"
    assert line != other


def test_may_be_told_not_to_shorten():
    assert fit_label("golden retriever puppy", 10, 2, len, break_words=False) is None


def test_keeps_as_much_as_fits():
    lines = fit_label("golden retriever puppy dog", 10, 2, len)
    assert len(lines) == 2
    assert sum(map(len, lines)) >= 16


@pytest.mark.parametrize("width", range(9, 30))
def test_head_and_tail_are_never_shortened(width):
    lines = fit_label("golden retriever", width, 2, len, head="✗\xa0", tail=" (>99.9%)")
    assert len(lines) <= 2
    assert all(len(line) <= width for line in lines)
    assert lines[0].startswith("✗\xa0")
    assert lines[-1].endswith("(>99.9%)")


@pytest.mark.parametrize("text", ["e\u0301" * 20, "कुत्ता" * 5, "👨\u200d👩\u200d👧" * 4])
@pytest.mark.parametrize("n_lines", [1, 2])
def test_characters_are_not_parted_from_their_accents(text, n_lines):
    lines = fit_label(text, 9, n_lines, len)
    assert len(lines) <= n_lines
    for line in lines:
        for part in line.split("…"):
            assert not part or not unicodedata.category(part[0]).startswith("M")
            assert not part.startswith("\u200d")
            assert not part.endswith("\u200d")


def test_what_cannot_fit_at_all_becomes_an_ellipsis():
    assert fit_label("golden", 0.5, 1, len) == ["…"]


def test_an_empty_label_is_one_empty_line():
    assert fit_label("", 10, 2, len) == [""]
