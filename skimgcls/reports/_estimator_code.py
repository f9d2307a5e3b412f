"""An estimator, or parameters, as Python code to paste."""

import builtins
import enum
import functools
import inspect
import math
import sys
import warnings
from dataclasses import dataclass

import numpy as np

from skimgcls.model_selection._parameter_columns import as_text
from skimgcls.utils._is_same import is_same

WIDTH = 88  # characters of a line
LARGEST_ARRAY = 100  # entries


def estimator_code(value, name="model"):
    """Write code that makes an unfitted copy of an estimator.

    Parameters
    ----------
    value : estimator, or dict, list or tuple of such and of values of parameters
        What to write. Of estimators only parameters that differ from the constructor's defaults are named.
    name : str, default="model"
        Variable that the code assigns to.

    Returns
    -------
    code : str
        Imports, a comment on each thing that code cannot bring along (a lambda, a function of a notebook, an object
        with a state of its own) and that has to be defined before, and the assignment.
    """
    writer = _Writer(name)
    expression = writer.write(value, "value")
    body = _laid_out(expression, before=f"{name} = ")
    parts = ["\n".join(writer.import_lines()), "\n".join([*writer.comments, f"{name} = {body}"])]
    return "\n\n".join(part for part in parts if part)


@dataclass
class _Group:
    """Code in brackets, which may be broken after each of its items: (what stands before it, its code)."""

    opening: str
    items: list
    closing: str
    last_comma: str = ""  # of a tuple of one


def _one_line(code):
    if isinstance(code, str):
        return code
    inner = ", ".join(before + _one_line(item) for before, item in code.items)
    return f"{code.opening}{inner}{code.last_comma}{code.closing}"


def _laid_out(code, indent=0, before=""):
    """Code on one line, or, where that is too long, each item on a line of its own."""
    line = _one_line(code)
    if isinstance(code, str) or not code.items or indent + len(before) + len(line) < WIDTH:
        return line
    deeper = indent + 4
    lines = [" " * deeper + before + _laid_out(item, deeper, before) + "," for before, item in code.items]
    return "\n".join([code.opening, *lines, " " * indent + code.closing])


