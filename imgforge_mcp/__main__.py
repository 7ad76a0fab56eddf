"""`python -m imgforge_mcp` is the console script."""

import sys

from imgforge_mcp.cli import main

sys.exit(main())
