"""What every floor may use: versions, device and thread scopes, seeds, the HTML writer."""

from skimgcls.utils._estimator_contract import image_estimator_checks
from skimgcls.utils._show_versions import show_versions

__all__ = ["image_estimator_checks", "show_versions"]
