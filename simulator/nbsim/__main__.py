"""``python -m nbsim``."""

import sys

from nbsim.cli import main

if __name__ == "__main__":
    sys.exit(main())
