import sys

from tessera_conformance.cli import main

sys.exit(main())
