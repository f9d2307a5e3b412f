"""Who runs in the benchmarks: our estimators, a plain skorch net, the best loop we can write by hand.

Each contestant takes a task and a seed, prepares what is not timed, and returns the work and its score as two
callables; see `_measure.take_turns`.
"""

import contextlib
import dataclasses
import functools

import numpy as np
import torch
from skorch import NeuralNetClassifier
from torch.nn import functional as F

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.architectures import MLP, ConvNet, build_seeded
from skimgcls.datasets import fetch_fashion_mnist

ESTIMATORS = {"MLP": MLPClassifier, "CNN": CNNClassifier}
NETWORKS = {"MLP": MLP, "CNN": ConvNet}
IN_SHAPE, N_CLASSES, LR = (1, 28, 28), 10, 1e-3


@dataclasses.dataclass
class Task:
    """Images, and the settings that all contestants share.

    Parameters
    ----------
    model : {"MLP", "CNN"}
        The default network of the estimator of this name, for everybody.
    batch_size, epochs : int
    X, X_test : ndarray of shape (n, 28, 28), uint8
    y, y_test : ndarray of shape (n,), int64
        Class codes: not every peer takes strings.
    device : str, default="cpu"
    """

    model: str
    batch_size: int
    epochs: int
    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    device: str = "cpu"

    @functools.cached_property
    def mean_and_std(self):
        """Mean and standard deviation of all pixels."""
        return float(self.X.mean()), float(self.X.std())

    @functools.cached_property
    def floats(self):
        """Standardized float32 images (n, 1, 28, 28) to train and to test on."""
        mean, std = self.mean_and_std
        return tuple(((X[:, None].astype(np.float32) - mean) / std).astype(np.float32) for X in (self.X, self.X_test))

    def shortened(self, n_images, n_test=500):
        """The same with the first images only, for one epoch."""
        images = {"X": self.X[:n_images], "y": self.y[:n_images]}
        return dataclasses.replace(self, epochs=1, X_test=self.X_test[:n_test], y_test=self.y_test[:n_test], **images)


@functools.cache
def fashion_mnist(subset):
    """Images and class codes of Fashion-MNIST."""
    X, y = fetch_fashion_mnist(subset=subset, return_X_y=True)
    return X, np.unique(y, return_inverse=True)[1].astype(np.int64)


def fashion_task(model, batch_size, epochs, n_images=60_000, n_test=10_000, *, quick=False, device="cpu"):
    """Make a task of the first images of Fashion-MNIST; a tenth of them where it should be quick."""
    (X, y), (X_test, y_test) = fashion_mnist("train"), fashion_mnist("test")
    share = 10 if quick else 1
    n_images, n_test = n_images // share, n_test // share
    return Task(model, batch_size, epochs, X[:n_images], y[:n_images], X_test[:n_test], y_test[:n_test], device)


def ours(task, seed, **params):
    """Our estimator, on bytes; `params` go to its constructor."""
    settings = {"batch_size": task.batch_size, "max_epochs": task.epochs, "device": task.device, "n_jobs": 1}
    model = ESTIMATORS[task.model](random_state=seed, **settings, **params)
    return lambda: model.fit(task.X, task.y), lambda: model.score(task.X_test, task.y_test)


def skorch_net(task, seed):
    """A plain skorch net as its documentation shows it, on floats that were standardized beforehand."""
    floats, test_floats = task.floats
    net = make_skorch_net(task)

    def work():
        torch.manual_seed(seed)
        net.fit(floats, task.y)

    return work, lambda: float((net.predict(test_floats) == task.y_test).mean())


def make_skorch_net(task):
    """Return an untrained skorch net with the network, optimizer and epochs of a task."""
    return NeuralNetClassifier(
        NETWORKS[task.model],
        module__in_shape=(1, *task.X.shape[1:]),
        module__n_classes=N_CLASSES,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=LR,
        batch_size=task.batch_size,
        max_epochs=task.epochs,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
        device=task.device,
    )


def hand_loop(task, seed, precision="float32"):
    """The ceiling: a plain PyTorch loop with everything we know, and the same records as our history.

    All images lie in memory as bytes, channels last, and batches are gathered by index; Adam is one fused kernel; loss
    and hits are summed on the device and read once in an epoch; matrix products take the faster library where it is as
    exact.
    """
    network = make_network(task, seed)

    def work():
        with fast_products(task.device):
            return train_by_hand(network, task, seed, precision)

    return work, lambda: score_network(network, task)


def make_network(task, seed):
    """The network of a task with our own first weights, channels last."""
    return build_seeded(
        lambda: NETWORKS[task.model](IN_SHAPE, N_CLASSES),
        generator=torch.Generator().manual_seed(seed),
        device=task.device,
    )


def train_by_hand(network, task, seed, precision):
    """Train and return mean loss (nats) and accuracy of each epoch."""
    parameters = list(network.parameters())
    optimizer = torch.optim.Adam(parameters, lr=LR, fused=True)
    images = torch.from_numpy(task.X).unsqueeze(-1).to(task.device)  # (n, h, w, 1), bytes
    codes = torch.from_numpy(task.y).to(task.device)
    generator = torch.Generator().manual_seed(seed)
    mean, std = task.mean_and_std
    records = []
    for _ in range(task.epochs):
        loss_sum = torch.zeros((), device=task.device)
        n_correct = torch.zeros((), dtype=torch.int64, device=task.device)
        for index in torch.randperm(len(codes), generator=generator).to(task.device).split(task.batch_size):
            batch = images.index_select(0, index).float().sub_(mean).mul_(1 / std)
            target = codes.index_select(0, index)
            with autocast(task.device, precision):  # one for each step: it remembers what it made of the weights
                logits = network(batch.permute(0, 3, 1, 2))  # (b, h, w, 1) -> (b, 1, h, w), channels last
            loss = F.cross_entropy(logits.float(), target)
            for parameter in parameters:  # as optimizer.zero_grad does, without what that records for profilers
                parameter.grad = None
            loss.backward()
            optimizer.step()
            loss_sum.add_(loss.detach(), alpha=len(index))
            n_correct += (logits.argmax(1) == target).sum()
        records.append((loss_sum.item() / len(codes), n_correct.item() / len(codes)))
    return records


@torch.inference_mode()
def score_network(network, task):
    """Accuracy of a network on the test images of a task."""
    network.eval()
    batches = torch.from_numpy(task.floats[1]).to(task.device).split(256)
    codes = torch.cat([network(batch).argmax(1) for batch in batches])
    return float((codes.cpu().numpy() == task.y_test).mean())


def autocast(device, precision):
    """Torch's autocast to bf16, or nothing for float32."""
    return torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bf16")


@contextlib.contextmanager
def fast_products(device):
    """Let oneDNN multiply matrices on the CPU, where it is as exact as the default library.

    Asking for "bf16" hands products to oneDNN, which uses its own float32 kernels where the processor multiplies bf16
    no faster; elsewhere they are rounded and this asks for nothing.
    """
    before = torch.backends.mkldnn.matmul.fp32_precision
    if device == "cpu" and _is_exact_with_onednn():
        torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    try:
        yield
    finally:
        torch.backends.mkldnn.matmul.fp32_precision = before


@functools.cache
def _is_exact_with_onednn():
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(256, 784, generator=generator), torch.randn(784, 256, generator=generator)
    before = torch.backends.mkldnn.matmul.fp32_precision
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    try:
        return float((a @ b - a.double() @ b.double()).abs().max()) < 1e-3  # rounded to bf16 it is about 0.4
    finally:
        torch.backends.mkldnn.matmul.fp32_precision = before
