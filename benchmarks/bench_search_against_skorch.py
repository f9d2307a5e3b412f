"""Claim: a grid search takes a fraction of the time of one over a plain skorch net, and finds as good a network.

Twelve candidates (three optimizers, four learning rates), three folds, nine epochs, MLP on 6,000 images. Contestants:
``GridSearchCV`` over a plain skorch net, the same over our estimator, and our ``EpochHalvingSearchCV``. The ratio is
skorch's CPU seconds over ours, the final fit included; the accuracy is that of the refitted winner on the test images.
Then the wall time of our two searches on one core and on two, whose ratio is the gain of ``n_jobs=2``.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_search_against_skorch.py [--repeats 5] [--quick]

The last run is in benchmarks/README.md.
"""

import time
from functools import partial

import torch
from _measure import Table, begin, take_turns
from _peers import LR, fashion_task, make_skorch_net
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from skimgcls import MLPClassifier
from skimgcls.model_selection import EpochHalvingSearchCV

LRS = [LR / 10, LR, LR * 10, LR * 100]
OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop}
TARGETS = {"grid search": 2.2, "epoch halving": 3.5}
EPOCHS, N_IMAGES = 9, 6_000


def main():
    arguments = begin(__doc__)
    task = fashion_task("MLP", 128, EPOCHS, N_IMAGES, quick=arguments.quick)
    contestants = {"skorch": search_skorch, "grid search": partial(search_ours, GridSearchCV)}
    contestants["epoch halving"] = partial(search_ours, EpochHalvingSearchCV)
    warm_up = task.shortened(300)
    table = Table("skorch", "ours")
    runs = take_turns(contestants, task, repeats=arguments.repeats, warm_up=warm_up)
    for name, target in TARGETS.items():
        table.add(name, runs, "skorch", name, target)
    print()
    table = Table("one", "two cores")
    for name, search in {"grid search": GridSearchCV, "epoch halving": EpochHalvingSearchCV}.items():
        contestants = {"one": partial(search_ours, search), "two cores": partial(search_ours, search, n_jobs=2)}
        runs = take_turns(contestants, task, repeats=arguments.repeats, warm_up=warm_up, clock=time.perf_counter)
        table.add(name, runs, "one", "two cores", 1.5)


def folds(seed):
    return StratifiedKFold(3, shuffle=True, random_state=seed)


def search_skorch(task, seed):
    """Grid search over a plain skorch net, on floats that were standardized beforehand."""
    floats, test_floats = task.floats
    grid = [{"optimizer": [each], "lr": LRS} for name, each in OPTIMIZERS.items() if name != "sgd"]
    grid.append({"optimizer": [torch.optim.SGD], "optimizer__momentum": [0.9], "lr": LRS})
    search = GridSearchCV(make_skorch_net(task), grid, cv=folds(seed))

    def work():
        torch.manual_seed(seed)
        search.fit(floats, task.y)

    return work, lambda: search.score(test_floats, task.y_test)


def search_ours(kind, task, seed, n_jobs=None):
    """One of the searches over our estimator, on bytes."""
    model = MLPClassifier(batch_size=task.batch_size, max_epochs=task.epochs, n_jobs=1, random_state=seed)
    search = kind(model, {"optimizer": list(OPTIMIZERS), "lr": LRS}, cv=folds(seed), n_jobs=n_jobs)
    return lambda: search.fit(task.X, task.y), lambda: search.score(task.X_test, task.y_test)


if __name__ == "__main__":
    main()