class _Writer:
    """Turns values into code and remembers what that needs."""

    def __init__(self, name):
        self.comments = []
        self._homes = {}  # imported name -> module
        self._modules = set()  # imported as such
        self._taken = {name: None}  # variable -> what it stands for

    def import_lines(self):
        """Write the imports, those of whole modules first."""
        by_home = {}
        for name, home in self._homes.items():
            by_home.setdefault(home, []).append(name)
        lines = [f"import {module}" + " as np" * (module == "numpy") for module in sorted(self._modules)]
        return lines + [f"from {home} import {', '.join(sorted(by_home[home]))}" for home in sorted(by_home)]

    def write(self, value, hint):
        """Write a value as code: str or _Group. `hint` names what code cannot say."""
        value = value.item() if isinstance(value, np.generic) else value
        kind = type(value)
        if value is None or kind in (bool, int, complex, bytes, range, slice):
            return repr(value)
        if kind is float:
            return repr(value) if math.isfinite(value) else f'float("{value}")'
        if kind is str:
            return _quoted(value)
        if kind in (tuple, list, set, frozenset, dict):
            return self._write_container(value, hint)
        if isinstance(value, enum.Enum):
            return f"{self._name_of(kind, hint)}.{value.name}"
        if kind is np.ndarray and value.size <= LARGEST_ARRAY and value.dtype.kind in "biufU":
            return self._write_array(value, hint)
        if kind.__module__ == "torch" and kind.__name__ in ("device", "dtype"):
            self._modules.add("torch")
            return str(value) if kind.__name__ == "dtype" else f"torch.device({_quoted(str(value))})"
        if kind is functools.partial:
            return self._write_call(kind, [value.func, *value.args], value.keywords, hint)
        # Transforms of torchvision have a get_params of another kind.
        if not isinstance(value, type) and hasattr(value, "get_params") and hasattr(value, "set_params"):
            return self._write_call(kind, [], _own_parameters(value), hint)
        if hasattr(value, "__name__") and not inspect.ismethod(value):
            return self._name_of(value, hint)
        return self._stand_in(value, hint, f"it was {as_text(value)}")

    def _write_container(self, value, hint):
        if isinstance(value, dict):
            pairs = value.items()
            return _Group("{", [(f"{_one_line(self.write(k, hint))}: ", self.write(v, hint)) for k, v in pairs], "}")
        items = [("", self.write(item, hint)) for item in value]
        if isinstance(value, tuple):
            return _Group("(", items, ")", last_comma="," * (len(items) == 1))
        if isinstance(value, list):
            return _Group("[", items, "]")
        name = type(value).__name__
        return _Group("{", items, "}") if items and name == "set" else _Group(f"{name}([", items, "])")

    def _write_array(self, value, hint):
        self._modules.add("numpy")
        items = [("", self.write(value.tolist(), hint))]
        if np.array(value.tolist()).dtype != value.dtype:
            items.append(("dtype=", _quoted(str(value.dtype))))
        return _Group("np.array(", items, ")")

    def _write_call(self, called, args, keywords, hint):
        items = [("", self.write(value, hint)) for value in args]
        items += [(f"{name}=", self.write(value, name)) for name, value in keywords.items()]
        return _Group(f"{self._name_of(called, hint)}(", items, ")")

    def _name_of(self, value, hint):
        """Import a class or function, or ask for it where it cannot be imported."""
        if getattr(builtins, value.__name__, None) is value:
            return value.__name__
        module = getattr(value, "__module__", None) or type(value).__module__  # ufuncs of numpy 1 have none
        names = [
            getattr(value, "__qualname__", ""),
            value.__name__,
        ]  # torch.neg calls itself _VariableFunctionsClass.neg
        homes = ((_home(module, name, value), name) for name in names)
        home, full = next((found for found in homes if found[0]), (None, ""))
        if home is None:
            name = value.__name__ if value.__name__.isidentifier() else hint
            what = "class" if isinstance(value, type) else "function"
            return self._stand_in(value, name, f"it is a {what} of your own")
        top = full.partition(".")[0]
        if self._homes.get(top, home) != home or top in self._taken:  # two classes of one name
            self._modules.add(home)
            return f"{home}.{full}"
        self._homes[top] = home
        return full

    def _stand_in(self, value, hint, reason):
        """A variable that the reader has to set."""
        for name, other in self._taken.items():
            if other is value:
                return name
        name, number = hint, 2
        while name in self._taken or name in self._homes:
            name, number = f"{hint}_{number}", number + 1
        self._taken[name] = value
        self.comments.append(f"# Define {name} before: {reason}.")
        return name


def _quoted(text):
    code = repr(text)
    return f'"{code[1:-1]}"' if code[0] == "'" and '"' not in code else code


def _own_parameters(estimator):
    """Parameters that differ from the constructor's defaults, in its order."""
    defaults = _constructor_defaults(type(estimator))
    values = estimator.get_params(deep=False)
    values = {name: value for name, value in values.items() if not name.startswith("_")}  # of skorch's own
    order = sorted(values, key=lambda name: list(defaults).index(name) if name in defaults else len(defaults))
    return {name: values[name] for name in order if not _is_default(values[name], defaults.get(name, _UNKNOWN))}


_UNKNOWN = inspect.Parameter.empty


def _constructor_defaults(kind):
    """Defaults by name; where a constructor passes ``**kwargs`` on, those of its bases too."""
    defaults = {}
    for base in kind.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        parameters = inspect.signature(base.__init__).parameters.values()
        for each in list(parameters)[1:]:
            defaults.setdefault(each.name, each.default)
        if not any(each.kind is each.VAR_KEYWORD for each in parameters):
            break
    return defaults


def _is_default(value, default):
    value, default = (each.item() if isinstance(each, np.generic) else each for each in (value, default))
    if value is default:
        return True
    if type(value) is not type(default):
        return False
    # An object that was copied with its estimator equals the default only by what it holds.
    return is_same(value, default) or (hasattr(value, "__dict__") and is_same(vars(value), vars(default)))


def _home(module, name, value):
    """The shortest public module that has it, else its own; None where it cannot be imported."""
    if module == "__main__":
        return None
    parts = module.split(".")
    paths = [".".join(parts[:n]) for n in range(1, len(parts) + 1) if not any(p.startswith("_") for p in parts[:n])]
    return next((path for path in [*paths, module] if _found(path, name) is value), None)


def _found(module, name):
    found = sys.modules.get(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that a package is about to drop
        try:
            for part in name.split("."):
                found = getattr(found, part)
        except Exception:  # packages that load their parts when asked may fail in any way
            return None
    return found
