#!/bin/bash
# Deliveries, names and files as an adversary lays them out, and what has to come of each.
#
# Usage: SOUNDALIKE=path/to/soundalike [ROUNDS=40] [SEED=1] tests/campaigns/attack.sh
# Works in temporary folders; needs python3. Prints a table; the status is 1 if anything went wrong.
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/attack.py" "$@"
