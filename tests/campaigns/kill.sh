#!/bin/bash
# kill -9 at any moment, of every command that writes: before or after, never in between, and nothing lost.
#
# Usage: SOUNDALIKE=path/to/soundalike [ROUNDS=40] [SEED=1] tests/campaigns/kill.sh
# Works in temporary folders; needs python3. Prints a table; the status is 1 if anything went wrong.
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/kill.py" "$@"
