"""The page about an evaluation."""

from skimgcls.reports._estimator_code import estimator_code
from skimgcls.reports._evaluation_panels import panels_of
from skimgcls.reports._evaluation_text import COSTS, cost_table, per_class_table, score_name, score_table, summarize
from skimgcls.reports._report_page import ReportPage
from skimgcls.reports._search_facts import plural
from skimgcls.reports._search_tables import version_tables

INTERVALS = "low and high: 95 % interval, by drawing the images anew"
SPREAD = "mean and sd: over the folds; pooled: all predictions together"


def evaluation_page(evaluation):
    """Lay an evaluation out as a page.

    Parameters
    ----------
    evaluation : Evaluation
        What was measured.

    Returns
    -------
    page : ReportPage
    """
    page = ReportPage(evaluation.title, subtitle=_subtitle(evaluation))
    page.add_heading("Result").add_text("\n\n".join([*summarize(evaluation), *evaluation.notes]))
    page.add_table(score_table(evaluation), _caption(evaluation), formats=_formats(evaluation))
    page.add_download("Save the scores as CSV", evaluation.frame.to_csv(), "scores.csv")
    if evaluation.folds is not None:
        folds = evaluation.folds.drop(columns=["n_images", *COSTS], errors="ignore").T.rename(index=score_name)
        folds = folds.rename_axis("score").rename(columns="fold {}".format)
        page.add_heading("Folds").add_table(folds, "Scores of each fold", formats=dict.fromkeys(folds, "{:.4f}"))
    if evaluation.advice:
        page.add_heading("What to try").add_text("\n\n".join(evaluation.advice.sentences))
        if evaluation.advice.param_grid:
            page.add_pre(estimator_code(evaluation.advice.param_grid, "param_grid"))
    _add_pictures(page, evaluation)
    page.add_heading("Each class").add_table(per_class_table(evaluation.per_class), "Each class against the rest")
    page.add_download("Save the classes as CSV", evaluation.per_class.to_csv(), "classes.csv")
    page.add_heading("Costs").add_table(cost_table(evaluation), "As measured on this machine")
    page.add_heading("The model as code").add_pre(evaluation.code)
    page.add_heading("Machine and versions")
    for table, caption in zip(version_tables(), ("Where this page was written", "Libraries there"), strict=True):
        page.add_table(table, caption)
    return page


def _subtitle(evaluation):
    parts = [plural(len(evaluation.y_true), "image"), f"{len(evaluation.classes):,} classes"]
    parts += [] if evaluation.folds is None else [plural(len(evaluation.folds), "fold")]
    return ", ".join(parts)


def _caption(evaluation):
    parts = ["Scores"] if evaluation.folds is None else ["Scores", SPREAD]
    return "; ".join([*parts, INTERVALS] if evaluation.frame["low"].notna().any() else parts)


def _formats(evaluation):
    return dict.fromkeys(evaluation.frame.columns.drop("unit"), "{:.4f}")


def _add_pictures(page, evaluation):
    import matplotlib.pyplot as plt

    # Displays are dark on white, whatever style the session has; and no window opens.
    with plt.style.context("default", after_reset=True), plt.ioff():
        page.add_heading("Pictures")
        for panel in panels_of(evaluation):
            figure = panel.figure(evaluation)
            page.add_figure(figure, alt=panel.say(evaluation), caption=panel.heading)
            plt.close(figure)
