"""Ctrl-C from outside while a search fits a candidate ends the search and the process; no truncated fit is scored."""

import json
import signal
import subprocess
import sys

import pytest

# The second candidate has no end, so that the signal meets it in the midst of training.
CHILD = """
import json
import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback
from skimgcls import MLPClassifier

class Tell(Callback):
    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 2:
            print("training", flush=True)

def scorer(estimator, X, y):
    scored.append(getattr(estimator, "steps", [(None, estimator)])[-1][1].n_epochs_)
    return 0.5

X, y = np.random.RandomState(0).randint(0, 256, (32, 8, 8)), np.arange(32) % 2
clf = MLPClassifier((4,), n_jobs=1, random_state=0, callbacks=[Tell()])
for model, name in ((clf, "max_epochs"), (make_pipeline(FunctionTransformer(), clf), "mlpclassifier__max_epochs")):
    scored, folds = [], [(np.arange(32), np.arange(32))]
    search = GridSearchCV(model, {name: [3, 10**7]}, cv=folds, scoring=scorer, n_jobs=1, error_score=0.0)
    try:
        search.fit(X, y)
    except KeyboardInterrupt:
        has_results = hasattr(search, "cv_results_") or hasattr(search, "best_estimator_")
        print(json.dumps([scored, has_results]), flush=True)
        if model is not clf:
            raise
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there a signal cannot be sent to one process alone")
def test_sigint_during_a_candidate_ends_the_search_and_the_process():
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", CHILD], **pipes) as child:
        try:
            for _ in ("alone", "in a pipeline"):
                lines = [child.stdout.readline() for _ in range(2)]
                assert lines == ["training\n"] * 2, child.stderr.read()
                child.send_signal(signal.SIGINT)
                assert json.loads(child.stdout.readline()) == [[3], False]
            _, errors = child.communicate(timeout=60)
        finally:
            child.kill()  # of no effect where it has ended
    assert child.returncode == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")
