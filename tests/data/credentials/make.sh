#!/usr/bin/env bash
# Makes the signed files of this folder anew: certificates with openssl, signatures with the crate c2pa (the ignored
# test `make` in tests/credentials/main.rs). The keys are thrown away. Manifests hold random names and the time: files
# made again differ in bytes, not in what they say.
set -euo pipefail
cd "$(dirname "$0")"
keys="$(mktemp -d)"
trap 'rm -rf "$keys"' EXIT

# certificate NAME AUTHORITY ORGANISATION COMMON_NAME UNTIL EXTENSION…: valid from 2020 on, whatever the clock says.
certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$keys/$1.key" \
    -out "$keys/$1.csr" -subj "/O=$3/CN=$4" 2>/dev/null
  printf '%s\n' '[ca]' default_ca=it '[it]' "database=$keys/$1.db" "new_certs_dir=$keys" "serial=$keys/$1.serial" \
    default_md=sha256 policy=any '[any]' organizationName=supplied commonName=supplied '[with]' "${@:6}" >"$keys/$1.cnf"
  : >"$keys/$1.db"
  openssl rand -hex 16 >"$keys/$1.serial"
  local by=(-cert "$keys/$2.pem" -keyfile "$keys/$2.key")
  [ "$1" = "$2" ] && by=(-selfsign -keyfile "$keys/$1.key")
  openssl ca -batch -notext -config "$keys/$1.cnf" -extensions with "${by[@]}" -startdate 20200101000000Z \
    -enddate "$5" -in "$keys/$1.csr" -out "$keys/$1.pem" 2>/dev/null
}

# authority NAME COMMON_NAME
authority() {
  certificate "$1" "$1" "Soundalike test authority" "$2" 21251231000000Z \
    basicConstraints=critical,CA:true keyUsage=critical,keyCertSign,cRLSign subjectKeyIdentifier=hash
}

# signer NAME AUTHORITY ORGANISATION COMMON_NAME UNTIL: as C2PA 2.2, section 14.5, asks of a certificate.
signer() {
  certificate "$@" basicConstraints=critical,CA:false keyUsage=critical,digitalSignature \
    extendedKeyUsage=emailProtection subjectKeyIdentifier=hash authorityKeyIdentifier=keyid
}

authority ca "Known authority"
authority other "Unknown authority"
signer maker ca "Example Music Generator" "Example Generator signing" 21251231000000Z
signer studio other "Example Studio" "Example Studio signing" 21251231000000Z
cp "$keys/ca.pem" ca.pem

# Music: a second or two of tests/data/formats.
ffmpeg -v error -y -t 1 -i ../formats/flac.flac -map_metadata -1 -fflags +bitexact -flags +bitexact "$keys/plain.flac"
KEYS="$keys" cargo test --workspace --locked --test credentials -- --ignored make
