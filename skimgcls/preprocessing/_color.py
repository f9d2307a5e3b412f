"""Values changed image by image: which channels carry colour, and in which dtype to reckon."""

import torch

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as torchvision's and Pillow's conversion to grey


def as_floats(images):
    """Return bytes as float32 and floats as they are."""
    return images if images.is_floating_point() else images.float()


def split_alpha(images):
    """Split images into those channels that carry colour and the rest: the last of four channels is taken as alpha."""
    n_colors = 3 if images.shape[1] == 4 else images.shape[1]
    return images[:, :n_colors], images[:, n_colors:]


def join_alpha(colors, alpha, like):
    """Undo `split_alpha`, in the memory format of `like`."""
    if alpha.shape[1] == 0:
        return colors
    joined = torch.empty_like(like, dtype=colors.dtype)
    joined[:, : colors.shape[1]], joined[:, colors.shape[1] :] = colors, alpha
    return joined


def luma(colors):
    """Grey value (b, 1, h, w): the weighted sum of three channels, the mean of any other number."""
    if colors.shape[1] != 3:
        return colors.mean(1, keepdim=True)
    # no tensor of weights: bringing one to the device would stall it once per batch
    red, green, blue = colors.split(1, dim=1)
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
