"""How a row of numbers is an image."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageLayout:
    """Shape of one image and the order in which its numbers lie in a row.

    Parameters
    ----------
    height, width, channels : int
        Size of one image in pixels, and its number of channels.
    channels_first : bool
        True when a row holds one whole channel after another, (c, h, w); False when it holds the channels of one
        pixel side by side, (h, w, c). The same for a single channel.
    """

    height: int
    width: int
    channels: int
    channels_first: bool

    @property
    def image_shape(self):
        """(height, width, channels), the user's order."""
        return (self.height, self.width, self.channels)

    @property
    def n_features(self):
        """Numbers in one image."""
        return self.height * self.width * self.channels

    def as_images(self, rows):
        """View rows (n, h * w * c) as images (n, c, h, w); works on arrays and tensors, never copies."""
        if self.channels_first:
            return rows.reshape(-1, self.channels, self.height, self.width)
        images = rows.reshape(-1, self.height, self.width, self.channels)
        return images.permute(0, 3, 1, 2) if hasattr(images, "permute") else images.transpose(0, 3, 1, 2)
