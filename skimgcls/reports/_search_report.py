"""One page about a search."""

from skimgcls.reports._report_page import ReportPage
from skimgcls.reports._search_facts import plural, read_search, score_text
from skimgcls.reports._search_pictures import add_search_pictures
from skimgcls.reports._search_tables import candidate_table, cost_table, setup_table, space_table, version_tables

LARGEST_CSV = 1_000_000  # bytes


class SearchReport:
    """One self-contained HTML page about a search.

    It tells which candidate won, by how much and how surely; gives the Python code that makes it; shows the candidates
    as a table and as the pictures that suit the parameters; and notes what was searched, what it cost, and which
    versions and seeds there were. The file holds its pictures and its style, runs no script, loads nothing and follows
    the reader's light or dark setting. A notebook shows the page where the report is the last line of a cell.

    Parameters
    ----------
    search : fitted search, optuna.Study or dict
        Anything that ``results_frame`` reads.
    title : str, default=None
        Heading of the page. None names the search and the estimator.
    metric : str, default=None
        Which of several metrics the report is about. None means the one that the search was told to refit by, or the
        first.
    n_images : int, default=None
        Images that the search was fitted on, which scikit-learn's searches do not keep.
    X_test : array-like, default=None
        Images that the search has not seen. The winner of many candidates won partly by luck on the folds; its score
        here tells how good it is.
    y_test : array-like of shape (n,), default=None
        Their labels.

    Attributes
    ----------
    frame : DataFrame
        The table of ``results_frame``.
    code : str
        Python code that makes the winner: its imports, and its constructor with those parameters only that differ from
        the defaults. What code cannot bring along, such as a lambda, it names in a comment. Of a study, which knows no
        estimator, the dict of parameters.
    summary : str
        What came out, in a few sentences.
    test_score : float or None
        Score of the winner on ``X_test``.

    Raises
    ------
    TypeError
        If it is no search.
    ValueError
        If the search has tried nothing yet or has no such metric, if only one of ``X_test`` and ``y_test`` is given, or
        if the search was not refitted and therefore cannot be tested.

    See Also
    --------
    skimgcls.model_selection.results_frame : The table alone.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.reports import SearchReport
    >>> X, y = load_digit_images(return_X_y=True)
    >>> model = MLPClassifier(max_epochs=2, random_state=0)
    >>> search = GridSearchCV(model, {"lr": [1e-4, 1e-2]}, cv=3).fit(X[:300], y[:300])
    >>> report = SearchReport(search)
    >>> print(report.code)
    from skimgcls import MLPClassifier
    <BLANKLINE>
    model = MLPClassifier(lr=0.01, max_epochs=2, random_state=0)
    """

    def __init__(self, search, *, title=None, metric=None, n_images=None, X_test=None, y_test=None):
        self._facts = read_search(search, metric, n_images)
        self.title = _default_title(self._facts) if title is None else title
        self.frame = self._facts.frame
        self.code = self._facts.code
        self.test_score = _test_score(self._facts, X_test, y_test)
        self._n_test = None if X_test is None else len(X_test)

    @property
    def summary(self):
        """What came out, in a few sentences."""
        return " ".join([*self._facts.headline(), *self._caution()])

    def to_html(self):
        """Write the page as a string.

        Returns
        -------
        html : str
            The whole document.
        """
        return self._page().render()

    def save(self, path):
        """Write the page to a file, as a whole or not at all.

        Parameters
        ----------
        path : str or path-like
            The file. An old one is replaced only when the new one is complete.

        Returns
        -------
        path : pathlib.Path
            The file.

        Raises
        ------
        OSError
            If the folder does not exist or cannot be written to.
        """
        return self._page().save(path)

    def __repr__(self):
        return f"{self.title}\n\n{self.summary}\n\n{self.code}"

    def _repr_html_(self):
        return self._page().as_frame()

    def _page(self):
        facts = self._facts
        page = ReportPage(self.title, subtitle=_subtitle(facts))
        page.add_heading("Result").add_text("\n\n".join([*facts.headline(), *self._caution()]))
        if self.code:
            page.add_heading("The winner as code", 3).add_pre(self.code)
        _add_candidates(page, facts)
        add_search_pictures(page, facts)
        _add_setup(page, facts)
        page.add_heading("Costs").add_table(cost_table(facts), _cost_caption(facts))
        page.add_heading("Machine and versions")
        for table, caption in zip(version_tables(), ("Where this page was written", "Libraries there"), strict=True):
            page.add_table(table, caption)
        return page

    def _caution(self):
        """What the winner's score is worth on other images: list of one sentence or none."""
        if self.test_score is not None:
            return [
                f"On {plural(self._n_test, 'image')} that the search had not seen: {self._facts.label} "
                f"{score_text(self.test_score)}."
            ]
        if self._facts.chosen is None or self._facts.n_candidates == 1:
            return []
        return [
            "The winner was chosen by the very scores that are shown here, so they flatter it: expect a little less on "
            "other images."
        ]


def _test_score(facts, X_test, y_test):
    if X_test is None and y_test is None:
        return None
    if X_test is None or y_test is None:
        missing = "y_test" if y_test is None else "X_test"
        raise ValueError(f"X_test and y_test belong together, but {missing} is None. Pass both, or neither.")
    scorer = getattr(facts.search, "scorer_", None)
    if scorer is None or facts.candidates.best is None:
        raise ValueError(
            "There is no fitted winner to test. Pass a search that was fitted with refit=True, or leave out X_test and "
            "y_test."
        )
    scorer = scorer[facts.metric] if isinstance(scorer, dict) else scorer
    score = scorer(facts.candidates.best, X_test, y_test)
    return float(score[facts.metric] if isinstance(score, dict) else score)


def _default_title(facts):
    search, estimator = facts.search, facts.candidates.estimator
    name = "cross_validate" if isinstance(search, dict) else type(search).__name__
    if hasattr(search, "get_trials"):
        name = "Optuna study"
        return name if search.study_name.startswith("no-name-") else f"{name} {search.study_name}"
    if estimator is None:
        return name
    steps = [step for _, step in getattr(estimator, "steps", [("", estimator)])]
    return f"{name} of {type(steps[-1]).__name__}"


def _subtitle(facts):
    parts = [plural(facts.n_candidates, facts.noun)]
    if facts.candidates.n_folds > 1:
        parts.append(f"{facts.candidates.n_folds} folds")
    parts += [] if facts.n_images is None else [plural(facts.n_images, "image")]
    return f"{', '.join(parts)}, by {facts.label}"


def _add_candidates(page, facts):
    table, formats, caption = candidate_table(facts)
    page.add_heading(f"{facts.noun.capitalize()}s").add_table(table, caption, formats=formats)
    data = facts.frame.to_csv()
    if len(data) <= LARGEST_CSV:
        n_rows, n_columns = facts.frame.shape
        text = f"Save the whole table as CSV: {plural(n_rows, 'row')}, {plural(n_columns, 'column')}"
        page.add_download(text, data, "search.csv")


def _add_setup(page, facts):
    page.add_heading("What was searched").add_table(setup_table(facts), "Settings")
    space = space_table(facts)
    if space is not None:
        page.add_table(space, "Parameters")
    if facts.base_code:
        page.add_heading("The estimator that it began with", 3).add_pre(facts.base_code)


def _cost_caption(facts):
    text = "Seconds as the search measured them"
    n_jobs = getattr(facts.search, "n_jobs", None)
    return (
        text if n_jobs in (None, 1) else f"{text}; with n_jobs={n_jobs} fits ran beside each other and took longer each"
    )
