"""Claim: predicting takes a fraction of the CPU time that a plain skorch net takes, for many images and for one.

Both hold the same trained weights, so that the probabilities agree; skorch is given float32 arrays standardized
beforehand (not counted), ours the bytes. The ratio is CPU seconds of skorch's ``predict_proba`` over those of ours.

    SKIMGCLS_DATA=... uv run python benchmarks/bench_predict_against_skorch.py [--repeats 5] [--quick]

The last run is in benchmarks/README.md.
"""

import dataclasses

import numpy as np
from _measure import Table, begin, take_turns
from _peers import ESTIMATORS, fashion_task, make_skorch_net

# model, target for many images, target for one
CASES = [("MLP", 3.5, 1.8), ("CNN", 1.7, 1.6)]


def main():
    arguments = begin(__doc__, selectable=True)
    many = {}
    table = Table("skorch", "ours", unit="ms")
    for model, target, _ in CASES:
        task = fashion_task(model, 128, 1, 2_000, 10_000, quick=arguments.quick)
        many[model] = task, make_contestants(task)
        label = f"{model} {len(task.X_test):,} images"
        if arguments.only in label:
            runs = take_turns(many[model][1], task, repeats=arguments.repeats, calls=5 if model == "MLP" else 1)
            table.add(label, runs, "skorch", "ours", target)
    print()
    table = Table("skorch", "ours", unit="µs")
    for model, _, target in CASES:
        label = f"{model} one image"
        if arguments.only in label:
            task, contestants = many[model]
            one = dataclasses.replace(task, X_test=task.X_test[:1], y_test=task.y_test[:1])
            runs = take_turns(contestants, one, repeats=arguments.repeats, calls=50 if arguments.quick else 500)
            table.add(label, runs, "skorch", "ours", target)


def make_contestants(task, atol=1e-4):
    """Train ours, give a skorch net the same weights, and check that probabilities agree within `atol`."""
    model = ESTIMATORS[task.model](max_epochs=1, device=task.device, random_state=0, n_jobs=1).fit(task.X, task.y)
    net = make_skorch_net(task).initialize()
    net.module_.load_state_dict(model.net_.module_.network.state_dict())
    mean, std = task.mean_and_std

    def predict(predict_proba, images, codes):
        def score():
            if len(images) == 1:
                return float("nan")
            return float((predict_proba(images).argmax(1) == codes).mean())

        return lambda: predict_proba(images), score

    def skorch(task, seed):
        floats = ((task.X_test[:, None] - mean) / std).astype(np.float32)
        return predict(net.predict_proba, floats, task.y_test)

    np.testing.assert_allclose(
        net.predict_proba(task.floats[1][:100]), model.predict_proba(task.X_test[:100]), atol=atol
    )
    return {"ours": lambda task, seed: predict(model.predict_proba, task.X_test, task.y_test), "skorch": skorch}


if __name__ == "__main__":
    main()
