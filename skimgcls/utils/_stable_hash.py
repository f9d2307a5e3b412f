"""Recognising parameters, data and code again, in another process and on another day."""

import copyreg
import dis
import functools
import hashlib
import importlib.metadata
import os
import pathlib
import sys
import sysconfig
import types
from collections.abc import Mapping

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

_PLAIN = (type(None), bool, int, float, complex, str, bytes)
_CODE = (type, types.FunctionType)
_PACKAGES = ("skimgcls", "scikit-learn", "torch", "skorch", "numpy")
_CODE_PARTS = ("co_code", "co_names", "co_varnames", "co_freevars", "co_argcount", "co_kwonlyargcount", "co_flags")


def stable_hash(value, name=""):
    """Hash a value by what it is, so that an equal one has the same hash in another process.

    Estimators count by their class and parameters, arrays and frames by their contents, functions and classes of the
    user by their compiled code with the constants, functions and classes that it names, those of installed packages
    by their name and version, any other object by what pickle would keep of it.

    Parameters
    ----------
    value : object
        Of any kind.
    name : str, default=""
        What the value is called in errors; parameters of an estimator add theirs.

    Returns
    -------
    digest : str
        32 hexadecimal digits.

    Raises
    ------
    TypeError
        If something in it (an open file, a lock, a generator) cannot be recognised again.
    """
    hasher = _Hasher()
    hasher.feed(value, name)
    return hasher.digest.hexdigest()


@functools.cache
def code_version():
    """Versions of Python and of the libraries that train, and a hash of this library's own sources, as one text."""
    versions = [f"python {sys.version_info.major}.{sys.version_info.minor}"]
    versions += [f"{name} {_version(name)}" for name in _PACKAGES]
    root = pathlib.Path(__file__).parents[1]
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return ", ".join([*versions, f"sources {digest.hexdigest()}"])


