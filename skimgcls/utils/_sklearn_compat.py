"""What differs between the supported versions of scikit-learn."""

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before scikit-learn 1.9 there are no callbacks

    class CallbackSupportMixin:
        """Stands in for scikit-learn's own, without callbacks to set."""


__all__ = ["CallbackSupportMixin"]
