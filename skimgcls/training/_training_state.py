"""What a net has learnt so far, as tensors and plain numbers: enough to go on from there to the bit."""

import json

import torch

_MODULES = ("module_", "criterion_")


def training_state(net):
    """Describe where the training of a net stands.

    Random draws are indexed by seed and epoch, and learning rates by epoch, so that weights, what the optimizer
    remembers and the history are all there is. Callbacks are not in it.

    Parameters
    ----------
    net : TrainingNet
        Initialized.

    Returns
    -------
    state : tuple of (dict of str to tensor, str) or None
        Tensors on the CPU, copied, and facts as JSON. None where there is more to it than these: an
        optimizer that remembers other things, a module with an extra state, history rows with objects in them.
    """
    parts = {name: getattr(net, name).state_dict() for name in _MODULES}
    optimizer = net.optimizer_.state_dict()["state"]
    parts |= {f"optimizer_.{index}": values for index, values in optimizer.items()}
    values = {f"{part}.{name}": value for part, each in parts.items() for name, value in each.items()}
    facts = {
        "seed": net.seed,
        "history": [row | {"batches": [{}]} for row in net.history.to_list()],  # as it is after an epoch
        "grad_scaler": net.grad_scaler_ and net.grad_scaler_.state_dict(),
        "groups": [_plain_settings(group) for group in net.optimizer_.param_groups],
        "numbers": {name: value for name, value in values.items() if not isinstance(value, torch.Tensor)},
    }
    try:
        text = json.dumps(facts)
    except (TypeError, ValueError):
        return None
    return {name: _copy(value) for name, value in values.items() if isinstance(value, torch.Tensor)}, text


def restore_training(net, state):
    """Put a net where another one stood.

    Parameters
    ----------
    net : TrainingNet
        Initialized, of the same module, criterion and optimizer.
    state : tuple
        From `training_state`.

    Raises
    ------
    ValueError
        If it is the state of another kind of net, which is then as it was.
    """
    tensors, facts = state[0], json.loads(state[1])
    _check(net, tensors, facts)
    values = tensors | facts["numbers"]
    for part in _MODULES:
        getattr(net, part).load_state_dict(_of_part(values, part))
    optimizer = net.optimizer_
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    remembered = {index: _of_part(values, f"optimizer_.{index}") for index in range(len(parameters))}
    remembered = {
        index: {name: _laid_out_like(parameters[index], value) for name, value in each.items()}
        for index, each in remembered.items()
        if each
    }
    optimizer.load_state_dict({"state": remembered, "param_groups": optimizer.state_dict()["param_groups"]})
    for group, settings in zip(optimizer.param_groups, facts["groups"], strict=True):
        group |= {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
    if facts["grad_scaler"]:
        net.grad_scaler_.load_state_dict(facts["grad_scaler"])
    net.seed = facts["seed"]
    net.history_.clear()
    net.history_.extend(facts["history"])


def _check(net, tensors, facts):
    """Refuse what does not fit: kernels of optimizers would write beyond the ends of moments that are too short."""
    kinds = {"seed": int, "history": list, "groups": list, "numbers": dict}
    if not isinstance(facts, dict) or any(not isinstance(facts.get(name), kind) for name, kind in kinds.items()):
        raise ValueError(f"It lacks one of {', '.join(kinds)}.")
    if not all(isinstance(row, dict) and row.get("epoch") == i for i, row in enumerate(facts["history"], start=1)):
        raise ValueError("Its history has no rows of epochs that follow each other.")
    wanted = {
        f"{part}.{name}": value
        for part in _MODULES
        for name, value in getattr(net, part).state_dict().items()
        if isinstance(value, torch.Tensor)
    }
    parameters = [parameter for group in net.optimizer_.param_groups for parameter in group["params"]]
    prefixes = {f"optimizer_.{index}": parameter for index, parameter in enumerate(parameters)}
    for name, tensor in tensors.items():
        if name.startswith("optimizer_."):
            parameter = prefixes.get(name.rpartition(".")[0])
            if parameter is None or tensor.shape not in (parameter.shape, torch.Size([])):
                raise ValueError(f"Its {name} of shape {tuple(tensor.shape)} belongs to another network.")
    for name, value in wanted.items():
        found = tensors.get(name)
        if found is None or (found.shape, found.dtype) != (value.shape, value.dtype):
            raise ValueError(f"Its {name} is missing, or of another shape or type than {tuple(value.shape)}.")


def _plain_settings(group):
    """Learning rate, momentum and the like, which schedulers of the user's change and add to."""
    plain = (bool, int, float, str, type(None))
    return {
        name: value
        for name, value in group.items()
        if isinstance(value, plain) or (isinstance(value, tuple) and all(isinstance(each, plain) for each in value))
    }


def _copy(tensor):
    # contiguous, and no two of one storage, as files of tensors want them
    return tensor.detach().clone(memory_format=torch.contiguous_format).cpu()


def _of_part(values, part):
    prefix = f"{part}."
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}


def _laid_out_like(parameter, value):
    """A moment must lie in memory as its weight does: kernels of optimizers walk over both at once."""
    if isinstance(value, torch.Tensor) and value.shape == parameter.shape:
        return torch.empty_like(parameter, dtype=value.dtype, device=value.device, requires_grad=False).copy_(value)
    return value
