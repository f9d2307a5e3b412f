"""Labels of any length in the width of an image."""

import re
import unicodedata

ELLIPSIS = "…"
# A word with what separates it from the next; "\xa0" keeps together.
WORD = re.compile(r"[^ _/\-]+[ _/\-]*|[ _/\-]+")


def fit_label(text, width, n_lines, measure, *, head="", tail="", break_words=True):
    """Break a text into lines that fit a width, shortening it in its middle where it does not fit.

    Parameters
    ----------
    text : str
        The label. White space of any kind counts as one space.
    width : float
        Of a line, in the units of `measure`.
    n_lines : int
        Most lines wanted.
    measure : callable
        Gives the width of a line of text.
    head, tail : str, default=""
        Before and after the label, never shortened.
    break_words : bool, default=True
        Whether words longer than a line are broken and the text may be shortened.

    Returns
    -------
    lines : list of str or None
        None if the text does not fit without what `break_words` allows.
    """
    text = " ".join(text.split())
    lines, is_broken = _wrap(head + text + tail, width, measure)
    if len(lines) <= n_lines and (break_words or not is_broken):
        return lines
    if not break_words:
        return None
    most = int(len(text) * n_lines * width / measure(text)) + 2  # characters that could fit at best
    for n_kept in range(min(most, len(text) - 1), 0, -1):
        lines, _ = _wrap(head + _shorten(text, n_kept) + tail, width, measure)
        if len(lines) <= n_lines:
            return lines
    return _wrap(head + ELLIPSIS + tail, width, measure)[0]


def _wrap(text, width, measure):
    lines, is_broken = [""], False
    for word in WORD.findall(text):
        if lines[-1] and measure((lines[-1] + word).rstrip()) > width:
            lines.append("")
        while measure((lines[-1] + word).rstrip()) > width:  # a word longer than a line
            n_fitting = _count_fitting(word, width, measure)
            if n_fitting == len(word):
                break
            lines[-1], word = word[:n_fitting], word[n_fitting:]
            lines.append("")
            is_broken = True
        lines[-1] += word
    return [line.rstrip() for line in lines], is_broken


def _count_fitting(word, width, measure):
    """Length of the longest start of a word that fits, at least one character, never parting one from its accents."""
    n_fitting = next((n for n in range(len(word) - 1, 1, -1) if measure(word[:n]) <= width), 1)
    while n_fitting < len(word) and _continues(word, n_fitting):
        n_fitting += 1
    return n_fitting


def _shorten(text, n_kept):
    """Leave out the middle: names that belong together often differ at their ends."""
    head = (n_kept + 1) // 2
    tail_start = len(text) - (n_kept - head)
    while head > 0 and _continues(text, head):
        head -= 1
    while tail_start < len(text) and _continues(text, tail_start):
        tail_start += 1
    return text[:head].rstrip() + ELLIPSIS + text[tail_start:].lstrip()


def _continues(text, position):
    """Whether the character at a position belongs to the one before it: accents, vowel signs, joiners."""
    return unicodedata.category(text[position]).startswith("M") or "\u200d" in text[position - 1 : position + 1]
