"""A fit that is killed at any moment goes on in another process, and ends as if nothing had happened."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

SCRIPT = """
    import json, os, random, signal, sys, time
    import numpy as np
    import torch
    from sklearn.datasets import load_digits
    from skimgcls import MLPClassifier
    from skorch.callbacks import Callback

    torch.set_num_threads(1)
    folder, X, y = sys.argv[1], *load_digits(return_X_y=True)

    class Log(Callback):
        def __init__(self, path):
            self.path = path
        def state_dict(self):
            return {}
        def load_state_dict(self, state):
            pass
        def on_epoch_begin(self, net, **kwargs):
            with open(self.path, "a") as file:
                file.write("epoch\\n")

    def fit(place):
        model = MLPClassifier(
            (64,), max_epochs=6, batch_size=16, dropout=0.2, lr_schedule="cosine", validation_fraction=0.1,
            random_state=0, n_jobs=1, checkpoint_dir=place and f"{place}/fits", callbacks=[Log(f"{folder}/log")],
        )
        start = time.perf_counter()
        model.fit(X, y)
        return model, time.perf_counter() - start

    def begun():
        return len(open(f"{folder}/log").readlines()) if os.path.exists(f"{folder}/log") else 0

    fit(None)  # a warm-up
    whole, seconds = fit(None)
    wanted = whole.predict_proba(X)
    draw = random.Random(0)
    for kill in range(10):
        place, before = f"{folder}/{kill}", begun()
        os.mkdir(place)
        moment = draw.uniform(0, 1) * seconds
        child = os.fork()
        if not child:
            fit(place)
            os._exit(0)
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        n_before = begun() - before
        resumed, _ = fit(place)
        print(json.dumps([n_before, begun() - before, bool(np.array_equal(resumed.predict_proba(X), wanted))]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_ten_kills_at_random_moments_cost_at_most_an_epoch_each(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    kills = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(kills) == 10
    assert all(is_equal for *_, is_equal in kills)
    assert all(n_epochs <= 7 for _, n_epochs, _ in kills)
    assert any(0 < n_before < 6 for n_before, *_ in kills)  # kills that hit a fit on its way
