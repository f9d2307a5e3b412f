"""A page that holds a file, and shows in a notebook."""

import base64
import re
from html import unescape

from skimgcls.reports._report_page import ReportPage


def test_the_link_holds_the_whole_file():
    page = ReportPage("t").add_download("Save", "a,b\n1,ä\n", "table.csv")
    (name, data) = re.search(
        r'<a download="(.*?)" href="data:text/csv;charset=utf-8;base64,(.*?)">Save</a>', page.render()
    ).groups()
    assert name == "table.csv"
    assert base64.b64decode(data).decode() == "a,b\n1,ä\n"


def test_words_and_names_of_a_link_are_escaped():
    html = ReportPage("t").add_download('<b>"x"', "a", '"><script>').render()
    assert "<b>" not in html
    assert "<script" not in html


def test_a_notebook_gets_the_very_page_in_a_frame_of_its_own():
    page = ReportPage('Say "hi" & <go>').add_text("words")
    frame = page.as_frame()
    assert frame.count("<") == 2  # nothing but the frame and its end
    assert unescape(re.search(r'srcdoc="(.*?)"', frame, flags=re.DOTALL).group(1)) == page.render()
