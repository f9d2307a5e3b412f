"""Transfer learning: a network trained on other images, with a new head."""

import os
from numbers import Integral, Real

import torch
from sklearn.utils._param_validation import Interval, StrOptions

from skimgcls.architectures import make_transfer_network, transfer_image_size
from skimgcls.base import BaseImageClassifier
from skimgcls.training._build_transfer_network import build_transfer_network
from skimgcls.training._feature_cache import FEATURE_CACHE
from skimgcls.training._file_settings import SHAPING_PARAMS
from skimgcls.training._transfer_net import TransferNet

_BACKBONE_SHARE = 0.1  # of the head's rate, as R-CNN was fine-tuned; from random weights there is nothing to keep
_OF_OTHER_NETWORKS = ("hidden_units", "norm", "activation")


class PretrainedClassifier(BaseImageClassifier):
    """Image classifier on a network that was trained on other images.

    The classifier of a known network is replaced by a new linear head. By default only that head is trained, on
    features that the network, frozen, computes once for each image. ``unfreeze_after`` then lets the whole network
    train on, at a smaller learning rate.

    Parameters
    ----------
    backbone : str, default="resnet50"
        A classifier of torchvision, such as "resnet18", "mobilenet_v3_small", "efficientnet_b0", "densenet121",
        "vgg16", "convnext_tiny", "vit_b_16" or "swin_t"; or "timm/" and the name of a network of timm, which needs
        ``pip install "skimgcls[timm]"``.
    weights : str, path or None, default="DEFAULT"
        "DEFAULT" or another name of torchvision's weights, which are downloaded once into the folder of ``torch.hub``;
        the path of a state dict, written by ``torch.save`` or safetensors, of the whole network or of its backbone; or
        None for random weights. A head in a file is taken where it has one output for each class.
    freeze : "backbone", int or None, default="backbone"
        What is not trained: "backbone" is all but the head, an integer that many parts of the backbone from its input
        (for "resnet18": conv1, bn1, layer1, layer2, layer3, layer4), None nothing. Normalizations of a frozen part keep
        the statistics that they have.
    unfreeze_after : int or None, default=None
        Epochs after which everything is trained; None stays with ``freeze``. Does not apply to ``freeze=None``.
    head_lr : float or None, default=None
        Learning rate of the head; None is ``lr``.
    backbone_lr : float or None, default=None
        Learning rate of the backbone; None is a tenth of the head's [2]_, and the same with ``weights=None``.
    image_size : int, (int, int) or None, default=None
        Height and width in pixels that images are resized to on the device, bilinearly with antialiasing and not
        keeping their shape; an int means a square. Image files are decoded to it, their centre cut to its shape. None
        is the size that the weights were trained on, and for ``weights=None`` that of the images.
    dropout : float in [0, 1), default=0.0
        Share of features set to zero before the head.
    feature_cache : int, default=0
        Megabytes of features that this process keeps for other fits, such as the candidates and folds of a search over
        ``lr``, found by what is in the images and in the weights. 0 keeps none beyond a fit. Applies to a backbone that
        is frozen, without ``augment``.
    optimizer : {"sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad", "adadelta"} or class, default="adam"
        Or any ``torch.optim.Optimizer`` class. Adam [1]_ needs the least tuning of the learning rate.
    lr : float, default=1e-3
        Learning rate of what has no other; the default is Adam's own.
    momentum : float in [0, 1), default=0.9
        Momentum of ``optimizer="sgd"``; the others do not use it.
    weight_decay : float, default=0.0
        L2 penalty, handed to the optimizer.
    l1 : float, default=0.0
        L1 penalty on weights (not biases or norms).
    lr_schedule : {"cosine", "onecycle", "step", "exponential", "plateau"} or None, default=None
        How the learning rate changes over ``max_epochs``: down to 0 by a half cosine; up from lr/25 in 30 % of the
        epochs and down again; times 0.1 after 1/2 and 3/4; down to lr/100 exponentially; times 0.1 when the loss has
        not improved for more than 3 epochs. After ``max_epochs`` it stays at its end.
    criterion : {"cross_entropy", "nll", "focal"} or class, default="cross_entropy"
        Loss. "nll" is the negative log-likelihood of log-softmax outputs, which equals "cross_entropy" by construction;
        "focal" is the focal loss with gamma 2 [3]_. A ``torch.nn`` loss class is given logits (``NLLLoss``:
        log-softmax).
    label_smoothing : float in [0, 1), default=0.0
        Share of the target probability that is spread evenly over all classes.
    class_weight : "balanced", dict or None, default=None
        Weight of each class, as elsewhere in scikit-learn; multiplies ``sample_weight``.
    sampling : {"balanced", "oversample", "undersample"} or None, default=None
        Which training images an epoch draws, so that all classes are equally frequent: as many in all as there are, as
        many of each class as the largest has, or as many as the smallest has (others in each epoch). None takes every
        image once. Of a class that has too few, images are repeated. Images for validation are never drawn, and
        ``sample_weight`` applies to what is drawn. Not together with ``class_weight="balanced"``.
    batch_size : int, default=32
        Images in a step. More than there are means all of them.
    max_epochs : int, default=10
        Epochs to train for, or at most, when something stops it earlier.
    augment : str, callable, list or None, default=None
        Random changes of each training image: "light" (shifts; safe for digits), "standard" (mirror, shift, cutout),
        "strong", anything of `skimgcls.preprocessing`, a function on tensors of images (b, c, h, w), or a list of
        these.
    tta : int, default=1
        Views of each image that a prediction averages (test-time augmentation): the image itself and ``tta - 1``
        fixed draws of ``augment``.
    gradient_clip : float or None, default=None
        Largest norm of the gradient of one step.
    early_stopping : bool, default=False
        Stop when the monitored loss has not improved by ``tol`` for ``patience`` epochs, and keep the best weights.
        Holds out 0.1 of the training images (stratified) unless ``X_val`` or ``validation_fraction`` is given.
    validation_fraction : float in (0, 1) or None, default=None
        Share of the training images to hold out and validate on. None holds out nothing.
    patience : int, default=5
        Epochs without improvement before early stopping.
    tol : float, default=1e-4
        Smallest improvement of the loss (nats) that counts.
    time_limit : float or None, default=None
        Seconds that training may take; no epoch is begun that would pass it, but one always runs.
    checkpoint_dir : str or path-like, default=None
        Folder in which ``fit`` keeps a file of its own, replaced after each epoch. After a crash the same call on the
        same images goes on from there, and ends as if nothing had happened; of a finished fit it returns at once.
        Meanwhile SIGTERM ends the process as Ctrl-C does: after the batch, with exit code 143. ``partial_fit`` neither
        reads nor writes files.
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, channels) of flat rows; square greyscale rows need none.
    channels : {"auto", "first", "last"}, default="auto"
        Where the channel axis of 4-D input stands. "auto" takes the axis of size 1, 3 or 4 and raises where both fit.
        For flat rows with ``image_shape``, "first" says that they hold one whole channel after another.
    color_mode : {"auto", "gray", "rgb"}, default="auto"
        What image files are decoded to: one channel, three, or three where at least one of the files has colour.
    cache : "auto", path or None, default="auto"
        Folder for decoded image files, which later epochs, fits and processes read instead of decoding them again;
        `skimgcls.datasets.clear_image_cache` empties it. "auto" is the folder that the environment variable
        SKIMGCLS_CACHE names, else one in the user's cache folder. None decodes files into memory, or for each batch
        where they would take more than half of what is free.
    n_jobs : int or None, default=None
        Torch threads of one fit; -1 is all cores. None takes all cores when alone and the worker's share inside a
        parallel search. Results are equal to the bit at the same number of threads.
    callbacks : list or None, default=None
        Callbacks of skorch or of `skimgcls.callbacks`. Each fit runs shallow copies of them.
    net_params : dict or None, default=None
        Anything else that skorch takes, such as ``{"optimizer__betas": (0.9, 0.99), "compile": True}``.
    device : str or torch.device, default="auto"
        "auto" takes CUDA, then MPS, then the CPU.
    precision : {"auto", "float32", "bf16", "fp16"}, default="auto"
        Number format of the heavy operations. "auto" is bf16 on CUDA and float32 elsewhere; "fp16" needs CUDA.
    dtype : {"float32", "float64"}, default="float32"
        Type of the weights and of what is predicted.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the last fit.
    random_state : int, RandomState instance or None, default=None
        Seed of weights, hold-out split, shuffling, dropout and augmentation. With an integer, the global generators of
        numpy and torch are left untouched.
    verbose : int, default=0
        Above 0, one line per epoch is printed.

    Attributes
    ----------
    net_ : skorch.NeuralNetClassifier
        The trained net; ``net_.module_`` is the torch module, ``net_.history`` skorch's own history.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    image_shape_ : tuple of int
        (height, width, channels) of the images seen by fit.
    n_features_in_ : int
        height * width * channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, when ``X`` was a DataFrame with string columns.
    n_epochs_ : int
        Epochs trained.
    best_epoch_ : int
        Epoch (from 1) of the lowest validation loss, without validation of the lowest training loss. With
        ``early_stopping`` the weights are of this epoch, otherwise of the last.
    history_ : DataFrame, one row per epoch
        Columns ``epoch``, ``train_loss`` (nats), ``train_accuracy``, ``valid_loss`` (nats), ``valid_accuracy``, ``lr``,
        ``seconds``, ``images_per_second``; the ``valid_`` columns are NaN where nothing was held out.
    fit_time_ : float
        Seconds spent in training so far, without torch's one-off start-up.
    device_ : str
        Device that the network is on.
    n_parameters_ : int
        Weights that training adjusts.

    See Also
    --------
    CNNClassifier : Convolutional network trained from scratch.
    skimgcls.estimators.ImageEmbedder : Features of a pretrained network, for other classifiers.

    Notes
    -----
    Images are not scaled by their own mean and spread: their values are brought to 0 to 1 (white is 1, 255 or 65535
    where the largest value of the training images is more than half of it, else that value), and normalized with the
    constants that the weights were trained with; a file and random weights take those of the default weights. Greyscale
    is repeated to three channels. Dropout and stochastic depth of a frozen backbone are off.

    References
    ----------
    .. [1] D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    .. [2] R. Girshick et al., "Rich feature hierarchies for accurate object detection and semantic segmentation", CVPR
       2014, section 2.3.
    .. [3] T.-Y. Lin et al., "Focal loss for dense object detection", ICCV 2017.

    Examples
    --------
    >>> from skimgcls import PretrainedClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> X, y = load_digit_images(return_X_y=True)
    >>> clf = PretrainedClassifier("squeezenet1_1", weights=None, image_size=32, max_epochs=2, random_state=0)
    >>> clf.fit(X[:100], y[:100]).predict(X[:2]).shape  # with weights="DEFAULT" it would know images already
    (2,)
    >>> clf.n_parameters_  # of the head alone
    5130
    """

    _parameter_constraints = {
        **{n: c for n, c in BaseImageClassifier._parameter_constraints.items() if n not in _OF_OTHER_NETWORKS},
        "backbone": [str],
        "weights": [str, os.PathLike, None],
        "freeze": [StrOptions({"backbone"}), Interval(Integral, 0, None, closed="left"), None],
        "unfreeze_after": [Interval(Integral, 1, None, closed="left"), None],
        "head_lr": [Interval(Real, 0, None, closed="neither"), None],
        "backbone_lr": [Interval(Real, 0, None, closed="neither"), None],
        "feature_cache": [Interval(Integral, 0, None, closed="left")],
    }
    _net_class = TransferNet
    _architecture_params = ("backbone", "weights", "dropout", "dtype", *SHAPING_PARAMS)

    def __init__(
        self,
        backbone="resnet50",
        *,
        weights="DEFAULT",
        freeze="backbone",
        unfreeze_after=None,
        head_lr=None,
        backbone_lr=None,
        image_size=None,
        dropout=0.0,
        feature_cache=0,
        optimizer="adam",
        lr=1e-3,
        momentum=0.9,
        weight_decay=0.0,
        l1=0.0,
        lr_schedule=None,
        criterion="cross_entropy",
        label_smoothing=0.0,
        class_weight=None,
        sampling=None,
        batch_size=32,
        max_epochs=10,
        augment=None,
        tta=1,
        gradient_clip=None,
        early_stopping=False,
        validation_fraction=None,
        patience=5,
        tol=1e-4,
        time_limit=None,
        checkpoint_dir=None,
        image_shape=None,
        channels="auto",
        color_mode="auto",
        cache="auto",
        n_jobs=None,
        callbacks=None,
        net_params=None,
        device="auto",
        precision="auto",
        dtype="float32",
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.backbone = backbone
        self.weights = weights
        self.freeze = freeze
        self.unfreeze_after = unfreeze_after
        self.head_lr = head_lr
        self.backbone_lr = backbone_lr
        self.image_size = image_size
        self.dropout = dropout
        self.feature_cache = feature_cache
        self.optimizer = optimizer
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.l1 = l1
        self.lr_schedule = lr_schedule
        self.criterion = criterion
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.sampling = sampling
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.augment = augment
        self.tta = tta
        self.gradient_clip = gradient_clip
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.tol = tol
        self.time_limit = time_limit
        self.checkpoint_dir = checkpoint_dir
        self.image_shape = image_shape
        self.channels = channels
        self.color_mode = color_mode
        self.cache = cache
        self.n_jobs = n_jobs
        self.callbacks = callbacks
        self.net_params = net_params
        self.device = device
        self.precision = precision
        self.dtype = dtype
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @staticmethod
    def clear_feature_cache():
        """Let go of all features that ``feature_cache`` keeps in this process."""
        FEATURE_CACHE.clear()

    @property
    def _file_size(self):
        """What image files are decoded to."""
        return transfer_image_size(self.backbone, weights=self.weights, image_size=self.image_size)

    def _build_module(self, image_shape, n_classes):
        network = make_transfer_network(
            self.backbone,
            n_classes,
            image_shape=image_shape,
            weights=self.weights,
            image_size=self.image_size,
            dropout=self.dropout,
        )
        network.freeze(self.freeze or 0)  # refuses a number of parts that there are not
        return network

    def _build_network(self, data, seed, device):
        return build_transfer_network(
            lambda: self._build_module(data.layout.image_shape, len(data.classes)),
            data.train,
            maximum=data.maximum,
            seed=seed,
            dtype=getattr(torch, self.dtype),
            device=device,
        )

    def _net_settings(self, data, device, seed):
        settings = super()._net_settings(data, device, seed)
        head_lr = float(self.lr if self.head_lr is None else self.head_lr)
        share = 1.0 if self.weights is None else _BACKBONE_SHARE
        return settings | {
            "lr": head_lr,
            "backbone_lr": head_lr * share if self.backbone_lr is None else float(self.backbone_lr),
            "freeze": self.freeze,
            "unfreeze_after": self.unfreeze_after,
            "feature_cache": self.feature_cache * 2**20,
        }
