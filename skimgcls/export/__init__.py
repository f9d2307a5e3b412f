"""Models as files that run no code."""

from skimgcls.export._load_model import load_model
from skimgcls.export._save_model import save_model

__all__ = ["load_model", "save_model"]
