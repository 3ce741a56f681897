"""`python -m keykind` is `keykind`."""

import sys

from keykind.cli.main import main

sys.exit(main())
