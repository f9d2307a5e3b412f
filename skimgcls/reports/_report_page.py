"""A page with a file in it."""

import base64
from html import escape

from skimgcls.utils._html import HtmlPage


class ReportPage(HtmlPage):
    """An ``HtmlPage`` that can also hold a file to save from it, and that shows in a notebook.

    Parameters
    ----------
    title : str
        The page's main heading.
    subtitle : str, default=""
        One line below it.
    """

    def add_download(self, text, data, filename):
        """Add a link that saves a table.

        Parameters
        ----------
        text : str
            What the link says.
        data : str
            The table as CSV; it becomes a part of the page.
        filename : str
            Under which a browser saves it.

        Returns
        -------
        self : ReportPage
            The page.
        """
        encoded = base64.b64encode(data.encode("utf-8", errors="replace")).decode("ascii")
        link = (
            f'<a download="{escape(filename)}" href="data:text/csv;charset=utf-8;base64,{encoded}">{escape(text)}</a>'
        )
        return self._add("text", f"<p>{link}</p>")

    def as_frame(self):
        """Write the page for a notebook: in a frame, so that its style stays with it.

        Returns
        -------
        html : str
        """
        return (
            f'<iframe title="{escape(self.title)}" srcdoc="{escape(self.render())}" '
            'style="width: 100%; height: 42rem; border: 1px solid #8884; border-radius: 8px"></iframe>'
        )
