"""Convolutional network trained from scratch."""

import inspect
from numbers import Integral

from sklearn.utils._param_validation import Interval, StrOptions
from torch.nn import Module

from skimgcls.architectures import ConvNet, ResNet
from skimgcls.base import BaseImageClassifier
from skimgcls.estimators._check_layer_widths import MAX_WIDTH, check_layer_widths


class CNNClassifier(BaseImageClassifier):
    """Convolutional image classifier trained from scratch.

    Images of any size and any real dtype; their mean and spread are learnt at fit, so that bytes and floats, 0-255 and
    0-1, give the same model.

    Parameters
    ----------
    conv_channels : tuple of int, default=(32, 32, 64, 64)
        Output channels of each 3x3 convolution, in order. After each pair the feature map is halved by max pooling, and
        before the dense layers it is averaged down to at most 7x7.
    hidden_units : tuple of int, default=(128,)
        Units of each dense layer between the feature map and the output.
    norm : {"batch", "group"} or None, default="batch"
        Normalization after each convolution.
    architecture : {"conv", "resnet"} or callable, default="conv"
        "resnet" is a small residual network for small images [1]_; ``conv_channels`` and ``hidden_units`` do not apply
        to it. A callable ``(image_shape, n_classes) -> torch.nn.Module`` brings a network of your own:
        ``image_shape`` is (height, width, channels), the module takes scaled images (n, c, h, w) and gives logits (n,
        n_classes). Dropout of a foreign module draws from torch's global generator, so its results may differ between
        threads.
    depth : int, default=20
        Layers of the residual network: 6 n + 2.
    width : int, default=16
        Channels of its first stage; the next ones have twice and four times as many.
    activation : {"relu", "gelu", "silu", "leaky_relu", "elu", "tanh", "sigmoid"}, default="relu"
        Non-linearity.
    dropout : float in [0, 1), default=0.0
        Share of values set to zero, after each pooling and each hidden layer.
    optimizer : {"sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad", "adadelta"} or class, default="adam"
        Or any ``torch.optim.Optimizer`` class. Adam [2]_ needs the least tuning of the learning rate.
    lr : float, default=1e-3
        Learning rate; the default is Adam's own.
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
    batch_size : int, default=128
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
    image_size : int, (int, int) or None, default=None
        Height and width in pixels that image files are decoded to, where ``X`` holds paths; an int means a square. The
        shorter side is scaled to it and the centre is kept. None takes the size that all files have, and raises where
        they have several. Images given as numbers are not resized: they must have that size.
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
    MLPClassifier : A network of dense layers, faster to train on small images.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016, section 4.2.
    .. [2] D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    .. [3] T.-Y. Lin et al., "Focal loss for dense object detection", ICCV 2017.

    Examples
    --------
    >>> from skimgcls import CNNClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> X, y = load_digit_images(return_X_y=True)
    >>> clf = CNNClassifier(max_epochs=2, random_state=0).fit(X, y)
    >>> clf.predict(X[:2]).shape
    (2,)
    >>> bool(clf.score(X, y) > 0.9)
    True
    """

    _parameter_constraints = {
        **BaseImageClassifier._parameter_constraints,
        "conv_channels": ["array-like", Integral],
        "architecture": [StrOptions({"conv", "resnet"}), callable],
        "depth": [Interval(Integral, 8, None, closed="left")],
        "width": [Interval(Integral, 1, MAX_WIDTH, closed="both")],
    }
    _architecture_params = (
        *BaseImageClassifier._architecture_params,
        "conv_channels",
        "architecture",
        "depth",
        "width",
    )

    def __init__(
        self,
        conv_channels=(32, 32, 64, 64),
        *,
        hidden_units=(128,),
        norm="batch",
        architecture="conv",
        depth=20,
        width=16,
        activation="relu",
        dropout=0.0,
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
        batch_size=128,
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
        image_size=None,
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
        self.conv_channels = conv_channels
        self.hidden_units = hidden_units
        self.norm = norm
        self.architecture = architecture
        self.depth = depth
        self.width = width
        self.activation = activation
        self.dropout = dropout
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
        self.image_size = image_size
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

    def _build_module(self, image_shape, n_classes):
        if isinstance(self.architecture, Module):
            raise ValueError(
                f"architecture is a {type(self.architecture).__name__} that is made already, but each fit needs a new "
                "one. Pass a callable (image_shape, n_classes) -> module, such as a function or the class itself."
            )
        if callable(self.architecture):
            _check_signature(self.architecture)
            return self.architecture(image_shape, n_classes)
        height, width, channels = image_shape
        in_shape = (channels, height, width)
        layers = {"norm": self.norm, "activation": self.activation, "dropout": self.dropout}
        if self.architecture == "resnet":
            return ResNet(in_shape, n_classes, depth=self.depth, width=self.width, **layers)
        return ConvNet(
            in_shape,
            n_classes,
            conv_channels=check_layer_widths("conv_channels", self.conv_channels, at_least=1),
            hidden_units=check_layer_widths("hidden_units", self.hidden_units),
            **layers,
        )


def _check_signature(architecture):
    """Refuse a callable that does not take the two arguments, in words of its own: its error would not name it."""
    try:
        inspect.signature(architecture).bind("image_shape", "n_classes")
    except TypeError as error:
        raise TypeError(
            f"architecture={architecture!r} cannot be called with (image_shape, n_classes): {error}. Pass a callable "
            "of these two that returns a torch module."
        ) from error
    except ValueError:  # of what is written in C nobody knows the arguments
        return
