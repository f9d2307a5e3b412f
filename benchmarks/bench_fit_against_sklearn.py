"""Claim: a fit of MLPClassifier takes half the CPU time of scikit-learn's own MLPClassifier, for the same network.

Same hidden layers, Adam with the same learning rate, batch of 256 and epochs, no penalty. Scikit-learn is given float32
rows standardized beforehand (not counted), in which it computes. The ratio is its CPU seconds over ours.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_fit_against_sklearn.py [--repeats 5] [--quick]

The last run is in benchmarks/README.md.
"""

import warnings

from _measure import Table, begin, take_turns
from _peers import LR, fashion_task, ours
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

TARGET = 1.9


def main():
    arguments = begin(__doc__)
    table = Table("sklearn", "ours")
    task = fashion_task("MLP", 256, 5, quick=arguments.quick)
    runs = take_turns(
        {"ours": ours, "sklearn": sklearn_mlp}, task, repeats=arguments.repeats, warm_up=task.shortened(1_000)
    )
    table.add("MLP batch 256", runs, "sklearn", "ours", TARGET)


def sklearn_mlp(task, seed):
    """Scikit-learn's multilayer perceptron, which stops at `max_iter` epochs alone."""
    rows, test_rows = (floats.reshape(len(floats), -1) for floats in task.floats)
    model = MLPClassifier(
        (256, 128),
        alpha=0,
        batch_size=task.batch_size,
        learning_rate_init=LR,
        max_iter=task.epochs,
        n_iter_no_change=task.epochs,
        random_state=seed,
    )

    def work():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it was told when to stop
            model.fit(rows, task.y)

    return work, lambda: model.score(test_rows, task.y_test)


if __name__ == "__main__":
    main()
