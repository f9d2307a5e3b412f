import pytest
from sklearn.model_selection import GridSearchCV

from skimgcls.model_selection import ParallelCoordinatesDisplay, ParetoDisplay, ScoreByParameterDisplay
from skimgcls.model_selection.displays._search_display import SearchDisplay


def test_a_display_says_how_it_is_drawn():
    with pytest.raises(TypeError, match="abstract"):
        SearchDisplay(None)


@pytest.mark.parametrize("display", [ParallelCoordinatesDisplay, ParetoDisplay, ScoreByParameterDisplay])
def test_a_search_and_its_table_look_the_same(display, guesser, blank_images):
    search = GridSearchCV(guesser(), {"quality": [0.1, 0.5], "size": [(1,), (2, 3)]}, cv=2).fit(*blank_images)
    first = display.from_search(search)
    assert first.ax_.figure is first.figure_
    assert "accuracy" in first.ax_.get_ylabel() + "".join(text.get_text() for text in first.ax_.texts)
    second = display.from_frame(first.frame, ax=first.figure_.add_subplot())
    assert second.ax_.get_title(loc="left") == first.ax_.get_title(loc="left")


def test_options_and_the_size_of_the_data_reach_the_display(guesser, blank_images):
    search = GridSearchCV(guesser(), {"quality": [0.1, 0.5]}, cv=2).fit(*blank_images)
    display = ParetoDisplay.from_search(search, n_images=60, cost="predict_images_per_second", metric="score")
    assert display.cost == "predict_images_per_second"
    assert display.ax_.get_xlabel() == "images predicted per second"
