"""Text in a plot: fonts that have its characters, and how wide it is."""

import unicodedata
import warnings

# Wide coverage first; of each script the fonts that systems come with.
PREFERRED_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Source Han Sans SC", "PingFang SC", "Hiragino Sans",
    "Hiragino Sans GB", "Apple SD Gothic Neo", "Microsoft YaHei", "Yu Gothic", "Meiryo", "Malgun Gothic", "SimHei",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "Arial Unicode MS", "Segoe UI", "Nirmala UI",
    "Kohinoor Devanagari", "Geeza Pro", "Thonburi", "Leelawadee UI", "Ebrima", "Noto Sans", "DejaVu Sans",
)  # fmt: skip
LAST_RESORT = (
    "Last Resort High-Efficiency"  # comes with matplotlib: a box for each script instead of a warning per glyph
)


def font_families(texts):
    """Choose font families so that every character of some texts can be drawn.

    Parameters
    ----------
    texts : iterable of str
        What will be drawn.

    Returns
    -------
    families : list of str
        For matplotlib's ``fontfamily``: the configured ones, then what they lack.

    Warns
    -----
    UserWarning
        Once, if no installed font has some characters. They are drawn as boxes.
    """
    from matplotlib import font_manager, rcParams

    families = list(rcParams["font.family"])
    characters = {character for text in texts for character in text}
    # Neither spaces nor marks of direction or joining need a glyph.
    missing = {ord(each) for each in characters if not each.isspace() and unicodedata.category(each) != "Cf"}
    for family in families:
        missing -= _characters_of(font_manager.findfont(font_manager.FontProperties(family=[family])))
    entries = _upright_fonts(font_manager.fontManager.ttflist) if missing else {}
    while missing:
        covered = {name: missing & _characters_of(path) for name, path in entries["preferred"].items()}
        best = max(covered, key=lambda name: len(covered[name]), default=None)
        if best is None or not covered[best]:
            break
        families.append(best)
        missing -= covered[best]
    for name, path in entries["others"].items() if missing else ():
        found = missing & _characters_of(path)
        if found:
            families.append(name)
            missing -= found
        if not missing:
            break
    if missing:
        families += [LAST_RESORT] * entries["has_last_resort"]
        _warn_of_boxes(missing)
    return families


def text_width(text, size, families=None):
    """Measure one line of text.

    Parameters
    ----------
    text : str
        Taken as it is: dollar signs start no formula.
    size : float
        Font size in points.
    families : list of str, default=None
        Font families. None means the configured ones.

    Returns
    -------
    width : float
        In points.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=families, size=size)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]


def _characters_of(path):
    from matplotlib.font_manager import get_font

    try:
        return get_font(path).get_charmap().keys()
    except (OSError, RuntimeError):  # a damaged font file
        return set()


def _upright_fonts(font_entries):
    paths = {}
    for entry in font_entries:
        if entry.style == "normal" and entry.name != LAST_RESORT:
            paths.setdefault(entry.name, entry.fname)
    return {
        "preferred": {name: paths[name] for name in PREFERRED_FONTS if name in paths},
        "others": {name: paths[name] for name in sorted(paths) if name not in PREFERRED_FONTS},
        "has_last_resort": any(entry.name == LAST_RESORT for entry in font_entries),
    }


def _warn_of_boxes(missing):
    shown = "".join(chr(code) for code in sorted(missing)[:10]) + ("..." if len(missing) > 10 else "")
    warnings.warn(
        f"No installed font has the {len(missing)} characters {shown!r}; boxes are drawn for them. Install a font that "
        "has them, such as one of the Noto Sans family, or name one in matplotlib.rcParams['font.family'].",
        stacklevel=3,
    )
