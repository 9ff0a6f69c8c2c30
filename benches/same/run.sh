#!/bin/bash
# Two builds of the program on the same inputs: do they say the same, and at what cost?
#
#   run.sh --dir DIR --old BINARY --new BINARY [--queries 300] [--references 40] [--threads 2] [--instructions]
#
# DIR is the folder of the robustness benchmark (its corpus and queries are used). Every command that looks at
# audio is run by both builds: index add, scan (both depths), compare, cluster, watch, sweep. Of the records,
# what a clock has measured and `started_at` are left out; the rest must be equal, byte by byte, and the
# accepted matches are counted. --instructions also counts instructions of `index add` and `scan` on the demo
# (needs valgrind): a figure that no other load on the machine moves.
# Exit status 1 if any record differs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); repo=$(cd "$here/../.." && pwd)
usage() { sed -n '2,12p' "$0" >&2; exit 2; }
dir=""; old=""; new=""; queries=300; references=40; threads=2; instructions=0
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=${2:?}; shift 2 ;;
    --old) old=$(realpath "${2:?}"); shift 2 ;;
    --new) new=$(realpath "${2:?}"); shift 2 ;;
    --queries) queries=${2:?}; shift 2 ;;
    --references) references=${2:?}; shift 2 ;;
    --threads) threads=${2:?}; shift 2 ;;
    --instructions) instructions=1; shift ;;
    *) usage ;;
  esac
done
[ -n "$dir" ] && [ -n "$old" ] && [ -n "$new" ] || usage
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

# Every n-th query, so that all packages and kinds of damage take part; the references are what those are of, and
# every n-th of the others.
every() { awk -v want="$1" '{all[NR]=$0} END {step=NR/want; if (step<1) step=1; for (i=1; i<=NR; i+=step) print all[int(i)]}'; }
truth=$dir/queries/dev/truth.tsv
tail -n +2 "$truth" | cut -f1 | sort -u | every "$queries" > "$work/names.txt"
sed "s|^|$dir/queries/dev/|" "$work/names.txt" > "$work/queries.txt"
awk -F'\t' 'NR==FNR {wanted[$1]=1; next} $1 in wanted && $2 != "" {print $2}' "$work/names.txt" "$truth" | sort -u > "$work/known.txt"
awk -F'\t' 'NR==1 {for (i=1; i<=NF; i++) c[$i]=i; next}
  $c["role"]=="ref" && $c["split"]=="dev" {print $c["file"]}' "$dir/split-dev.tsv" > "$work/all.txt"
{ grep -Fxf "$work/known.txt" "$work/all.txt"; every "$references" < "$work/all.txt"; } | sort -u \
  | sed "s|^|$dir/|" > "$work/references.txt"
head -n 40 "$work/queries.txt" > "$work/few.txt"

# one BUILD NAME: everything, into $work/NAME.
one() {
  # In one and the same folder, one after the other: paths are part of what is told.
  local program=$1 out=$work/run; rm -rf "$out"; mkdir -p "$out/queue/a"
  local quiet="--threads $threads --quiet"
  cd "$out"
  "$program" index add --files-from ../references.txt --index refs $quiet > /dev/null || true
  "$program" index add --files-from ../few.txt --index own $quiet > /dev/null || true
  scan() { "$program" scan --index refs --format jsonl --min-level candidate --exit-zero $quiet "$@" || [ $? = 3 ]; }
  scan --files-from ../queries.txt > scan.jsonl
  scan --files-from ../few.txt --depth thorough > thorough.jsonl
  scan --files-from ../few.txt --earlier own --policy spotify,cdbaby > earlier.jsonl
  "$program" cluster --files-from ../queries.txt --format jsonl --exit-zero $quiet > cluster.jsonl || [ $? = 3 ]
  "$program" cluster --index refs --format jsonl --exit-zero $quiet > cluster-index.jsonl
  paste ../few.txt <(head -n 40 ../references.txt) | while IFS=$'\t' read -r a b; do
    "$program" compare "$a" "$b" --format jsonl --exit-zero $quiet || [ $? = 3 ]
  done > compare.jsonl
  head -n 10 ../few.txt | while read -r f; do cp "$f" queue/a/; done
  "$program" watch queue --index refs --keep kept --out queue --once --settle 0 --exit-zero --quiet 2> /dev/null
  mv queue/a.soundalike.jsonl watch.jsonl
  "$program" sweep --index refs --catalogue own --state state --format jsonl --exit-zero $quiet > sweep.jsonl
  cd - > /dev/null
  mv "$out" "$work/$2"
}
echo "run.sh: old" >&2; one "$old" old
echo "run.sh: new" >&2; one "$new" new
status=0
python3 "$here/compare.py" "$work/old" "$work/new" || status=1
if [ $instructions = 1 ]; then
  count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 > /dev/null | awk '/Collected/ {print $NF}'
  }
  for name in old new; do
    program=${!name}; rm -rf "$work/count"
    add=$(count "$program" index add "$repo/tests/data/demo/references" --index "$work/count" --threads 1 --quiet)
    scan=$(count "$program" scan "$repo/tests/data/demo/incoming" --index "$work/count" --threads 1 --quiet)
    echo "instructions, $name: index add $add, scan $scan"
  done
fi
exit $status
