"""The rules by which images are found odd, and what to do about them."""

import os
from collections import Counter

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from skimgcls.datasets._near_duplicates import near_duplicates
from skimgcls.images._decode import SUFFIXES_OF

# In the order of a report. What handles a finding: a parameter where there is one.
REMEDIES = {
    "unreadable": 'on_error="skip" or "warn" of the loader leaves them out; else replace them',
    "wrong extension": "nothing: files are read by their content; rename them for other programs",
    "odd mode": 'color_mode="rgb" or "gray" makes them alike',
    "mixed sizes": "image_size= scales all to one size",
    "odd size": "image_size= scales and cuts them; look at what is left of them",
    "near-blank": "sample_weight= of 0 leaves them out of fit; or remove them",
    "exact duplicates": "groups=report.groups keeps them in one fold; or remove all but one",
    "near duplicates": "groups=report.groups keeps them in one fold; or remove all but one",
    "in train and test": "remove them from one part, or split anew with groups=",
    "rare class": 'class_weight="balanced" of the estimator; or more images',
}

NEAR_BLANK = 8  # of 256 levels, within which 98 % of the pixels lie
USUAL_SHARE = 0.9  # of the images, from which on one size is the usual one
SMALL = 1 / 3  # of the median shorter side
LONG = 3  # times the shorter side: cut to a square, two thirds of the image are gone
RARE_SHARE, RARE_COUNT = 0.1, 5  # of the largest class; images, one for each of the usual five folds

_MODES = {
    "1": "1 bit", "L": "grey", "LA": "grey and alpha", "I": "32-bit grey", "F": "floating-point grey",
    "P": "palette", "PA": "palette and alpha", "RGB": "colour", "RGBA": "colour and alpha",
    "CMYK": "CMYK colour", "YCbCr": "YCbCr colour", "I;16": "16-bit grey", "I;16B": "16-bit grey",
}  # fmt: skip


def find_all(facts, names, codes, n_train):
    """Apply every rule that looks at single images or at groups of them.

    Parameters
    ----------
    facts : ImageFacts
        Of the training images, then of the test images.
    names : list of str or None
        File of each image, or None.
    codes : ndarray of shape (n_train,), int, or None
        Class of each training image.
    n_train : int

    Returns
    -------
    findings : list of (check, row, group, detail)
        Row is None for what concerns the data set, group for what concerns one image.
    groups : ndarray of shape (n_train,), int
        Number of the group of duplicates of each training image, most of them in one of their own.
    """
    is_read = np.array([problem is None for problem in facts.problem], dtype=bool)
    findings = [("unreadable", int(row), None, facts.problem[row]) for row in np.flatnonzero(~is_read)]
    rows = np.flatnonzero(is_read)
    files = rows[[facts.kind[row] is not None for row in rows]]
    findings += _wrong_extensions(facts, names, files)
    findings += _odd_modes(facts, files)
    findings += _odd_sizes(facts, rows)
    is_blank = is_read & (facts.contrast < NEAR_BLANK)
    findings += [("near-blank", int(row), None, _blank_detail(facts, row)) for row in np.flatnonzero(is_blank)]
    exact, near = _group(facts, is_read, is_blank, codes, n_train)
    findings += _duplicates("exact duplicates", exact, codes, n_train)
    findings += _duplicates("near duplicates", _without_copies(near, exact), codes, n_train)
    findings += _in_both_parts(exact, near, n_train)
    return findings, np.unique(near[:n_train], return_inverse=True)[1]


def rare_classes(classes, counts):
    """List (detail, class) of classes that have few images."""
    largest = int(counts.max())
    return [
        (f"{count:,} image{'s' * (count > 1)}, the largest class has {largest:,}", label)
        for label, count in zip(classes, counts.tolist(), strict=True)
        if count < largest and (count < RARE_SHARE * largest or count < RARE_COUNT)
    ]


def _wrong_extensions(facts, names, rows):
    found = []
    for row in rows:
        suffix = os.path.splitext(names[row])[1].lower()
        file_format = facts.kind[row][0]
        if suffix and suffix not in SUFFIXES_OF[file_format]:
            found.append(("wrong extension", int(row), None, f"holds a {file_format} image"))
    return found


