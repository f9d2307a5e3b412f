"""What there is to say about a training, and what to try next."""


class Advice:
    """Sentences about a training, and a grid of parameters to try; falsy when there is nothing to say.

    It prints as its sentences, one to a line.

    Parameters
    ----------
    sentences : list of str, default=()
        What was seen, and what to change, the gravest first.
    param_grid : dict of str to list, default=None
        Values to try around the present ones, as `sklearn.model_selection.GridSearchCV` takes them. Empty where no
        parameter helps.

    Examples
    --------
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> X, y = load_digit_images(return_X_y=True)
    >>> advice = MLPClassifier(hidden_units=32, max_epochs=3, lr=1e-5, random_state=0).fit(X, y).advise()
    >>> print(advice)  # doctest: +ELLIPSIS, +NORMALIZE_WHITESPACE
    The learning rate looks too low: after 3 epochs the training loss is still ... nats, where guessing costs 2.30, and
    it falls at the same pace as at the start. Raise lr (now 1e-05).
    >>> advice.param_grid
    {'lr': [3e-05, 0.0001, 0.0003, 0.001]}
    """

    def __init__(self, sentences=(), param_grid=None):
        self.sentences = list(sentences)
        self.param_grid = dict(param_grid or {})

    def __len__(self):
        return len(self.sentences)

    def __iter__(self):
        return iter(self.sentences)

    def __getitem__(self, index):
        return self.sentences[index]

    def __str__(self):
        return "\n".join(self.sentences)

    def __repr__(self):
        return str(self) if self else f"{type(self).__name__}([])"
