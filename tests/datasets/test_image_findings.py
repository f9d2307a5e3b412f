import numpy as np
import pytest

from skimgcls.datasets._image_facts import ImageFacts
from skimgcls.datasets._image_findings import REMEDIES, find_all, rare_classes


@pytest.fixture
def make_facts(rng):
    """Function that gives facts of n images that nothing is wrong with, to be spoilt by the test."""

    def make(n):
        return ImageFacts(
            problem=np.full(n, None, dtype=object),
            kind=np.array([*[("JPEG", "RGB")] * n, None], dtype=object)[:-1],
            size=np.full((n, 2), 40),
            contrast=np.full(n, 200),
            digest=np.array([bytes([i, 1]) for i in range(n)], dtype=object),
            thumb=rng.integers(0, 256, (n, 32, 32), dtype=np.uint8),
        )

    return make


def names(n):
    return [f"{i}.jpg" for i in range(n)]


def found(findings, check):
    return [(row, detail) for name, row, _, detail in findings if name == check]


def test_nothing_wrong_is_nothing_found(make_facts):
    findings, groups = find_all(make_facts(9), names(9), None, 9)
    assert findings == []
    assert groups.tolist() == list(range(9))


def test_unreadable_files_are_found_once_and_judged_no_further(make_facts):
    facts = make_facts(6)
    facts.problem[[1, 4]] = "it is damaged."
    facts.kind[[1, 4]], facts.size[[1, 4]], facts.contrast[[1, 4]], facts.thumb[[1, 4]] = None, 0, 0, 0
    facts.digest[[1, 4]] = None
    findings, groups = find_all(facts, names(6), None, 6)
    assert findings == [("unreadable", row, None, "it is damaged.") for row in (1, 4)]
    assert len(set(groups)) == 6


def test_where_no_file_can_be_read_nothing_else_is_found(make_facts):
    facts = make_facts(2)
    facts.problem[:], facts.kind[:] = "it is damaged.", None
    assert len(find_all(facts, names(2), None, 2)[0]) == 2


@pytest.mark.parametrize(
    ("name", "kind", "is_wrong"),
    [
        ("a.jpg", "JPEG", False),
        ("a.JPEG", "JPEG", False),
        ("a.jpg", "PNG", True),
        ("a.png", "JPEG", True),
        ("a.txt", "JPEG", True),
        ("a", "JPEG", False),
        ("a.tif", "TIFF", False),
        ("a.pgm", "PPM", False),
    ],
)
def test_an_extension_of_another_format_is_found(make_facts, name, kind, is_wrong):
    facts = make_facts(1)
    facts.kind[0] = (kind, "RGB")
    assert found(find_all(facts, [name], None, 1)[0], "wrong extension") == [(0, f"holds a {kind} image")] * is_wrong


def test_modes_other_than_the_most_frequent_are_found(make_facts):
    facts = make_facts(9)
    facts.kind[2], facts.kind[7] = ("GIF", "P"), ("TIFF", "I;16")
    findings, _ = find_all(facts, [f"{i}.jpg" for i in range(9)], None, 9)
    most = "7 of 9 images are colour"
    assert found(findings, "odd mode") == [(2, f"GIF, palette; {most}"), (7, f"TIFF, 16-bit grey; {most}")]
    facts.kind[:] = [("PNG", "RGBA")] + [None] * 8  # one file among arrays
    assert found(find_all(facts, ["a.png"] + [None] * 8, None, 9)[0], "odd mode") == []


def test_a_size_that_few_have_is_odd_where_nearly_all_have_one(make_facts):
    facts = make_facts(20)
    facts.size[3] = 40, 41
    findings, _ = find_all(facts, names(20), None, 20)
    assert found(findings, "odd size") == [(3, "40 x 41; 19 of 20 images have 40 x 40")]
    (mixed,) = found(findings, "mixed sizes")
    assert mixed == (None, "2 sizes, from 40 x 40 to 40 x 41 pixels (height x width); 40 x 40 is the most frequent")


def test_among_many_sizes_the_tiny_and_the_long_are_odd(make_facts):
    facts = make_facts(20)
    facts.size[:] = [(100 + i, 130 - i) for i in range(20)]
    facts.size[4], facts.size[5], facts.size[6] = (20, 30), (110, 331), (110, 329)
    assert found(find_all(facts, names(20), None, 20)[0], "odd size") == [
        (4, "20 x 30; the median shorter side is 110"),
        (5, "110 x 331; a strip"),
    ]


def test_images_of_hardly_any_contrast_are_near_blank_and_no_duplicates(make_facts):
    facts = make_facts(6)
    facts.contrast[[1, 2, 3]] = 0, 7, 8
    facts.thumb[[1, 2]] = 255
    findings, _ = find_all(facts, names(6), None, 6)
    assert [row for row, _ in found(findings, "near-blank")] == [1, 2]
    assert found(findings, "near duplicates") == []


def test_exact_and_near_duplicates_are_told_apart_and_share_a_group(make_facts):
    facts = make_facts(9)
    facts.digest[5], facts.thumb[5] = facts.digest[2], facts.thumb[2]
    facts.thumb[7] = facts.thumb[2] // 2 + 20
    findings, groups = find_all(facts, names(9), np.array([0, 0, 1, 0, 0, 1, 0, 0, 0]), 9)
    assert found(findings, "exact duplicates") == [(2, "2 images"), (5, "2 images")]
    assert found(findings, "near duplicates") == [(row, "2 images with different labels") for row in (2, 7)]
    assert groups[2] == groups[5] == groups[7]
    assert len(set(groups)) == 7


def test_duplicates_across_the_parts_are_not_duplicates_within_them(make_facts):
    facts = make_facts(9)
    facts.digest[7], facts.thumb[7] = facts.digest[2], facts.thumb[2]
    facts.thumb[8] = facts.thumb[1] // 2 + 20
    findings, groups = find_all(facts, names(9), np.zeros(6, int), 6)
    assert {check for check, *_ in findings} == {"in train and test"}
    assert sorted(found(findings, "in train and test")) == [
        (1, "looks alike"),
        (2, "same content"),
        (7, "same content"),
        (8, "looks alike"),
    ]
    assert len(groups) == 6


def test_a_pair_in_training_and_its_copy_in_the_test_are_both_found(make_facts):
    facts = make_facts(5)
    facts.digest[[1, 4]], facts.thumb[[1, 4]] = facts.digest[0], facts.thumb[0]
    findings, groups = find_all(facts, names(5), None, 3)
    assert [row for row, _ in found(findings, "exact duplicates")] == [0, 1]
    assert [row for row, _ in found(findings, "in train and test")] == [0, 1, 4]
    assert groups.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("counts", "rare"),
    [
        ([100, 10], []),
        ([100, 9], ["b"]),
        ([9, 5], []),
        ([9, 4], ["b"]),
        ([4, 4], []),
        ([500, 60, 3], ["c"]),
    ],
)
def test_classes_are_rare_beside_the_largest_or_for_five_folds(counts, rare):
    found = rare_classes(list("abc")[: len(counts)], np.array(counts))
    assert [label for _, label in found] == rare
    assert all(f"the largest class has {max(counts)}" in detail for detail, _ in found)


def test_each_check_has_a_remedy(make_facts):
    facts = make_facts(4)
    facts.problem[0] = "it is damaged."
    assert {check for check, *_ in find_all(facts, names(4), None, 4)[0]} <= set(REMEDIES)
    assert all(REMEDIES.values())