def _odd_modes(facts, rows):
    counts = Counter(facts.kind[row][1] for row in rows)
    if len(counts) < 2:
        return []
    usual, n_usual = counts.most_common(1)[0]
    most = f"{n_usual:,} of {len(rows):,} images are {_MODES.get(usual, usual)}"
    return [
        ("odd mode", int(row), None, f"{file_format}, {_MODES.get(mode, mode)}; {most}")
        for row, (file_format, mode) in zip(rows, facts.kind[rows], strict=True)
        if mode != usual
    ]


def _odd_sizes(facts, rows):
    sizes, counts = np.unique(facts.size[rows], axis=0, return_counts=True)
    if len(sizes) < 2:
        return []
    short, long = facts.size[rows].min(axis=1), facts.size[rows].max(axis=1)
    areas = sizes.prod(axis=1)
    smallest, largest, usual = (_by(sizes[place]) for place in (areas.argmin(), areas.argmax(), counts.argmax()))
    detail = f"{len(sizes):,} sizes, from {smallest} to {largest} pixels (height x width); {usual} is the most frequent"
    found = [("mixed sizes", None, None, detail)]
    if counts.max() >= USUAL_SHARE * len(rows):
        is_odd = (facts.size[rows] != sizes[counts.argmax()]).any(axis=1)
        why = [f"{counts.max():,} of {len(rows):,} images have {usual}"] * len(rows)
    else:
        is_small = short < SMALL * np.median(short)
        is_odd = is_small | (long > LONG * short)
        small, narrow = f"the median shorter side is {np.median(short):.0f}", "a strip"
        why = [small if each else narrow for each in is_small]
    found += [("odd size", int(rows[i]), None, f"{_by(facts.size[rows[i]])}; {why[i]}") for i in np.flatnonzero(is_odd)]
    return found


def _by(size):
    return f"{size[0]} x {size[1]}"


def _blank_detail(facts, row):
    return f"98 % of its pixels lie within {facts.contrast[row] + 1} of 256 levels"


def _group(facts, is_read, is_blank, codes, n_train):
    """Groups of images with the same content, and groups that also hold what looks alike; (n,) each, first members."""
    n = len(facts)
    exact, first = np.arange(n), {}
    for row in np.flatnonzero(is_read):
        exact[row] = first.setdefault(facts.digest[row], row)
    rows = np.flatnonzero(is_read & ~is_blank & (exact == np.arange(n)))  # one of each; blank ones all look alike
    known = None if codes is None else codes[rows[rows < n_train]]
    alike = rows[near_duplicates(facts.thumb[rows], known)] if len(rows) else rows
    edges = np.r_[np.arange(n), rows], np.r_[exact, alike]
    near = connected_components(coo_array((np.ones(len(edges[0])), edges), shape=(n, n)), directed=False)[1]
    _, first_members, inverse = np.unique(near, return_index=True, return_inverse=True)
    return exact, first_members[inverse]


def _without_copies(near, exact):
    """Groups of images that look alike, with one of each set of copies, so that these are not told twice."""
    return np.where(exact == np.arange(len(exact)), near, -1)


def _duplicates(check, groups, codes, n_train):
    """Members of groups within one part of the data set."""
    found = []
    for number, members in _members(groups):
        for part in (members[members < n_train], members[members >= n_train]):
            if len(part) < 2:
                continue
            detail = f"{len(part)} images"
            if codes is not None and part[0] < n_train and len(set(codes[part])) > 1:
                detail += " with different labels"
            found += [(check, int(row), int(number), detail) for row in part]
    return found


def _in_both_parts(exact, near, n_train):
    found = []
    for number, members in _members(near):
        if members[0] < n_train <= members[-1]:
            is_exact = exact[members]
            shared = set(is_exact[members < n_train]) & set(is_exact[members >= n_train])
            kinds = ["same content" if each in shared else "looks alike" for each in is_exact]
            rows = members.tolist()
            found += [("in train and test", row, int(number), kind) for row, kind in zip(rows, kinds, strict=True)]
    return found


def _members(groups):
    """Yield (number, sorted positions) of groups of two and more; -1 is no group."""
    order = np.argsort(groups, kind="stable")
    order = order[groups[order] >= 0]
    numbers, starts = np.unique(groups[order], return_index=True)
    for number, members in zip(numbers, np.split(order, starts[1:]), strict=True):
        if len(members) > 1:
            yield number, members
