"""Any image input becomes contiguous rows (n, h * w * c) and a layout that says how to read them."""

import math
import numbers
import re
import warnings
from collections.abc import Iterator, Mapping, Set

import numpy as np
from sklearn.utils import check_array

from skimgcls.images._decode import check_color_mode, check_image_size
from skimgcls.images._image_layout import ImageLayout
from skimgcls.images._image_paths import image_paths
from skimgcls.images._read_image_files import read_image_files

_CHANNELS = ("auto", "first", "last")
_CHANNEL_COUNTS = (1, 3, 4)
_MAKE_DENSE = {
    "meta": "It has no values: make it on the CPU or another device.",
    "quantized": "Convert it with dequantize().",
}


def read_images(
    X,
    *,
    estimator,
    image_shape=None,
    channels="auto",
    image_size=None,
    color_mode="auto",
    fitted_layout=None,
    dtype="float32",
    input_name="X",
):
    """Check images in any supported form and lay them out as rows, without a copy where the form allows it.

    Parameters
    ----------
    X : array-like, DataFrame or tensor
        Images (n, h, w), (n, h, w, c) or (n, c, h, w), flat rows (n, h * w * c), or paths of image files (n,), which
        are decoded into memory.
    estimator : estimator or str
        Named in errors.
    image_shape : tuple of int or None
        (h, w) or (h, w, c) that the images must have; needed to read flat rows that are not square.
    channels : {"auto", "first", "last"}
        Where the channel axis stands.
    image_size : int, (int, int) or None
        Height and width that files are decoded to. Images that are given as numbers must have it.
    color_mode : {"auto", "gray", "rgb"}
        What files are decoded to; images that are given as numbers must have one or three channels then.
    fitted_layout : ImageLayout or None
        At predict, the layout seen by fit: the images must have its shape.
    dtype : {"float32", "float64"}
        What values that are no bytes become.
    input_name : str
        What errors call the images.

    Returns
    -------
    rows : ndarray (n, h * w * c), uint8, float32 or float64
        C-contiguous.
    layout : ImageLayout

    Raises
    ------
    ValueError
        On ragged, empty, non-finite or wrongly shaped input.
    FileNotFoundError, ImageDecodeError
        If files are not there or cannot be decoded.
    """
    name = estimator if isinstance(estimator, str) else type(estimator).__name__
    wanted = {"image_size": image_size, "color_mode": color_mode, "fitted_layout": fitted_layout}
    paths = image_paths(X, input_name=input_name)
    if paths is not None:
        files = read_image_files(paths, cache=None, input_name=input_name, name=name, **wanted)
        return files.in_memory(), files.layout
    X = _to_array(X, estimator, name, dtype, input_name)
    if fitted_layout is None:
        layout = _layout_at_fit(X.shape, image_shape, channels)
        _check_decoded_shape(layout, image_size, color_mode)
    else:
        layout = _layout_at_predict(X.shape, fitted_layout, name, input_name)
    return np.ascontiguousarray(X).reshape(len(X), -1), layout


def check_image_shape(image_shape):
    """Return ``image_shape`` as (h, w, c), or None as it is; (h, w) means one channel."""
    if image_shape is None:
        return None
    shape = tuple(image_shape) if np.iterable(image_shape) else ()
    if len(shape) == 2:
        shape += (1,)
    if len(shape) != 3 or not all(isinstance(size, numbers.Integral) and size > 0 for size in shape):
        raise ValueError(
            f"The 'image_shape' parameter must be None, (height, width) or (height, width, channels) with positive "
            f"integers. Got {image_shape!r} instead."
        )
    return tuple(int(size) for size in shape)


def refuse_hidden_values(values, name, input_name):
    """Refuse a masked array that hides something: what lies under the mask would be taken for true."""
    n_hidden = int(np.ma.count_masked(values)) if isinstance(values, np.ma.MaskedArray) else 0
    if n_hidden:
        raise ValueError(
            f"{input_name} is a masked array that hides {n_hidden} of its {values.size} values; {name} expected an "
            f"array without missing values. Leave those rows out, or replace them with {input_name}.filled(...)."
        )


def _check_decoded_shape(layout, image_size, color_mode):
    """Refuse images that are not what files would have been decoded to: numbers are never resized in silence."""
    size, n_channels = check_image_size(image_size), {"gray": 1, "rgb": 3}.get(check_color_mode(color_mode))
    if size is not None and size != (layout.height, layout.width):
        raise ValueError(
            f"X holds images of {layout.height} x {layout.width} pixels, but image_size={image_size!r} was asked for. "
            "It says what image files are decoded to; resize the images first, or leave image_size=None."
        )
    if n_channels is not None and n_channels != layout.channels:
        raise ValueError(
            f"X holds images of {layout.channels} channel(s), but color_mode={color_mode!r} was asked for. It says "
            "what image files are decoded to; convert the images first, or leave color_mode='auto'."
        )


