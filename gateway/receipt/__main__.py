"""`python -m gateway.receipt`."""

import sys

from gateway.receipt.command import main

sys.exit(main())
