"""Any image input becomes (n, c, h, w): validation and decoding."""

from skimgcls.images._decode import decode_image, decode_images
from skimgcls.images._displayable import as_displayable
from skimgcls.images._image_layout import ImageLayout
from skimgcls.images._read_images import check_image_shape, read_images

__all__ = ["ImageLayout", "as_displayable", "check_image_shape", "decode_image", "decode_images", "read_images"]