def _to_array(X, estimator, name, dtype, input_name):
    if type(X) is np.ndarray and X.dtype == np.uint8 and X.ndim > 1 and X.size:
        return X  # bytes are finite numbers: looking on would take longer than a small network does for one image
    if _is_tensor(X):
        X = _tensor_to_array(X, name, input_name)
    refuse_hidden_values(X, name, input_name)
    X = _refuse_what_is_no_image(X, name, input_name)
    X = _to_numbers(X, estimator, name, input_name)
    if X.dtype == np.uint8:
        return X
    if X.dtype == bool or (np.issubdtype(X.dtype, np.integer) and X.min() >= 0 and X.max() <= 255):
        return X.astype(np.uint8)  # bytes travel as bytes, whatever integer they came in
    keep = [np.float32] if dtype == "float32" else [np.float64, np.float32]
    with np.errstate(over="ignore"):  # what is too large for float32 is refused as infinite
        try:
            return check_array(X, dtype=keep, allow_nd=True, estimator=estimator, input_name=input_name)
        except ValueError as error:
            bad = np.flatnonzero(~np.isfinite(X.reshape(len(X), -1).astype(keep[0])).all(1))
            raise ValueError(
                f"{str(error).partition(chr(10))[0]} {name} got such values in {len(bad)} of {len(X)} images, the "
                f"first is {input_name}[{bad[0]}]. Leave these images out, or replace the values."
            ) from error


