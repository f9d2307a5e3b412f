"""Any image input becomes (n, c, h, w): validation and decoding."""

from skimgcls.images._decode import decode_image, decode_images
from skimgcls.images._displayable import as_displayable
from skimgcls.images._image_layout import ImageLayout
from skimgcls.images._read_images import check_image_shape, read_images
from skimgcls.images._warn_of_other_scale import warn_of_other_scale

__all__ = [
    "ImageLayout", "as_displayable", "check_image_shape", "decode_image", "decode_images", "read_images",
    "warn_of_other_scale",
]  # fmt: skip
