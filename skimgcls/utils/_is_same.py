"""Whether a parameter still has the value that it had."""


def is_same(first, second):
    """Compare two values of a parameter, arrays, tensors, sequences and dicts of them included.

    A list equals a tuple of the same items: both describe the same layers.

    Parameters
    ----------
    first, second : object

    Returns
    -------
    bool
    """
    if first is second:
        return True
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(is_same(first[key], second[key]) for key in first)
    first, second = (value.tolist() if hasattr(value, "tolist") else value for value in (first, second))
    if isinstance(first, (list, tuple)) and isinstance(second, (list, tuple)):
        return len(first) == len(second) and all(map(is_same, first, second))
    try:
        return bool(first == second)
    except (TypeError, ValueError, RuntimeError):
        return False