def _to_numbers(X, estimator, name, input_name):
    """Let scikit-learn make an array of numbers, and add to its errors what they leave out."""
    try:
        array = check_array(
            X, dtype="numeric", ensure_all_finite=False, allow_nd=True, estimator=estimator, input_name=input_name
        )
        if array.dtype.kind not in "biuf":
            raise TypeError("These are no numbers.")  # dates, which would become numbers of seconds
        return array
    except (OverflowError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        if re.search(rf"\b{input_name}\b", reason):
            raise
        got = f"dtype {X.dtype}" if hasattr(X, "dtype") else type(X).__name__
        kind = ValueError if isinstance(error, OverflowError) else type(error)  # an int beyond any float
        raise kind(
            f"{input_name} cannot be read as images: {reason}. Got {got}, where {name} expected real numbers: images "
            "(n, h, w), (n, h, w, c) or (n, c, h, w), or flat rows (n, features)."
        ) from error


def _is_tensor(X):
    return type(X).__module__.partition(".")[0] == "torch" and hasattr(X, "detach")  # without importing torch here


def _tensor_to_array(X, name, input_name):
    kind = "meta" if X.is_meta else "quantized" if X.is_quantized else str(X.layout).removeprefix("torch.")
    if kind != "strided":
        raise ValueError(
            f"{input_name} cannot be read as images: {name} expected a dense tensor that holds its values. Got a "
            f"{kind} tensor. {_MAKE_DENSE.get(kind, 'Convert it with to_dense().')}"
        )
    X = X.detach()
    if X.dtype.is_floating_point and X.element_size() == 2:
        X = X.float()  # numpy has no bfloat16
    return X.cpu().numpy()


def _refuse_what_is_no_image(X, name, input_name):
    """Give text and images of unequal shapes a message about images; pass everything else on."""
    if isinstance(X, (list, tuple)) and X and _is_tensor(X[0]):
        X = [_tensor_to_array(image, name, input_name) for image in X]
    if hasattr(X, "toarray") or getattr(X, "ndim", 1) > 1:
        return X
    if hasattr(X, "__getitem__") and type(X).__module__.startswith(("torch.utils.data", "torchvision.datasets")):
        raise ValueError(
            f"{input_name} is a {type(X).__name__}, where {name} expected images as an array and their labels as y. "
            "Stack them, for example with numpy.stack([image for image, _ in dataset])."
        )
    if isinstance(X, (Set, Mapping, Iterator)):
        raise ValueError(
            f"{input_name} is a {type(X).__name__}, where {name} expected images in order: an array, or a list of "
            "arrays or paths. Make a list of the images, for example list(generator) or list(a_dict.values())."
        )
    if X is None or (hasattr(X, "__len__") and len(X) == 0):
        raise ValueError(f"{input_name} is {'None' if X is None else 'empty'}, where {name} expected images.")
    try:
        array = np.asarray(X)
        if array.dtype == object and array.ndim == 1 and array.size and np.ndim(array[0]) >= 2:
            X = array = np.stack(list(array))
    except ValueError as error:
        raise ValueError(
            f"{input_name} is ragged: {name} got images of {_shapes_of(X)}, and expected one shape. Resize "
            "them to one size first, for example with skimgcls.datasets.load_image_folder(root, image_size=64)."
        ) from error
    if array.ndim < 2:
        raise ValueError(
            f"{input_name} of shape {array.shape} has {array.ndim or 'no'} axis, where {name} expected images "
            "(n, h, w), (n, h, w, c) or (n, c, h, w), or flat rows (n, features). Reshape your data: X[None] makes a "
            "batch of one image."
        )
    return X


def _shapes_of(images, limit=4):
    try:
        shapes = sorted({np.shape(image) for image in images}, key=str)
    except ValueError:  # ragged within one image
        return "different shapes"
    named = [*map(str, shapes[:limit]), *(["..."] if len(shapes) > limit else [])]
    return f"{len(shapes)} different shapes, {', '.join(named)}"


def _layout_at_fit(shape, image_shape, channels):
    image_shape = check_image_shape(image_shape)
    if channels not in _CHANNELS:
        raise ValueError(f"The 'channels' parameter must be one of {_CHANNELS}. Got {channels!r} instead.")
    if 0 in shape[1:] and len(shape) > 2:
        raise ValueError(f"X of shape {shape} holds empty images, with no pixels. Each axis needs at least one value.")
    if len(shape) == 2:
        return _layout_of_rows(shape[1], image_shape, channels)
    if len(shape) == 3:
        layout = ImageLayout(*shape[1:], 1, channels_first=True)
    elif len(shape) == 4:
        layout = _layout_of_4d(shape, image_shape, channels)
    else:
        raise ValueError(
            f"X has {len(shape)} axes, {shape}, but images are (n, h, w), (n, h, w, c) or (n, c, h, w), or flat rows "
            "(n, features). Reshape your data."
        )
    if image_shape is not None and layout.image_shape != image_shape:
        raise ValueError(
            f"X holds images of (height, width, channels) = {layout.image_shape}, but image_shape={image_shape} was "
            "asked for. Resize the images or correct image_shape."
        )
    return layout


def _layout_of_rows(n_features, image_shape, channels):
    first = channels == "first"
    if image_shape is not None:
        layout = ImageLayout(*image_shape, channels_first=first)
        if layout.n_features != n_features:
            raise ValueError(
                f"X has rows of {n_features} features, but image_shape={image_shape} needs {layout.n_features} "
                "(height * width * channels). Correct image_shape."
            )
        return layout
    side = math.isqrt(n_features)
    if side * side == n_features:
        return ImageLayout(side, side, 1, channels_first=True)
    colour_side = math.isqrt(n_features // 3)
    hint = f"({colour_side}, {colour_side}, 3)" if 3 * colour_side**2 == n_features else "(height, width, channels)"
    warnings.warn(
        f"X has rows of {n_features} features, which is no square; they are read as images of 1 x {n_features} pixels. "
        f"Pass image_shape={hint} if they are images of another shape.",
        UserWarning,
        stacklevel=6,
    )
    return ImageLayout(1, n_features, 1, channels_first=True)


def _layout_of_4d(shape, image_shape, channels):
    first = ImageLayout(shape[2], shape[3], shape[1], channels_first=True)
    last = ImageLayout(*shape[1:], channels_first=False)
    if channels != "auto":
        return first if channels == "first" else last
    if image_shape is not None:
        fits = [layout for layout in (first, last) if layout.image_shape == image_shape]
    else:
        fits = [layout for layout in (first, last) if layout.channels in _CHANNEL_COUNTS]
    if len(fits) == 1 or (fits and first.channels == last.channels == 1 == first.height * first.width):
        return fits[0]
    if fits:
        raise ValueError(
            f"X of shape {shape} can be read with its channels first, (n, c, h, w), or last, (n, h, w, c). "
            "Say which with channels='first' or channels='last'."
        )
    raise ValueError(
        f"X of shape {shape} has no axis of 1, 3 or 4 channels in second or last place"
        + (f" that would give image_shape={image_shape}" if image_shape else "")
        + ". Say where the channels are with channels='first' or channels='last'."
    )


def _layout_at_predict(shape, fitted, name, input_name):
    height, width, channels = fitted.image_shape
    if len(shape) == 2 and shape[1] == fitted.n_features:
        return fitted
    if len(shape) == 3 and shape[1:] == (height, width) and channels == 1:
        return fitted
    if len(shape) == 4:
        fits = {
            True: shape[1:] == (channels, height, width),
            False: shape[1:] == (height, width, channels),
        }
        if fits[fitted.channels_first]:
            return fitted
        if fits[not fitted.channels_first]:
            return ImageLayout(height, width, channels, channels_first=not fitted.channels_first)
    if shape in ((height, width), (height, width, channels), (channels, height, width)):
        raise ValueError(
            f"{input_name} of shape {shape} is a single image, but {name} takes several. Pass X[None] for one image."
        )
    if len(shape) == 2:
        raise ValueError(
            f"{input_name} has {shape[1]} features, but {name} is expecting {fitted.n_features} features as input: "
            f"height * width * channels of {fitted.image_shape}. Resize the images or fit again."
        )
    raise ValueError(
        f"{input_name} has shape {shape}, but {name} was fitted on images of (height, width, channels) = "
        f"{fitted.image_shape}, that is {fitted.n_features} features. Convert the images (resize, greyscale) or "
        "fit again."
    )
