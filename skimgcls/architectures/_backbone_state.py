"""Weights of a backbone from a file: what fits is loaded, the head only where it has the right size."""

import pickle
import re
from pathlib import Path

import torch

_WRAPPERS = ("state_dict", "model_state_dict", "model")  # what training scripts put a state dict under
# densenet's files are older than the rule that names of modules hold no dots; torchvision renames them too
_OLD_NAME = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.")


def read_state(path):
    """Read a state dict.

    Parameters
    ----------
    path : path-like
        File of ``torch.save`` or, with the suffix ``.safetensors``, of safetensors. Nothing in it is executed.

    Returns
    -------
    state : dict of str to tensor
        On the CPU.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it holds no state dict.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"weights={str(path)!r} is no file. Give the path of a saved state dict.")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, _SafetensorError()) as error:
        raise ValueError(
            f"weights={str(path)!r} cannot be read as a state dict: {str(error).splitlines()[0]} Save one with "
            "torch.save(model.state_dict(), path): tensors only, not the model itself."
        ) from error
    for name in _WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(name), dict):
            state = state[name]
    if not isinstance(state, dict) or not any(isinstance(value, torch.Tensor) for value in state.values()):
        raise ValueError(
            f"weights={str(path)!r} holds {type(state).__name__} where a state dict was expected: names of weights to "
            "tensors. Save one with torch.save(model.state_dict(), path)."
        )
    return {name: value for name, value in state.items() if isinstance(value, torch.Tensor)}


def load_backbone_state(backbone, state, *, head_name, source, adapt=None):
    """Load weights into a backbone.

    Parameters
    ----------
    backbone : torch.nn.Module
        Without its head.
    state : dict of str to tensor
        Of the whole model, of the backbone alone or of a network of ours, with or without a common prefix.
    head_name : str
        Of the linear layer that was taken from the model.
    source : str
        What the weights are called in errors.
    adapt : callable or None, default=None
        Takes the weights of the backbone by name and brings them to the size of its images.

    Returns
    -------
    head : tuple of (tensor, tensor) or None
        Weight (k, n_features) and bias (k,) of the head in `state`.

    Raises
    ------
    ValueError
        If the weights are those of another model.
    """
    state = {_OLD_NAME.sub(r"\1\2.", name): value for name, value in state.items()}
    wanted = backbone.state_dict()
    prefix = _find_prefix(wanted, state)
    heads = {prefix + head_name, f"{prefix.removesuffix('backbone.')}head.linear"}  # in their model, and in ours
    state_of_backbone = {name.removeprefix(prefix): state[name] for name in state if name.startswith(prefix)}
    if adapt is not None:
        state_of_backbone = adapt(state_of_backbone)
    _check_fit(wanted, state_of_backbone, {head.removeprefix(prefix) for head in heads}, source)
    backbone.load_state_dict({name: state_of_backbone.get(name, value) for name, value in wanted.items()})
    for head in heads:
        if f"{head}.weight" in state and f"{head}.bias" in state:
            return state[f"{head}.weight"].flatten(1), state[f"{head}.bias"]
    return None


def _check_fit(wanted, state, heads, source):
    problems = {
        "are missing": [n for n in wanted if n not in state and not n.endswith("num_batches_tracked")],
        "have another shape": [n for n in wanted if n in state and state[n].shape != wanted[n].shape],
        "are too many": [
            n for n in state if n not in wanted and n.rpartition(".")[0] not in heads and "aux" not in n.lower()
        ],
    }
    if any(problems.values()):
        told = "; ".join(f"{len(names)} {what}, such as {names[0]!r}" for what, names in problems.items() if names)
        raise ValueError(
            f"{source} are not those of this backbone, which has {len(wanted)}: {told}. Name the backbone that they "
            "were trained in."
        )


def _find_prefix(wanted, state):
    first = next(name for name in wanted)
    candidates = {name.removesuffix(first) for name in state if name.endswith(first)} | {""}
    return max(sorted(candidates), key=lambda prefix: sum(f"{prefix}{name}" in state for name in wanted))


def _SafetensorError():
    from safetensors import SafetensorError

    return SafetensorError
