"""Values to try around the present parameters of an estimator."""

from numbers import Integral

FIRST_UNITS = 128  # of a network that has no hidden layer yet


def scaled(params, name, factors):
    """Multiply a parameter, and round to one digit.

    Parameters
    ----------
    params : dict
    name : str
    factors : tuple of float
        A factor of 1 keeps the value as it is.

    Returns
    -------
    grid : dict of list
        Without entry where there is no such parameter.
    """
    if name not in params:
        return {}
    values = [params[name] if factor == 1 else float(f"{factor * params[name]:.1g}") for factor in factors]
    return {name: list(dict.fromkeys(values))}


def less_regularization(params):
    """Lower what holds training back, each by about a half and to nothing; empty where nothing does."""
    grid = {}
    for name, factor in {"dropout": 0.5, "weight_decay": 0.1, "l1": 0.1}.items():
        if params.get(name):
            grid |= scaled(params, name, (0, factor))
    return grid | ({"augment": [None, params["augment"]]} if params.get("augment") is not None else {})


def more_regularization(params):
    """Raise dropout, and augment where that is not done; the present values stay in the grid."""
    grid = {}
    if "dropout" in params:
        grid["dropout"] = sorted({params["dropout"], 0.25, 0.5})
    if "augment" in params and params["augment"] is None:
        grid["augment"] = [None, "light"]
    return grid


def wider_networks(params):
    """Double and quadruple the width of the layers, whatever the architecture calls it; empty for one of the user's."""
    architecture = params.get("architecture")
    if callable(architecture):
        return {}
    names = ("width",) if architecture == "resnet" else ("conv_channels", "hidden_units")
    name = next((name for name in names if name in params), None)
    return {} if name is None else {name: [params[name], _widened(params[name], 2), _widened(params[name], 4)]}


def _widened(width, factor):
    if isinstance(width, Integral):
        return int(width) * factor
    return tuple(int(units) * factor for units in width) or (FIRST_UNITS * factor,)
