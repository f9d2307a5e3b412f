"""Images that look alike, found by a perceptual hash and confirmed by their edges."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

THUMB = 32  # pixels, the side of the grey thumbnails that are compared
_LOW = 8  # frequencies in each direction; without the constant one, 63 bits
_MOST_BITS = 6  # of 63 that differ
_N_BANDS, _BAND_BITS = 4, 16  # two hashes that differ in 7 bits or fewer differ in one of four bands by at most one bit
_CHUNK = 1 << 22  # pairs compared at a time: what bounds the memory
_CONFIRMED_AT_A_TIME = 1 << 10  # pairs whose edges are compared at a time
# Of the correlation of edges. Copies of photographs that were shrunk to an eighth or saved as JPEG of quality 30 have
# 0.97 and more, other photographs of CIFAR-10 less than 0.55; clothes of one kind in Fashion-MNIST often reach 0.9.
_LEAST_CORRELATION, _ENOUGH_CORRELATION = 0.7, 0.98
_FEW, _FEW_CORRELATION = 50, 0.9  # images, among which no threshold can be estimated
_N_RANDOM_PAIRS, _DEVIATIONS = 20_000, 6  # 6 standard deviations: one in 10^9 pairs


def near_duplicates(thumbs, codes=None):
    """Group images that look alike.

    Two images are alike if their perceptual hashes differ in at most 6 of 63 bits and the brightness steps between
    neighbouring pixels of their thumbnails correlate. The hash compares the lowest frequencies of a discrete cosine
    transform with their median [1]_, and pairs are looked up by parts of it [2]_ instead of being tried one by one.
    How high a correlation must be is learnt from random pairs of images of one class: clothes cut out in front of black
    are more alike than photographs are.

    Parameters
    ----------
    thumbs : ndarray of shape (n, 32, 32), uint8
        Grey thumbnails.
    codes : ndarray of shape (n_known,), int or None
        Classes of the first images, from which the threshold is learnt then.

    Returns
    -------
    groups : ndarray of shape (n,), int
        Number of the group of each image; images in groups of one are like no other.

    References
    ----------
    .. [1] N. Krawetz, "Looks Like It", The Hacker Factor Blog, 2011; C. Zauner, "Implementation and Benchmarking of
       Perceptual Image Hash Functions", thesis, University of Applied Sciences Hagenberg, 2010.
    .. [2] M. Norouzi, A. Punjani, D. J. Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", CVPR 2012.
    """
    n = len(thumbs)
    groups = np.arange(n)
    if n < 2:
        return groups
    threshold = _learn_threshold(thumbs, codes)
    for first, second in _alike_pairs(perceptual_hashes(thumbs)):
        is_new = groups[first] != groups[second]
        first, second = first[is_new], second[is_new]
        is_alike = _edge_correlation(thumbs, first, second) >= threshold
        # Joined at once, so that thousands of images of one kind do not leave millions of pairs.
        edges = np.r_[first[is_alike], np.arange(n)], np.r_[second[is_alike], groups]
        groups = connected_components(coo_array((np.ones(len(edges[0])), edges), shape=(n, n)), directed=False)[1]
        groups = _first_members(groups)
    return groups


def perceptual_hashes(thumbs):
    """Hash thumbnails (n, 32, 32) to 63 bits each; (n,), uint64."""
    frequencies = np.arange(_LOW)[:, np.newaxis]
    cosines = np.cos(np.pi * (2 * np.arange(THUMB) + 1) * frequencies / (2 * THUMB)).astype(np.float32)
    hashes = np.empty(len(thumbs), np.uint64)
    for start in range(0, len(thumbs), _CONFIRMED_AT_A_TIME):
        part = thumbs[start : start + _CONFIRMED_AT_A_TIME].astype(np.float32)
        coefficients = (cosines @ part @ cosines.T).reshape(len(part), -1)[:, 1:]  # (n, 32, 32) -> (n, 63)
        bits = coefficients > np.median(coefficients, axis=1, keepdims=True)
        hashes[start : start + len(part)] = np.packbits(np.pad(bits, ((0, 0), (1, 0))), axis=1).view(">u8")[:, 0]
    return hashes


def _alike_pairs(hashes):
    """Yield pairs (first, second) of positions whose hashes differ in few bits, each pair once."""
    for band in range(_N_BANDS):
        values = _band(hashes, band).astype(np.int64)
        order = np.argsort(values, kind="stable")
        counts = np.bincount(values, minlength=1 << _BAND_BITS)
        starts = np.cumsum(counts) - counts
        for flipped in (0, *(1 << bit for bit in range(_BAND_BITS))):
            wanted = values ^ flipped
            for first, place in _expand(starts[wanted], counts[wanted]):
                second = order[place]
                is_pair = first < second
                first, second = first[is_pair], second[is_pair]
                differing = hashes[first] ^ hashes[second]
                is_alike = _count_bits(differing) <= _MOST_BITS
                first, second, differing = first[is_alike], second[is_alike], differing[is_alike]
                is_new = np.ones(len(first), dtype=bool)
                for earlier in range(band):
                    is_new &= _count_bits(_band(differing, earlier)) > 1
                yield first[is_new], second[is_new]


def _band(hashes, band):
    return hashes >> np.uint64(band * _BAND_BITS) & np.uint64((1 << _BAND_BITS) - 1)


def _expand(starts, counts):
    """Yield (row, place) for every place from starts[row] on, counts[row] of them, some millions at a time."""
    ends = np.cumsum(counts)
    row = 0
    while row < len(counts):
        before = ends[row] - counts[row]
        stop = max(row + 1, int(np.searchsorted(ends, before + _CHUNK, side="right")))
        rows = np.repeat(np.arange(row, stop), counts[row:stop])
        yield rows, starts[rows] + np.arange(before, ends[stop - 1]) - (ends - counts)[rows]
        row = stop


def _count_bits(values):
    if hasattr(np, "bitwise_count"):  # numpy 2
        return np.bitwise_count(values)
    return np.unpackbits(values.view(np.uint8).reshape(len(values), 8), axis=1).sum(axis=1)


def _edge_correlation(thumbs, first, second):
    """Correlation (about zero) of the steps between neighbouring pixels, for each pair of positions."""
    found = np.empty(len(first), np.float32)
    for start in range(0, len(first), _CONFIRMED_AT_A_TIME):
        part = slice(start, start + _CONFIRMED_AT_A_TIME)
        one, other = _edges(thumbs[first[part]]), _edges(thumbs[second[part]])
        norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        found[part] = np.einsum("ij,ij->i", one, other) / np.maximum(norms, 1e-6)
    return found


def _edges(thumbs):
    values = thumbs.astype(np.float32)
    across, down = np.diff(values, axis=2), np.diff(values, axis=1)
    return np.concatenate([across.reshape(len(values), -1), down.reshape(len(values), -1)], axis=1)


def _learn_threshold(thumbs, codes):
    """How well edges must correlate, so that hardly any pair of different images does."""
    n = len(thumbs) if codes is None else len(codes)
    if n < _FEW:
        return _FEW_CORRELATION
    generator = np.random.default_rng(0)
    first, second = generator.integers(n, size=(2, _N_RANDOM_PAIRS))
    if codes is not None:  # a partner of the same class
        order = np.argsort(codes, kind="stable")
        counts = np.bincount(codes)
        place = (generator.random(_N_RANDOM_PAIRS) * counts[codes[first]]).astype(np.int64)
        second = order[(np.cumsum(counts) - counts)[codes[first]] + place]
    is_pair = first != second
    correlation = _edge_correlation(thumbs, first[is_pair], second[is_pair])
    # On Fisher's scale; by quantiles, as duplicates among the pairs would inflate a standard deviation.
    middle, high = np.quantile(np.arctanh(np.clip(correlation, -0.9999, 0.9999)), [0.5, 0.975])
    threshold = np.tanh(middle + _DEVIATIONS * (high - middle) / 1.96)
    return float(np.clip(threshold, _LEAST_CORRELATION, _ENOUGH_CORRELATION))


def _first_members(groups):
    """Number each group by the position of its first member."""
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    return first[inverse]
