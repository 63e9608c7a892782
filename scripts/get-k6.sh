#!/usr/bin/env bash
# Puts the load generator k6 into .cache/bin/k6 and prints its path. Does nothing when a good one is there.
# Builds it with a Go toolchain (about 90 s, 64 MB); without one it takes the release, checksum verified.
# Why not `go install go.k6.io/k6/v2@latest`: that asks the module's own host, which proxied networks cannot
# reach. An empty module with the requirement written in asks the proxy only.
set -euo pipefail

version="${K6_VERSION:-v2.1.0}"
# Longest time for the build or the download.
limit_s="${K6_TIMEOUT_S:-600}"
releases="${K6_RELEASES:-https://github.com/grafana/k6/releases/download}"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
bin_dir="$root/.cache/bin"
k6="$bin_dir/k6"

say() { printf 'get-k6: %s\n' "$*" >&2; }

is_good() { [ -x "$1" ] && [[ "$(timeout 10 "$1" version 2>/dev/null)" == *"$version"* ]]; }

if is_good "$k6"; then
  echo "$k6"
  exit 0
fi

mkdir -p "$bin_dir"
# One at a time: a second caller waits and then finds the first one's result.
if command -v flock >/dev/null; then
  exec 9>"$bin_dir/.k6.lock"
  flock -w "$limit_s" 9
  if is_good "$k6"; then
    echo "$k6"
    exit 0
  fi
fi

work="$(mktemp -d "${TMPDIR:-/tmp}/petpro-k6.XXXXXX")"
trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT

# Everything else on the machine comes first.
gently() { nice -n 19 timeout --kill-after=10 "$limit_s" "$@"; }

# Each step is chained with &&: inside a condition bash ignores `set -e`, and a wrong checksum must not pass.
build() {
  command -v go >/dev/null || return 1
  say "building k6 $version with $(go env GOVERSION); this takes a minute or two"
  (
    cd "$work" &&
      go mod init petpro-k6 2>/dev/null &&
      go mod edit -require="go.k6.io/k6/v2@$version" &&
      GOPROXY="$(go env GOPROXY | sed 's/,direct//')" GOFLAGS=-mod=mod CGO_ENABLED=0 \
        gently go build -trimpath -o "$work/k6" go.k6.io/k6/v2 >&2
  )
}

sum_holds() {
  if command -v sha256sum >/dev/null; then sha256sum -c --quiet "$1"; else shasum -a 256 -c "$1"; fi >&2
}

unpack() {
  case "$1" in *.zip) unzip -q "$1" ;; *) tar -xzf "$1" ;; esac
}

download() {
  command -v curl >/dev/null || return 1
  local system machine name archive sums="k6-$version-checksums.txt"
  case "$(uname -s)" in Linux) system=linux ;; Darwin) system=macos ;; *) return 1 ;; esac
  case "$(uname -m)" in x86_64 | amd64) machine=amd64 ;; aarch64 | arm64) machine=arm64 ;; *) return 1 ;; esac
  name="k6-$version-$system-$machine"
  if [ "$system" = linux ]; then archive="$name.tar.gz"; else archive="$name.zip"; fi
  say "downloading $archive"
  (
    cd "$work" &&
      curl -fsSL --max-time "$limit_s" -O "$releases/$version/$archive" &&
      curl -fsSL --max-time 60 -O "$releases/$version/$sums" &&
      grep " $archive\$" "$sums" >sum.txt &&
      sum_holds sum.txt &&
      unpack "$archive" &&
      mv "$name/k6" k6
  )
}

if build || { rm -f "$work/k6" && download; }; then
  if is_good "$work/k6"; then
    mv -f "$work/k6" "$k6"
    echo "$k6"
    exit 0
  fi
  say "what came out is not k6 $version"
fi
say "k6 $version could neither be built (is there a Go toolchain?) nor downloaded"
exit 1
