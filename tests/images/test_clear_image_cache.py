from skimgcls import MLPClassifier
from skimgcls.datasets import clear_image_cache


def test_what_an_estimator_has_put_into_a_cache_is_removed(tmp_path, monkeypatch, photo_files):
    paths, labels = photo_files
    monkeypatch.setenv("SKIMGCLS_CACHE", str(tmp_path / "default"))
    for cache in ("auto", tmp_path / "own"):
        clf = MLPClassifier(max_epochs=1, image_size=8, cache=cache, random_state=0).fit(paths, labels)
        assert clear_image_cache(cache) >= 36 * 8 * 8 * 3
        assert clear_image_cache(cache) == 0
        assert len(clf.predict(paths)) == 36  # decodes them again
        assert clear_image_cache(cache) >= 36 * 8 * 8 * 3
