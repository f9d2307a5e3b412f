"""Which parameters a model file holds, and what it may set them to."""

import re

from skimgcls.exceptions import ModelFileError

# What belongs to the machine, and where a file of a stranger's must not choose folders to write to; with what is loaded
NOT_STORED = {"cache": "auto", "callbacks": None, "checkpoint_dir": None}

# What goes to the optimizer and the loss, which are torch's; other parameters of skorch can have programs run: a
# compiler, for one.
_NET_PARAM = re.compile(r"(?:optimizer|criterion)__\w+|predict_nonlinearity")

MAX_MODELS = 1000  # in one file: members of ensembles
MAX_NESTING = 4  # ensembles of ensembles
_MAX_THREADS = 1024  # more end the process when they cannot be started


def check_params(params, prefix=""):
    """Refuse values of parameters that no model file may hold.

    Parameters
    ----------
    params : dict
        Of an estimator of ours.
    prefix : str
        Of names in errors.

    Raises
    ------
    ModelFileError
        That names the parameter.
    """
    for name, value in (params.get("net_params") or {}).items():
        if not isinstance(name, str) or not _NET_PARAM.fullmatch(name):
            raise ModelFileError(
                f"{prefix}net_params[{name!r}]={value!r:.80} cannot be stored in a model file, which holds parameters "
                "of the optimizer and the criterion only. Leave it out with set_params(net_params=...) "
                "before saving; what was learnt stays as it is."
            )
    n_jobs = params.get("n_jobs")
    if n_jobs is not None and abs(n_jobs) > _MAX_THREADS:
        raise ModelFileError(f"{prefix}n_jobs={n_jobs} is more than the {_MAX_THREADS} that a model file may ask for.")


def is_too_deep(prefix):
    """Tell whether a model stands within more others than files hold, from where it stands: "members.0.members.1."."""
    return len(re.findall(r"[a-z]+\.", prefix)) > MAX_NESTING
