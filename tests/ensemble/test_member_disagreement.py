import numpy as np
import pytest
from scipy.stats import entropy

from skimgcls.ensemble import member_disagreement


def test_votes_are_the_share_against_the_label_with_most_of_them():
    labels = np.array([[0, 0, 0, 0, 0], [0, 0, 0, 1, 1], [0, 1, 2, 3, 1]]).T  # (members, images)
    assert member_disagreement(np.eye(4)[labels]).tolist() == pytest.approx([0, 0.4, 0.6])


def test_mutual_information_is_the_entropy_of_the_mean_less_the_mean_entropy(rng):
    probas = rng.dirichlet(np.ones(4), size=(5, 30))
    expected = entropy(probas.mean(0), axis=1) - entropy(probas, axis=2).mean(0)
    np.testing.assert_allclose(member_disagreement(probas, "mutual_information"), expected)


def test_it_tells_members_that_are_sure_of_other_labels_from_members_that_are_unsure():
    sure, unsure = np.eye(2)[[[0], [1]]], np.full((2, 1, 2), 0.5)
    assert member_disagreement(sure, "mutual_information").tolist() == pytest.approx([np.log(2)])
    assert member_disagreement(unsure.astype(np.float32), "mutual_information").tolist() == [0]


@pytest.mark.parametrize("measure", ["votes", "mutual_information"])
def test_one_member_agrees_with_itself(measure, rng):
    assert member_disagreement(rng.dirichlet(np.ones(3), size=(1, 6)), measure).tolist() == pytest.approx([0] * 6)


def test_what_is_no_stack_of_probabilities_and_an_unknown_measure_are_refused():
    with pytest.raises(ValueError, match="must have three axes"):
        member_disagreement(np.full((3, 2), 0.5))
    with pytest.raises(ValueError, match="'votes', 'mutual_information'"):
        member_disagreement(np.full((3, 2, 2), 0.5), "variance")
