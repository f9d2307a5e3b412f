"""Claim: a fit takes a seventh of the CPU time of the training loop of the tutorials, for the same network.

That loop reads a torchvision-style data set, which makes a Pillow image of each item and transforms it to a normalized
tensor, through a ``DataLoader`` in the same process. The ratio is its CPU seconds over ours.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_fit_against_dataloader.py [--repeats 5] [--quick]

The last run is in benchmarks/README.md.
"""

import torch
from _measure import Table, begin, take_turns
from _peers import IN_SHAPE, LR, N_CLASSES, NETWORKS, fashion_task, ours, score_network
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

TARGET = 7


class FashionImages(Dataset):
    """Images and class codes as torchvision's own FashionMNIST serves them."""

    def __init__(self, images, codes, transform):
        self.images = torch.from_numpy(images)
        self.codes = torch.from_numpy(codes)
        self.transform = transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = Image.fromarray(self.images[index].numpy())
        return self.transform(image), int(self.codes[index])


def main():
    arguments = begin(__doc__)
    table = Table("DataLoader", "ours")
    contestants = {"ours": ours, "DataLoader": tutorial_loop}
    for batch_size in (64, 128, 256):
        task = fashion_task("MLP", batch_size, 2, quick=arguments.quick)
        runs = take_turns(contestants, task, repeats=arguments.repeats, warm_up=task.shortened(1_000))
        table.add(f"MLP batch {batch_size}", runs, "DataLoader", "ours", TARGET)


def tutorial_loop(task, seed):
    """The loop of the tutorials, with loss and accuracy of each epoch."""
    torch.manual_seed(seed)
    network = NETWORKS[task.model](IN_SHAPE, N_CLASSES)

    def work():
        mean, std = (value / 255 for value in task.mean_and_std)
        transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((mean,), (std,))])
        loader = DataLoader(FashionImages(task.X, task.y, transform), batch_size=task.batch_size, shuffle=True)
        criterion = nn.CrossEntropyLoss()
        optimizer = torch.optim.Adam(network.parameters(), lr=LR)
        return [train_one_epoch(network, loader, criterion, optimizer) for _ in range(task.epochs)]

    return work, lambda: score_network(network, task)


def train_one_epoch(network, loader, criterion, optimizer):
    loss_sum, n_correct = 0.0, 0
    for images, codes in loader:
        optimizer.zero_grad()
        logits = network(images)
        loss = criterion(logits, codes)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(codes)
        n_correct += (logits.argmax(1) == codes).sum().item()
    return loss_sum / len(loader.dataset), n_correct / len(loader.dataset)


if __name__ == "__main__":
    main()
