#!/usr/bin/env bash
# Runs fuzz targets one after the other and prints a table: what was tried, what was reached, what was found.
#
#   fuzz/run.sh [-n INPUTS] [-t SECONDS] [TARGET…]      default: 1,000,000 inputs or 120 s each, all targets
#
# libFuzzer comes with the crate libfuzzer-sys; coverage is an option of the compiler. So neither a nightly toolchain
# nor cargo-fuzz is needed, only a C++ compiler. New inputs go to fuzz/corpus/TARGET, finds to fuzz/artifacts/TARGET.
# Ends with 1 if anything was found.
set -euo pipefail
cd "$(dirname "$0")"

runs=1000000 seconds=120
while getopts n:t: option; do
  case $option in
    n) runs=$OPTARG ;;
    t) seconds=$OPTARG ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))

# What a target starts from, apart from `seeds/TARGET`.
seeds() {
  case $1 in
    decode_audio) echo ../tests/data/formats ;;
    tags) echo ../tests/data/formats seeds/decode_audio ;;
    credentials) echo ../tests/data/credentials ;;
    manifest | segment) echo ../index/tests/golden/* ;;
    ern_message) echo ../tests/data/ern ;;
    manifest_rows | metadata_table) echo ../tests/data/manifests ;;
    policy_pack) echo ../src/policy/packs ;;
  esac
  if [ -d "seeds/$1" ]; then echo "seeds/$1"; fi
}

# Longest input. A mutant of a small file is as good as one of a large one, and ten are tried in the time of one; what is
# longer is cut to this. Most files of tests/data/formats are shorter, and so whole.
longest() {
  case $1 in
    decode_audio | tags) echo 9216 ;;
    # Manifests of credentials are that long themselves.
    credentials) echo 32768 ;;
    manifest | segment) echo 16384 ;;
    *) echo 4096 ;;
  esac
}

triple=$(rustc -vV | sed -n 's/^host: //p')
target_dir=${CARGO_TARGET_DIR:-target}/fuzz
flags=(-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks
  --cfg=fuzzing -Ccodegen-units=1)
targets=("$@")
[ $# -gt 0 ] || mapfile -t targets < <(sed -n 's/^name = "\(.*\)"$/\1/p' Cargo.toml | grep -v '^soundalike')
# Half of all crates are for credentials alone.
features=()
[[ " ${targets[*]} " == *" credentials "* ]] || features=(--no-default-features)
# The versions of everywhere else; with a target named, build scripts are left uninstrumented.
[ -e Cargo.lock ] || cp ../Cargo.lock Cargo.lock
RUSTFLAGS="${flags[*]}" cargo build --quiet --release --target "$triple" --target-dir "$target_dir" \
  "${features[@]}" "${targets[@]/#/--bin=}"

found=0
printf '| %-16s | %10s | %8s | %8s | %8s | %s |\n' target inputs 'a second' edges 'peak MB' result
printf '| --- | ---: | ---: | ---: | ---: | --- |\n'
for name in "${targets[@]}"; do
  mkdir -p "corpus/$name" "artifacts/$name"
  log="artifacts/$name/log.txt" result=none
  # shellcheck disable=SC2046
  "$target_dir/$triple/release/$name" "corpus/$name" $(seeds "$name") \
    -runs="$runs" -max_total_time="$seconds" -max_len="$(longest "$name")" \
    -timeout=30 -rss_limit_mb=1024 -malloc_limit_mb=512 \
    -artifact_prefix="artifacts/$name/" -print_final_stats=1 >"$log" 2>&1 || { result='**found**' found=1; }
  stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -1; }
  edges=$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2)
  printf '| %-16s | %10s | %8s | %8s | %8s | %s |\n' "$name" "$(stat number_of_executed_units)" \
    "$(stat average_exec_per_sec)" "${edges:-?}" "$(stat peak_rss_mb)" "$result"
done
exit $found
