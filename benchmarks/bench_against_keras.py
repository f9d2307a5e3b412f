"""Claim: a fit of MLPClassifier takes a fraction of the CPU time of Keras 3 on its torch backend.

The same layers, Adam, batch of 128 and epochs; Keras is given float32 images standardized beforehand (not counted).
The ratio is its CPU seconds over ours.

    SKIMGCLS_DATA=... uv run --with keras python benchmarks/bench_against_keras.py [--repeats 5] [--quick]

The last run is in benchmarks/README.md.
"""

import os
import sys

from _measure import Table, begin, take_turns
from _peers import LR, N_CLASSES, fashion_task, ours

os.environ["KERAS_BACKEND"] = "torch"
try:
    import keras
except ImportError:
    sys.exit(
        "This benchmark compares with Keras 3, which is not installed. Run it by `uv run --with keras python ...`."
    )


def main():
    arguments = begin(__doc__)
    print(f"keras {keras.__version__}, backend {keras.backend.backend()}\n")
    table = Table("keras", "ours")
    task = fashion_task("MLP", 128, 3, quick=arguments.quick)
    runs = take_turns(
        {"ours": ours, "keras": keras_mlp}, task, repeats=arguments.repeats, warm_up=task.shortened(1_000)
    )
    table.add("MLP batch 128", runs, "keras", "ours", None)


def keras_mlp(task, seed):
    """The network of MLPClassifier in Keras's own layers."""
    images, test_images = (floats.transpose(0, 2, 3, 1) for floats in task.floats)  # (n, 28, 28, 1)
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input(images.shape[1:]),
            keras.layers.Flatten(),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(N_CLASSES),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(LR), loss, metrics=["accuracy"])

    def work():
        model.fit(images, task.y, batch_size=task.batch_size, epochs=task.epochs, verbose=0)

    return work, lambda: model.evaluate(test_images, task.y_test, verbose=0, return_dict=True)["accuracy"]


if __name__ == "__main__":
    main()
