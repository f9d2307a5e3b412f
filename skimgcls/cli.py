"""The command line: ``skimgcls demo``, ``skimgcls versions``."""

import argparse
import os
import sys


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    int
        Exit status: 0, or 2 for arguments that make no sense and 1 for data that cannot be had.
    """
    parser = _make_parser()
    arguments = parser.parse_args(argv)
    try:
        return arguments.run(arguments) or 0
    except (ValueError, OSError) as error:
        print(f"skimgcls: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nskimgcls: interrupted", file=sys.stderr)
        return 130


def _make_parser():
    from skimgcls import __version__

    parser = argparse.ArgumentParser(prog="skimgcls", description="Image classification in scikit-learn's manner.")
    parser.add_argument("--version", action="version", version=f"skimgcls {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")

    demo = commands.add_parser("demo", help="train an MLP and a CNN on real images and report on them")
    demo.add_argument(
        "--data",
        metavar="NAME|FOLDER",
        type=_data,
        default="digits",
        help="digits, fashion-mnist, mnist, cifar10, or a folder of images with a sub-folder per class (%(default)s)",
    )
    demo.add_argument(
        "--data-home", metavar="DIR", help="folder of downloaded data (else $SKIMGCLS_DATA, else a cache)"
    )
    demo.add_argument("--output", metavar="DIR", default="skimgcls-demo", help="folder to write to (%(default)s)")
    demo.add_argument("--max-epochs", metavar="N", type=_positive, help="epochs of both models")
    demo.add_argument("--n-jobs", metavar="N", type=_positive, help="torch threads (all cores)")
    demo.add_argument("--random-state", metavar="SEED", type=int, default=0)
    demo.set_defaults(run=_demo)

    versions = commands.add_parser("versions", help="print what a bug report needs")
    versions.set_defaults(run=_versions)
    return parser


def _data(text):
    names = ("digits", "fashion-mnist", "mnist", "cifar10")
    if text not in names and not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no folder and none of {', '.join(names)}")
    return text


def _positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, got {text}")
    return value


def _demo(arguments):
    print("Loading torch ...", file=sys.stderr)
    from skimgcls.reports import run_demo

    run_demo(
        arguments.data,
        data_home=arguments.data_home,
        output=arguments.output,
        max_epochs=arguments.max_epochs,
        n_jobs=arguments.n_jobs,
        random_state=arguments.random_state,
    )


def _versions(arguments):
    from skimgcls.utils import show_versions

    show_versions()
