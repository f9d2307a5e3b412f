"""Claim: ``OptunaSearchCV`` that prunes after each epoch trains 1.7 times fewer epochs, and finds as good a network.

The same sampler draws optimizer, learning rate, batch size and width for an MLP on 6,000 images, three folds and nine
epochs, with and without pruning, for several seeds. The cost is the sum of the epochs of all folds of all trials, so
that the ratio does not depend on the machine; the accuracy is that of the refitted winner on the test images.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_pruning.py [--repeats 5] [--quick]

The last run is in benchmarks/README.md.
"""

import optuna
from _measure import Run, Table, begin
from _peers import fashion_task
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.model_selection import StratifiedKFold

from skimgcls import MLPClassifier
from skimgcls.model_selection import OptunaSearchCV

SPACE = {
    "optimizer": CategoricalDistribution(["adam", "sgd", "rmsprop"]),
    "lr": FloatDistribution(1e-5, 1e-1, log=True),
    "batch_size": CategoricalDistribution([32, 64, 128, 256]),
    "hidden_units": IntDistribution(32, 256, log=True),
}
EPOCHS, N_IMAGES, N_TRIALS, N_FOLDS = 9, 6_000, 20, 3
TARGET = 1.7


def main():
    arguments = begin(__doc__)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    task = fashion_task("MLP", 128, EPOCHS, N_IMAGES, quick=arguments.quick)
    runs = {"unpruned": [], "pruned": []}
    for seed in range(arguments.repeats):
        for name in runs:
            runs[name].append(search(task, seed, enable_pruning=name == "pruned"))
    Table("unpruned", "pruned").add(f"epochs of {N_TRIALS} trials", runs, "unpruned", "pruned", TARGET)


def search(task, seed, *, enable_pruning):
    """One search; its cost is in epochs."""
    model = MLPClassifier(max_epochs=task.epochs, n_jobs=1, random_state=seed)
    cv = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    options = {"n_trials": N_TRIALS, "enable_pruning": enable_pruning, "random_state": seed}
    found = OptunaSearchCV(model, SPACE, cv=cv, **options).fit(task.X, task.y)
    return Run(float(N_FOLDS * found.cv_results_["n_resources"].sum()), found.score(task.X_test, task.y_test))


if __name__ == "__main__":
    main()
