"""``python -m nbtui``."""

import sys

from nbtui.cli import main

if __name__ == "__main__":
    sys.exit(main())
