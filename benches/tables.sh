#!/bin/bash
# The tables of the documentation: runs benchmarks and writes what they print to docs/src/measurements/tables.
#
#   tables.sh --list
#   tables.sh NAME… --dir DIR [--out FOLDER] [-- OPTIONS]        NAME = one of the list, or all
#
# The first line of each table is "Revision HASH, DATE, command: `…`", so that none is of an unknown build.  A table
# is replaced only when its benchmark ended well.  OPTIONS go to the benchmark (tables.sh robustness --dir DIR --
# --scale 0.1); the line names them.  DIR is that of robustness/run.sh and takes what the scripts say; they go on
# where an earlier run stopped.  $SOUNDALIKE, $DISTRACTORS name binaries to use instead of building them, $REVISION
# the commit that they were built from where it is not the present one.
# riffusion and kinds need five files of github.com/riffusion/riffusion-app-hobby (public/) in DIR/riffusion.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); repo=$(cd "$here/.." && pwd)
usage() { sed -n '2,12p' "$0" >&2; exit 2; }
say() { echo "tables.sh: $*" >&2; }

# name | what runs, as a reader would type it
table_list() { cat <<'LIST'
robustness|benches/robustness/run.sh --dir DIR --chromaprint
kinds|benches/kinds/run.sh --dir DIR --seed kinds-2
edits|benches/edits/run.sh --dir DIR/edits --corpus DIR --seed edits-2
chains|benches/chains/run.sh --dir DIR/chains --corpus DIR
unknown|benches/robustness/unknown.sh --dir DIR
calibrate|benches/robustness/calibrate.sh --dir DIR
riffusion|benches/robustness/riffusion.py --dir DIR --index INDEX --soundalike BIN --tracks 8 --clips DIR/riffusion
scale|benches/robustness/scale.py --dir DIR --index INDEX --soundalike BIN --distractors DISTRACTORS
batch|benches/batch/run.sh --dir DIR --only families,many
batch-speed|benches/batch/run.sh --dir DIR --only speed
hidden|benches/robustness/hidden.py --dir DIR --index DIR/scale/index-10000 --soundalike BIN --hosts 20
speed|benches/robustness/speed.sh --dir DIR
LIST
}

names=(); dir=""; out=$repo/docs/src/measurements/tables; rest=()
while [ $# -gt 0 ]; do
  case $1 in
    --list) table_list | column -t -s'|' 2>/dev/null || table_list; exit 0 ;;
    --dir) dir=${2:?}; shift 2 ;;
    --out) out=${2:?}; shift 2 ;;
    --) shift; rest=("$@"); break ;;
    all) mapfile -t names < <(table_list | cut -d'|' -f1); shift ;;
    -*) usage ;;
    *) table_list | grep -q "^$1|" || { say "no table is called $1; see --list"; exit 2; }; names+=("$1"); shift ;;
  esac
done
[ -n "$dir" ] && [ ${#names[@]} -gt 0 ] || usage
mkdir -p "$dir" "$out"; dir=$(cd "$dir" && pwd)

# 1. the binaries, and the index of the references by this one
target=${CARGO_TARGET_DIR:-$repo/target}/release
if [ -z "${SOUNDALIKE:-}" ] || [ -z "${DISTRACTORS:-}" ]; then
  say "building"
  cargo build --release --locked --workspace --bin soundalike --bin distractors --bin many_tracks \
    --manifest-path "$repo/Cargo.toml" >&2
fi
export SOUNDALIKE=${SOUNDALIKE:-$target/soundalike}
DISTRACTORS=${DISTRACTORS:-$target/distractors}
build=$(sha256sum "$SOUNDALIKE" | cut -c1-10)
index=$dir/results/dev-$build/index
need_index() {
  [ -e "$dir/results/dev-$build/indexed" ] || { say "the index of the references comes from robustness/run.sh"
    "$here/robustness/run.sh" --dir "$dir" > /dev/null; }
}
need_distractors() {
  need_index
  [ -e "$dir/scale/index-10000/complete" ] || "$here/robustness/scale.py" --dir "$dir" --index "$index" \
    --soundalike "$SOUNDALIKE" --distractors "$DISTRACTORS" --tracks 10000 > /dev/null
}

# 2. what they are of
if [ -n "${REVISION:-}" ]; then
  revision=$(git -C "$repo" rev-parse --short "$REVISION^{commit}")
else
  revision=$(git -C "$repo" rev-parse --short HEAD)
  git -C "$repo" diff --quiet HEAD -- src index benches Cargo.toml Cargo.lock || revision=$revision-dirty
fi

# 3. one table: the command as written in the list, with its words put in
table() {
  local name=$1 shown command part
  shown=$(table_list | grep "^$name|" | cut -d'|' -f2)
  [ ${#rest[@]} = 0 ] || shown="$shown ${rest[*]}"
  case $name in
    riffusion|scale) need_index ;;
    hidden) need_distractors ;;
  esac
  local words=()
  for part in $(table_list | grep "^$name|" | cut -d'|' -f2); do
    case $part in
      INDEX) part=$index ;;
      BIN) part=$SOUNDALIKE ;;
      DISTRACTORS) part=$DISTRACTORS ;;
      DIR|DIR/*) part=$dir${part#DIR} ;;
      benches/*) part=$repo/$part ;;
    esac
    words+=("$part")
  done
  case ${words[0]} in
    *.py) command=(python3 "${words[@]}") ;;
    *) command=("${words[@]}") ;;
  esac
  say "$name: $shown"
  "${command[@]}" ${rest[@]+"${rest[@]}"} > "$dir/.table-$name"
  if [ "$name" = batch ]; then          # and another seed of the same music
    shown="$shown, then --only families --seed families-2"
    echo >> "$dir/.table-$name"
    "$here/batch/run.sh" --dir "$dir" --only families --seed families-2 >> "$dir/.table-$name"
  fi
  # Headings go below those of the page, and no path of this machine goes into it.
  {
    printf 'Revision %s, %s, command: `%s`\n\n' "$revision" "$(date -u +%F)" "$shown"
    sed -e 's/^#/###/' -e "s#$dir#DIR#g" -e "s#$repo/##g" "$dir/.table-$name" | sed -e '/./,$!d'
  } > "$out/$name.md.part"
  mv "$out/$name.md.part" "$out/$name.md"
  rm -f "$dir/.table-$name"
  say "$out/$name.md is written"
}
for name in "${names[@]}"; do
  table "$name"
done