class _Hasher:
    """Feeds one value, piece by piece, to a digest."""

    def __init__(self):
        self.digest = hashlib.blake2b(digest_size=16)
        self._code = {}  # id of a function or class: its number in the order met, for those that name each other
        self._open = set()  # ids of objects on the way to this one
        self._in_frozen = False  # where what estimators have learnt counts as well

    def feed(self, value, name):
        if isinstance(value, _PLAIN):
            self._add(type(value).__name__, repr(value))
        elif isinstance(value, np.ndarray):
            self._feed_array(value, name)
        elif isinstance(value, _CODE):
            self._feed_code(value, name)
        elif isinstance(value, (list, tuple)):
            self._feed_sequence(value, name)
        elif isinstance(value, types.ModuleType):
            self._add("module", value.__name__)
        elif id(value) in self._open:
            self._add("cycle")
        else:
            self._open.add(id(value))
            self._feed_object(value, name)
            self._open.discard(id(value))

    def _add(self, *texts):
        for text in texts:
            part = text if isinstance(text, bytes) else str(text).encode("utf-8", "surrogatepass")
            self.digest.update(b"%d:" % len(part) + part)

    def _feed_parts(self, kind, parts, name):
        self._add(kind, len(parts))
        for part in parts:
            self.feed(part, name)

    def _feed_array(self, array, name):
        self._add("array", array.dtype.str, array.shape)
        if array.dtype.hasobject:
            self.feed(array.reshape(-1).tolist(), name)
        else:
            self.digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8))

    def _feed_sequence(self, values, name):
        if len(values) > 16 and {*map(type, values)} <= {*_PLAIN}:  # labels and paths by the thousand
            self._add(type(values).__name__, repr(values))
        else:
            if len(values) > 1 and isinstance(values[0], str) and isinstance(values[1], BaseEstimator):
                name = f"{name.rpartition('__')[0]}__{values[0]}".removeprefix("__")  # a step of a pipeline
            self._feed_parts(_name_of(type(values)), values, name)

    def _feed_object(self, value, name):
        torch = sys.modules.get("torch")
        if isinstance(value, Mapping):
            self._feed_parts("dict", sorted(value.items(), key=lambda item: repr(item[0])), name)
        elif isinstance(value, (set, frozenset)):
            self._add("set", *sorted(stable_hash(each, name) for each in value))
        elif isinstance(value, (np.generic, np.dtype, pathlib.PurePath, range)):
            self._add(type(value).__name__, getattr(value, "dtype", ""), repr(value))
        elif torch is not None and isinstance(value, torch.Tensor):
            array = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
            self._feed_parts("tensor", (str(value.dtype), tuple(value.shape), array), name)
        elif hasattr(value, "iloc"):
            columns = [column.to_numpy() for _, column in value.items()] if value.ndim == 2 else [value.to_numpy()]
            self._feed_parts("frame", (list(getattr(value, "columns", ())), columns, value.index.to_numpy()), name)
        elif hasattr(value, "tocsr"):
            rows = value.tocsr()
            self._feed_parts("sparse", (rows.shape, rows.data, rows.indices, rows.indptr), name)
        elif isinstance(value, FrozenEstimator) and not self._in_frozen:
            self._in_frozen = True
            self._feed_pickled(value, name)
            self._in_frozen = False
        elif isinstance(value, BaseEstimator) and not self._in_frozen:
            self._feed_estimator(value, name)
        elif isinstance(value, np.random.RandomState):
            self.feed(value.get_state(legacy=False), name)
        elif isinstance(value, np.random.Generator):
            self.feed(value.bit_generator.state, name)
        else:
            self._feed_pickled(value, name)

    def _feed_estimator(self, estimator, name):
        self.feed(type(estimator), name)
        self._add(str(vars(estimator).get("_metadata_request")))  # set_fit_request changes what a pipeline passes on
        for param, value in sorted(estimator.get_params(deep=False).items()):
            self._add(param)
            if param == "weights" and isinstance(value, (str, os.PathLike)):
                self._add(*file_facts(value))  # perhaps it names a file
            self.feed(value, f"{name}__{param}" if name else param)

    def _feed_pickled(self, value, name):
        try:
            reduce = copyreg.dispatch_table.get(type(value), lambda each: each.__reduce_ex__(4))
            reduced = reduce(value)
        except Exception as error:
            raise TypeError(
                f"The parameter {name!r} holds an object of type {_name_of(type(value))}, which no other process can "
                f"recognise ({error}), so results with it could not be taken up again. Leave it out."
            ) from error
        if isinstance(reduced, str):
            self._add("global", _name_of(value, reduced))
            return
        make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        self.feed(make if isinstance(make, _CODE) else _name_of(make), name)
        self._feed_parts("arguments", arguments, name)
        self.feed(state, name)
        self.feed([list(items or ()), list(pairs or ())], name)

    def _feed_code(self, value, name):
        if _is_installed(value.__module__):
            self._add("installed", _name_of(value), _version_of(value.__module__))
        elif id(value) in self._code:
            self._add("seen", self._code[id(value)])
        else:
            self._code[id(value)] = len(self._code)
            (self._feed_class if isinstance(value, type) else self._feed_function)(value, name)

    def _feed_class(self, cls, name):
        self._feed_parts("class", [_name_of(cls), *cls.__bases__], name)
        for key, value in sorted(vars(cls).items()):
            if isinstance(value, (staticmethod, classmethod, functools.cached_property)):
                value = getattr(value, "__func__", None) or value.func
            if isinstance(value, property):
                self._feed_parts(key, (value.fget, value.fset), name)
            elif isinstance(value, _CODE) or (_is_constant(value) and not key.startswith(("__", "_sklearn_"))):
                self._feed_parts(key, (value,), name)

    def _feed_function(self, function, name):
        self._add("function", _name_of(function))
        self._feed_bytecode(function.__code__)
        self.feed([function.__defaults__, function.__kwdefaults__], name)
        for cell in function.__closure__ or ():
            self.feed(_contents(cell), name)
        for used in _names_used(function.__code__):
            value = function.__globals__.get(used)
            if isinstance(value, _CODE) or _is_constant(value):
                self._add(used)
                self.feed(value, name)

    def _feed_bytecode(self, code):
        self._add(*(getattr(code, part) for part in _CODE_PARTS))
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._feed_bytecode(constant)
            else:
                self.feed(constant, "")


@functools.lru_cache(1024)
def _names_used(code):
    """Global names that compiled code reads; attributes of the same name are none."""
    names = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names.update(_names_used(constant))
    return tuple(sorted(names))


def _is_constant(value):
    if isinstance(value, dict):
        return all(_is_constant(part) for item in value.items() for part in item)
    if isinstance(value, (tuple, list, set, frozenset)):
        return all(map(_is_constant, value))
    return isinstance(value, (*_PLAIN, np.ndarray))


def _contents(cell):
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None


def _name_of(value, qualified_name=None):
    qualified_name = qualified_name or getattr(value, "__qualname__", type(value).__qualname__)
    return f"{getattr(value, '__module__', '')}.{qualified_name}"


@functools.cache
def _is_installed(module_name):
    """Whether code comes with Python or an installed package, whose version stands for it."""
    top = str(module_name).partition(".")[0]
    if top == "__main__":
        return False
    if top in sys.stdlib_module_names or top == "skimgcls":
        return True
    file = getattr(sys.modules.get(top), "__file__", None)
    folders = [sysconfig.get_path(kind) for kind in ("purelib", "platlib")]
    return file is not None and any(pathlib.Path(file).is_relative_to(folder) for folder in folders)


def _version_of(module_name):
    return getattr(sys.modules.get(str(module_name).partition(".")[0]), "__version__", "")


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def file_facts(path):
    """Size (bytes) and time of change (ns) of a file; None and None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None, None
    return status.st_size, status.st_mtime_ns
