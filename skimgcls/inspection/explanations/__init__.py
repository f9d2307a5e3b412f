"""Why a classifier says what it says: attributions of an image's parts, and a picture of them."""

from skimgcls.inspection.explanations._explanation_display import ExplanationDisplay
from skimgcls.inspection.explanations._grad_cam import grad_cam
from skimgcls.inspection.explanations._integrated_gradients import integrated_gradients
from skimgcls.inspection.explanations._lime import lime
from skimgcls.inspection.explanations._occlusion import occlusion
from skimgcls.inspection.explanations._shap import shap

__all__ = ["ExplanationDisplay", "grad_cam", "integrated_gradients", "lime", "occlusion", "shap"]
