"""Some names in a sentence."""

from skimgcls.metrics._fit_label import fit_label
from skimgcls.metrics._panels import NOTE_SIZE
from skimgcls.metrics._text import font_families, text_width

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
    texts = [str(name) for name in names[:MOST]]
    families = font_families(texts)
    shown = [fit_label(text, LONGEST, 1, lambda part: text_width(part, NOTE_SIZE, families))[0] for text in texts]
    return ", ".join(shown) + f" and {len(names) - MOST} more" * (len(names) > MOST)
