"""``python -m skimgcls`` is the command ``skimgcls``."""

from skimgcls.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
