"""Pixels moved and filled without a change of their values, in the memory format that they come in."""

from numbers import Integral

import torch

FILLS = ("reflect", "edge", "mean")


def to_pixels(amount, side):
    """Return pixels along a side: an integer as it is, a float as that share of the side, halves rounded up."""
    return int(amount) if isinstance(amount, Integral) else int(amount * side + 0.5)


def as_rows(images):
    """View images (b, c, h, w) as contiguous rows: (b, 1, h, w * c) where channels are last in memory.

    So that an operation runs over memory as it lies: a mask (b, 1, h, w) over three channels made it twice as slow.
    """
    if is_channels_last(images):
        return images.permute(0, 2, 3, 1).reshape(len(images), 1, images.shape[2], -1)
    return images.contiguous()


def as_images(rows, like):
    """Undo `as_rows`: view rows as images of the shape of `like`."""
    b, c, h, w = like.shape
    return rows.view(b, h, w, c).permute(0, 3, 1, 2) if is_channels_last(like) else rows


def is_channels_last(images):
    """Whether the channels of a pixel lie side by side in memory."""
    return images.stride(1) == 1


def lay_out_as(images, like):
    """Bring images into the memory format of `like`, of the same shape.

    Not by ``contiguous``: it leaves one channel as it is, and the network then guesses the other format.
    """
    if not is_channels_last(like):
        return images.contiguous()
    b, _, h, _ = images.shape
    return as_images(images.permute(0, 2, 3, 1).reshape(b, 1, h, -1), like)


def per_value(columns, images):
    """Repeat what is said of columns (..., w) for each number of a row of `as_rows`."""
    if not is_channels_last(images):
        return columns
    return columns.unsqueeze(-1).expand(*columns.shape, images.shape[1]).flatten(-2)


def take_rows(images, index):
    """Pick rows of each image: index (b, h) of int64."""
    rows = as_rows(images)
    b, m, h, _ = rows.shape
    offset = torch.arange(b * m, device=images.device).view(b, m, 1) * h
    taken = rows.flatten(0, 2).index_select(0, (index[:, None] + offset).flatten())  # (b * m * h, w)
    return as_images(taken.view_as(rows), images)


def take_columns(images, index):
    """Pick columns of each image: index (b, w) of int64."""
    rows = as_rows(images)
    if rows.shape[3] != images.shape[3]:  # (b, w) -> (b, w * c)
        index = (index[:, :, None] * images.shape[1] + torch.arange(images.shape[1], device=index.device)).flatten(1)
    return as_images(rows.gather(3, index[:, None, None].expand_as(rows)), images)


def fold_back(index, size, fill):
    """Bring an index that leaves [0, size) back into it: mirrored at the border pixel's outer edge, or clamped."""
    if fill != "reflect":
        return index.clamp(0, size - 1)
    index = index.remainder(2 * size)
    return torch.minimum(index, 2 * size - 1 - index)


def fill_values(images, fill):
    """Return the value that fills: (b, c, 1, 1) of the images' dtype for "mean", a number as it is."""
    if fill == "mean":
        mean = images.mean((2, 3), keepdim=True, dtype=None if images.is_floating_point() else torch.float32)
        return mean if images.is_floating_point() else mean.round().to(images.dtype)
    if images.dtype == torch.uint8 and not 0 <= fill <= 255:
        raise ValueError(f"fill={fill!r} does not fit into images of bytes. Choose 0 to 255, or 'mean'.")
    return torch.full((), fill, dtype=images.dtype, device=images.device)
