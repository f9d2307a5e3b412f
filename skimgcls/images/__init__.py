"""Any image input becomes (n, c, h, w): validation and decoding."""

from skimgcls.images._image_layout import ImageLayout
from skimgcls.images._read_images import check_image_shape, read_images

__all__ = ["ImageLayout", "check_image_shape", "read_images"]
