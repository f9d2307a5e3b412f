import pytest
import torch

from skimgcls.architectures import Dropout, make_transfer_network, transfer_image_size

SHAPE = (32, 32, 3)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Weights of a network of five classes."""
    network = make_transfer_network("squeezenet1_1", 5, image_shape=SHAPE)
    path = tmp_path_factory.mktemp("weights") / "weights.pt"
    torch.save(network.state_dict(), path)
    return path


@pytest.mark.parametrize("shape", [(32, 32, 1), (40, 33, 3)], ids=str)
def test_images_become_logits(shape):
    network = make_transfer_network("squeezenet1_1", 4, image_shape=shape, dropout=0.3)
    height, width, channels = shape
    assert network(torch.rand(2, channels, height, width)).shape == (2, 4)
    assert network.head.dropout.p == 0.3


@pytest.mark.parametrize(
    ("given", "size"), [(48, (48, 48)), ((48, 40), (48, 40)), ([48, 40], (48, 40)), (None, (32, 32))]
)
def test_a_size_is_an_integer_or_two(given, size):
    assert make_transfer_network("squeezenet1_1", image_shape=SHAPE, image_size=given).image_size == size


def test_random_layers_are_ours():
    network = make_transfer_network("squeezenet1_1", 4, image_shape=SHAPE)
    foreign = [
        layer for layer in network.modules() if isinstance(layer, torch.nn.Dropout) and type(layer) is not Dropout
    ]
    assert not foreign


def test_a_head_of_as_many_classes_is_taken_from_a_file_and_another_is_not(file):
    head = torch.load(file)["head.linear.weight"]
    load = lambda n: make_transfer_network("squeezenet1_1", n, image_shape=SHAPE, weights=file, image_size=32)  # noqa: E731
    assert torch.equal(load(5).head.linear.weight, head)
    assert load(3).head.linear.weight.shape == (3, 512)
    assert torch.equal(load(3).backbone.features[0].weight, load(5).backbone.features[0].weight)


@pytest.mark.parametrize("channels", [2, 4])
def test_images_of_other_channels_are_refused(channels):
    with pytest.raises(ValueError, match=rf"images of 1 or 3 channels, got {channels}\..*X\[\.\.\., :3\]"):
        make_transfer_network("squeezenet1_1", 4, image_shape=(32, 32, channels))


@pytest.mark.parametrize(
    ("weights", "image_size", "expected"),
    [("DEFAULT", None, (224, 224)), ("DEFAULT", 64, (64, 64)), (None, None, None), (None, (20, 30), (20, 30))],
)
def test_the_size_is_known_before_there_are_images(weights, image_size, expected):
    assert transfer_image_size("squeezenet1_1", weights=weights, image_size=image_size) == expected
