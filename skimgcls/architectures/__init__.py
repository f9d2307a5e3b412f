"""Networks as plain torch modules: float images (n, c, h, w) in, logits (n, n_classes) out."""

from skimgcls.architectures._conv_net import ConvNet
from skimgcls.architectures._fold_batch_norm import fold_batch_norm
from skimgcls.architectures._initialization import build_seeded, initialize_parameters
from skimgcls.architectures._layers import ACTIVATIONS, Dropout, make_activation, make_norm
from skimgcls.architectures._make_transfer_network import make_transfer_network, transfer_image_size
from skimgcls.architectures._mlp import MLP
from skimgcls.architectures._packed_network import PackedNetwork
from skimgcls.architectures._res_net import ResNet
from skimgcls.architectures._scaled_network import InputScaling, ScaledNetwork
from skimgcls.architectures._seeded_draws import SeededDraws
from skimgcls.architectures._summary import LayerSummary, count_parameters, summarize_layers
from skimgcls.architectures._transfer_network import TransferNetwork

__all__ = [
    "ACTIVATIONS", "MLP", "ConvNet", "Dropout", "InputScaling", "LayerSummary", "PackedNetwork", "ResNet",
    "ScaledNetwork", "SeededDraws", "TransferNetwork", "build_seeded", "count_parameters", "fold_batch_norm",
    "initialize_parameters", "make_activation", "make_norm", "make_transfer_network", "summarize_layers",
    "transfer_image_size",
]  # fmt: skip
