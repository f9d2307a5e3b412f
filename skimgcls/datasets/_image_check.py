"""What was found in images before training, as a table, as text and as a page of a notebook."""

import base64
import io
import re
from html import escape

from PIL import Image

_N_LISTED = 20  # classes of a page
_N_TOLD = 3  # findings of each check that the text tells one by one
_PIXELATED = 64  # pixels: smaller images are shown with sharp pixels
_FRAME = "width:96px;height:96px;margin-bottom:4px;background:#8882;display:grid;place-items:center"
_TILE = "display:inline-block;vertical-align:top;width:112px;margin:0 8px 8px 0;font-size:11px;overflow-wrap:anywhere"


class ImageCheck:
    """Findings of :func:`~skimgcls.datasets.check_images`; falsy if there are none.

    Parameters
    ----------
    frame : DataFrame
        The findings.
    groups : ndarray of shape (n,), int
        Group of duplicates of each training image.
    n_images : list of int
        Training images, and test images if there are any.
    classes : ndarray of shape (n_classes,), default=None
        Labels.
    examples : dict of int to ndarray of shape (h, w, 3) or None, default=None
        By their rows in `frame`, images to show; None for one that cannot be read.

    Attributes
    ----------
    frame : DataFrame, one row per finding and image
        The gravest first. ``check`` (see :func:`~skimgcls.datasets.check_images`), ``part`` ("train" or "test"),
        ``index`` (position in `X` or `X_test`; missing for what concerns the whole data set), ``name`` (file),
        ``label``, ``group`` (images with the same number are duplicates of each other), ``detail`` and
        ``remedy``: the parameter that handles it.
    summary : DataFrame, one row per check that found something
        ``images``, ``groups`` of duplicates (each missing where there are none) and ``remedy``.
    groups : ndarray of shape (n,), int
        Duplicates, exact or near, have one number. For ``groups=`` of
        :func:`~sklearn.model_selection.cross_validate` with a splitter such as
        :class:`~sklearn.model_selection.StratifiedGroupKFold`.

    See Also
    --------
    check_images : Makes it.

    Examples
    --------
    >>> from skimgcls.datasets import check_images, make_images
    >>> X, y = make_images(60, random_state=0, return_X_y=True)
    >>> X[7] = X[5]
    >>> report = check_images(X, y)
    >>> print(report)
    60 images of 3 classes: 2 findings
    <BLANKLINE>
    exact duplicates: 2 images in 1 group
      #5, #7: 2 images with different labels
      Handled by: groups=report.groups keeps them in one fold; or remove all but one
    >>> len(report.groups), len(set(report.groups.tolist()))
    (60, 59)
    """

    def __init__(self, frame, *, groups, n_images, classes=None, examples=None):
        self.frame = frame
        self.groups = groups
        self.n_images = n_images
        self.classes = classes
        self.examples = examples or {}

    @property
    def summary(self):
        """One row per check that found something."""
        by_check = self.frame.groupby("check", sort=False)
        table = by_check.agg(images=("index", "count"), groups=("group", "nunique"), remedy=("remedy", "first"))
        counts = table[["images", "groups"]].astype("Int64")
        return table.assign(**counts.where(counts > 0))

    @property
    def title(self):
        """The result in a line."""
        train, *test = self.n_images
        classes = "" if self.classes is None else f" of {len(self.classes):,} classes"
        beside = f", and {test[0]:,} test images" if test else ""
        found = f"{len(self):,} finding{'s' * (len(self) != 1)}" if self else "nothing found"
        return f"{train:,} images{classes}{beside}: {found}"

    def __len__(self):
        return len(self.frame)

    def __repr__(self):
        return "\n\n".join([self.title, *(self._tell(check) for check in self.summary.index)])

    def _repr_html_(self):
        if not self:
            return f"<p><strong>{escape(self.title)}</strong></p>"
        table = self.summary.reset_index()
        for name in ("images", "groups"):
            numbers = zip(table[name], table[name].isna(), strict=True)
            table[name] = ["" if is_missing else f"{number:,}" for number, is_missing in numbers]
        table = table.to_html(border=0, index=False, justify="left")
        sections = "".join(self._section(check) for check in self.summary.index)
        return f"<div><p><strong>{escape(self.title)}</strong></p>{table}{sections}</div>"

    def describe(self, check):
        """Say how much a check found.

        Parameters
        ----------
        check : str
            One that found something.

        Returns
        -------
        text : str
            The check, the number of images and of groups.
        """
        found = self.frame[self.frame["check"] == check]
        if found["index"].isna().all():
            return check
        n_groups = found["group"].nunique()
        groups = f" in {n_groups:,} group{'s' * (n_groups > 1)}" if n_groups else ""
        return f"{check}: {len(found):,} image{'s' * (len(found) > 1)}{groups}"

    def name_of(self, row):
        """Say which image, or which class, a row of the frame is about.

        Parameters
        ----------
        row : int
            Position in `frame`.

        Returns
        -------
        name : str
            The file, the position of an image in an array (``#5``), or the class.
        """
        name, label = self.frame.at[row, "name"], self.frame.at[row, "label"]
        if name is not None:
            return name
        if not self.frame["index"].isna()[row]:
            return f"#{self.frame.at[row, 'index']}"
        return "all images" if label is None else str(label)

    def _tell(self, check):
        found = self.frame[self.frame["check"] == check]
        if found["group"].isna().all():
            lines = [f"  {self._place(row)}: {found.at[row, 'detail']}" for row in found.index]
        else:
            lines = [self._tell_group(group) for _, group in found.groupby("group", sort=False)]
        more = [f"  and {len(lines) - _N_TOLD:,} more, see frame"] * (len(lines) > _N_TOLD)
        remedy = f"  Handled by: {found['remedy'].iloc[0]}"
        return "\n".join([self.describe(check), *lines[:_N_TOLD], *more, remedy])

    def _tell_group(self, group):
        names = [self._place(row) for row in group.index]
        more = [f"{len(names) - _N_TOLD:,} more"] * (len(names) > _N_TOLD)
        return f"  {', '.join(names[:_N_TOLD] + more)}: {', '.join(dict.fromkeys(group['detail']))}"

    def _place(self, row):
        part = " (test)" if self.frame.at[row, "part"] == "test" and self.frame.at[row, "name"] is None else ""
        return self.name_of(row) + part

    def _section(self, check):
        """Heading, remedy and some images of a check, for a notebook."""
        found = self.frame[self.frame["check"] == check]
        shown = [row for row in found.index if row in self.examples]
        tiles = "".join(self._tile(row) for row in shown)
        if not shown:
            texts = [f"{self._place(row)}: {found.at[row, 'detail']}" for row in found.index[:_N_LISTED]]
            texts += [f"and {len(found) - _N_LISTED:,} more"] * (len(found) > _N_LISTED)
            tiles = f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"
        return f"<h4>{escape(self.describe(check))}</h4><div>{tiles}</div>"

    def _tile(self, row):
        image, name = self.examples[row], self._place(row)
        short = escape(re.split(r"[/\\]", name)[-1])
        picture = "no picture" if image is None else _picture(image, short)
        about = [self.frame.at[row, "label"], self.frame.at[row, "detail"]]
        about.insert(0, self.frame.at[row, "part"] if len(self.n_images) > 1 else None)
        text = escape("; ".join(str(each) for each in about if each is not None))
        title = f'<b title="{escape(name)}">{short}</b>'
        return f'<div style="{_TILE}"><div style="{_FRAME}">{picture}</div>{title}<br>{text}</div>'


def _picture(image, name):
    png = io.BytesIO()
    Image.fromarray(image).save(png, "PNG")
    source = base64.b64encode(png.getvalue()).decode("ascii")
    sharp = "pixelated" if max(image.shape[:2]) < _PIXELATED else "auto"
    style = f"height:96px;width:96px;object-fit:contain;image-rendering:{sharp}"
    return f'<img src="data:image/png;base64,{source}" alt="{name}" style="{style}">'
