import pickle

from skimgcls.metrics import Advice


def test_it_prints_as_its_sentences():
    advice = Advice(["One.", "Two."], {"lr": [1, 2]})
    assert str(advice) == repr(advice) == "One.\nTwo."
    assert (list(advice), advice[1], len(advice), bool(advice)) == (["One.", "Two."], "Two.", 2, True)
    assert advice.param_grid == {"lr": [1, 2]}


def test_with_nothing_to_say_it_is_falsy_and_prints_nothing():
    advice = Advice()
    assert not advice
    assert str(advice) == ""
    assert repr(advice) == "Advice([])"
    assert (advice.sentences, advice.param_grid) == ([], {})


def test_it_can_be_pickled():
    advice = pickle.loads(pickle.dumps(Advice(["One."], {"lr": [1]})))
    assert (advice.sentences, advice.param_grid) == (["One."], {"lr": [1]})
