"""What mixup and cutmix share: who is mixed with whom, in which shares, and their targets."""

import torch


def draw_partners(n_images, generator, device):
    """Give each image another one of the batch, which is shuffled already: that of a random distance."""
    distance = torch.randint(1, max(n_images, 2), (1,), generator=generator, device=device)
    return (torch.arange(n_images, device=device) + distance) % n_images


def draw_shares(n_images, alpha, p, generator, device):
    """Draw from Beta(alpha, alpha) with probability `p`, and 1 otherwise: a tensor (n,) in [0, 1].

    As ratio of two gamma variables, in logarithms: those of a small alpha underflow, and the ratio would be 0 / 0.
    By G(alpha) = G(alpha + 1) * U**(1 / alpha).
    """
    shape = torch.full((2, n_images), alpha + 1.0, device=device)
    # torch.distributions takes no generator; this is what its Gamma calls
    gamma = torch._standard_gamma(shape, generator=generator)
    uniform = torch.rand(3, n_images, generator=generator, device=device)
    log_gamma = gamma.log() + torch.log1p(-uniform[:2]) / alpha
    return torch.where(uniform[2] < p, torch.sigmoid(log_gamma[0] - log_gamma[1]), 1.0)


def check_targets(name, images, targets):
    """Refuse targets that cannot be mixed."""
    if targets.ndim == 2 and len(targets) == len(images) and targets.is_floating_point():
        return
    raise ValueError(
        f"{name} mixes targets, so it takes probabilities ({len(images)}, n_classes) as floats, got {targets.dtype} of "
        f"shape {tuple(targets.shape)}. Make them of class codes with torch.nn.functional.one_hot(codes, "
        "n_classes).float()."
    )


def mix(values, partners, shares):
    """Mix floats: `shares` (b,) of each with the rest from its partner."""
    shares = shares.to(values.dtype).view(-1, *[1] * (values.ndim - 1))
    return torch.lerp(values.index_select(0, partners), values, shares)
