"""An evaluation as one page of panels."""

from skimgcls.reports._evaluation_panels import panels_of

WIDTH = 11.0  # inches
ROW_HEIGHT = 5.2
WIDE = {"training_curves": 3.8}  # panels that take a whole row, with its height


class EvaluationDisplay:
    """All pictures of an evaluation on one page.

    Parameters
    ----------
    evaluation : Evaluation
        What was measured.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The page. Set by ``plot``.
    panels_ : dict of display by name
        What is on it. Set by ``plot``.
    """

    def __init__(self, evaluation):
        self.evaluation = evaluation

    def plot(self):
        """Draw the page.

        Returns
        -------
        self : EvaluationDisplay
            With ``figure_`` and ``panels_``.
        """
        import matplotlib.pyplot as plt

        rows = _rows(panels_of(self.evaluation))
        heights = [WIDE.get(row[0].name, ROW_HEIGHT) for row in rows]
        self.figure_ = plt.figure(figsize=(WIDTH, sum(heights)), layout="constrained")
        strips = self.figure_.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0]
        places = [
            (panel, place) for row, strip in zip(rows, strips, strict=True) for panel, place in _split(row, strip)
        ]
        # All of them stand before the first one measures its room.
        axes = [place.subplots(1, 2) if panel.name in WIDE else place.subplots() for panel, place in places]
        for panel, place in places:
            place.suptitle(panel.heading, x=0.01, ha="left", fontweight="bold")
        drawn = zip(places, axes, strict=True)
        self.panels_ = {panel.name: panel.draw(self.evaluation, ax) for (panel, _), ax in drawn}
        return self


def _rows(panels):
    """Divide panels into rows of two, the wide ones alone."""
    rows = []
    for panel in panels:
        is_open = rows and len(rows[-1]) == 1 and rows[-1][0].name not in WIDE
        if panel.name not in WIDE and is_open:
            rows[-1].append(panel)
        else:
            rows.append([panel])
    return rows


def _split(row, strip):
    places = strip.subfigures(1, len(row), squeeze=False)[0]
    return list(zip(row, places, strict=True))
