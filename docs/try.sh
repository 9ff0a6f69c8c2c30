#!/bin/bash
# Makes a folder in which the commands of a page run, as tests/docs.rs does: try.sh PAGE DIR
#
# PAGE is README.md or a page of this book (guide/judge.md). DIR gets the demo and what the page's comments
# `<!-- in: PATH as NAME -->` name; where a page begins with an index, `soundalike` must be on the path.
set -euo pipefail
[ $# = 2 ] || { sed -n '2,5p' "$0" >&2; exit 2; }
docs=$(cd "$(dirname "$0")" && pwd); repo=$(dirname "$docs")
page=$docs/src/$1; [ -e "$page" ] || page=$repo/$1
[ -e "$page" ] || { echo "try.sh: there is no page $1" >&2; exit 2; }
mkdir -p "$2"; cd "$2"
cp -r "$repo/tests/data/demo/references" "$repo/tests/data/demo/incoming" .
sed -n 's/^<!-- in: \(.*\) -->$/\1/p' "$page" | while read -r from _ to; do
  to=${to:-$from}; mkdir -p "$(dirname "$to")"
  if [ -d "$repo/$from" ]; then mkdir -p "$to"; cp -r "$repo/$from/." "$to"; else cp "$repo/$from" "$to"; fi
done
if grep -q '^<!-- with: catalogue.index -->$' "$page" && [ ! -e catalogue.index ]; then
  soundalike index add references --index catalogue.index --catalogue games --quiet > /dev/null
fi
echo "try.sh: the commands of $1 run in $2" >&2
