"""Everything that training changes, moved together."""

import torch


def move_to_device(module, criterion, optimizer, device):
    """Move module, criterion and the optimizer's moments in place; the optimizer keeps pointing at the parameters.

    Parameters
    ----------
    module, criterion : torch.nn.Module
    optimizer : torch.optim.Optimizer
        Of the module's parameters.
    device : str or torch.device
    """
    module.to(device)
    criterion.to(device)
    for state in optimizer.state.values():
        for name, value in state.items():
            if torch.is_tensor(value):
                state[name] = value.to(device)
