#!/bin/bash
# Errors and kills at every system call that matters, one run for each: no success is claimed for what was not done.
#
# Usage: SOUNDALIKE=path/to/soundalike [ROUNDS=40] [SEED=1] tests/campaigns/inject.sh
# Works in temporary folders; needs python3. Prints a table; the status is 1 if anything went wrong.
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/inject.py" "$@"
