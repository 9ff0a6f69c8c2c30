#!/bin/bash
# Bits that flip, files that are cut, emptied, zeroed or swapped: an error that names the file, or the same result.
#
# Usage: SOUNDALIKE=path/to/soundalike [ROUNDS=40] [SEED=1] tests/campaigns/damage.sh
# Works in temporary folders; needs python3. Prints a table; the status is 1 if anything went wrong.
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/damage.py" "$@"
