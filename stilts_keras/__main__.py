"""`python -m stilts_keras` is the command `stilts`."""

import sys

from stilts_keras.main import main

if __name__ == "__main__":
    sys.exit(main())
