"""`python -m keykind` is `keykind`."""

import sys

from keykind.cli import main

sys.exit(main())
