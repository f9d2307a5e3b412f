"""Importing what only some features need."""

import importlib


def import_optional(module, *, extra=None, purpose):
    """Import a module inside the one function that needs it.

    Parameters
    ----------
    module : str
        Full dotted name, for example ``"matplotlib.pyplot"``.
    extra : str, default=None
        The extra of skimgcls that brings the module; None where it is a plain dependency.
    purpose : str
        What the caller wants it for, the subject of the error message: ``"plot_history"``.

    Returns
    -------
    module : module
        The module itself, not its top-level package.

    Raises
    ------
    ImportError
        If the module is not installed, or is installed and fails while it is being imported. The message says
        what needs it and the command that installs it; the original error is its cause.

    Examples
    --------
    >>> import_optional("json", purpose="the example").dumps([1, 2])
    '[1, 2]'
    >>> import_optional("no_such_module", extra="onnx", purpose="export_onnx")
    Traceback (most recent call last):
        ...
    ImportError: export_onnx needs no_such_module, which is not installed. Install it with: pip install "skimgcls[onnx]"
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(_message(module, extra, purpose, error), name=module) from error


def _message(module, extra, purpose, error):
    target = f'"skimgcls[{extra}]"' if extra else "skimgcls"
    if _is_missing(module, error):
        option = "" if extra else "--force-reinstall "  # a plain dependency that is gone: pip would call it satisfied
        return f"{purpose} needs {error.name}, which is not installed. Install it with: pip install {option}{target}"
    return (
        f"{purpose} needs {module}, which is installed but cannot be imported: {error}. "
        f"Often two packages do not fit together; try: pip install --upgrade --force-reinstall {target}"
    )


def _is_missing(module, error):
    """Whether the module itself is absent, and not something that it imports in its turn."""
    return isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}.")
