"""What is done to gradients between backward and step."""

import torch


def regularize_gradients(module, *, l1, max_norm):
    """Add the gradient of the L1 penalty and bound the norm of the whole, in place.

    Parameters
    ----------
    module : torch.nn.Module
        With gradients.
    l1 : float
        Factor of the sum of absolute weights: of matrices and kernels, not of biases or norms.
    max_norm : float or None
        Largest Euclidean norm of all gradients together.
    """
    if l1:
        for parameter in module.parameters():
            if parameter.ndim > 1 and parameter.grad is not None:
                parameter.grad.add_(parameter.detach().sign(), alpha=l1)
    if max_norm:
        torch.nn.utils.clip_grad_norm_(module.parameters(), max_norm)
