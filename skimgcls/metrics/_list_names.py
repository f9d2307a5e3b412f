"""Some names in a sentence."""

from skimgcls.metrics._fit_label import fit_label
from skimgcls.metrics._panels import NOTE_SIZE
from skimgcls.metrics._text import text_width

MOST = 3
LONGEST = 110  # points of a name


def list_names(names):
    """Write names for a note above a panel: the first three, long ones shortened, and how many more there are.

    Parameters
    ----------
    names : list
        Labels of classes, at least one.

    Returns
    -------
    text : str
    """
    shown = [fit_label(str(name), LONGEST, 1, lambda text: text_width(text, NOTE_SIZE))[0] for name in names[:MOST]]
    return ", ".join(shown) + f" and {len(names) - MOST} more" * (len(names) > MOST)
