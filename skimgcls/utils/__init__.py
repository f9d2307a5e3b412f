"""What every floor may use: versions, device and thread scopes, seeds, the HTML writer."""

from skimgcls.utils._show_versions import show_versions

__all__ = ["show_versions"]
