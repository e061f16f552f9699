#!/bin/sh
# Installs openrouter-anthropic-server: downloads the executable for this machine, checks its SHA-256, puts it in place.
#   sh install.sh [--url URL] [--to FOLDER]
# URL is the folder that holds the release's files; INSTALL_URL and INSTALL_DIR do the same as the flags.
set -eu

NAME=openrouter-anthropic-server
url=${INSTALL_URL:-}
to=${INSTALL_DIR:-$HOME/.local/bin}

stop() {
  echo "install.sh: $*" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --url) [ $# -gt 1 ] || stop '--url needs an address'; url=$2; shift 2 ;;
    --to) [ $# -gt 1 ] || stop '--to needs a folder'; to=$2; shift 2 ;;
    *) stop "$1: unknown; allowed: --url URL, --to FOLDER" ;;
  esac
done
[ -n "$url" ] || stop 'say where the release is: --url URL, or INSTALL_URL'

case $(uname -s) in
  Linux) system=linux ;;
  Darwin) system=darwin ;;
  *) stop "$(uname -s) is not known here; on Windows take $NAME-windows-x64.exe from the release" ;;
esac
case $(uname -m) in
  x86_64 | amd64) machine=x64 ;;
  aarch64 | arm64) machine=arm64 ;;
  *) stop "there is no executable for $(uname -m)" ;;
esac
kind=
if [ "$system" = linux ]; then
  if ldd --version 2>&1 | grep -qi musl; then
    kind=-musl
  elif [ "$machine" = x64 ] && ! grep -qw avx2 /proc/cpuinfo 2>/dev/null; then
    kind=-baseline
  fi
fi
file=$NAME-$system-$machine$kind

if command -v curl >/dev/null 2>&1; then
  fetch() { curl -fsSL --retry 2 -o "$2" "$1"; }
elif command -v wget >/dev/null 2>&1; then
  fetch() { wget -qO "$2" "$1"; }
else
  stop 'curl or wget is needed'
fi
if command -v sha256sum >/dev/null 2>&1; then
  digest() { sha256sum "$1" | cut -d ' ' -f 1; }
elif command -v shasum >/dev/null 2>&1; then
  digest() { shasum -a 256 "$1" | cut -d ' ' -f 1; }
else
  stop 'sha256sum or shasum is needed, to check what was downloaded'
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch "$url/SHA256SUMS" "$work/SHA256SUMS" || stop "$url/SHA256SUMS cannot be downloaded; is the address right?"
expected=$(grep " $file\$" "$work/SHA256SUMS" | cut -d ' ' -f 1)
[ -n "$expected" ] || stop "the release at $url has no $file"
echo "downloading $url/$file"
fetch "$url/$file" "$work/$file" || stop "$url/$file cannot be downloaded"
actual=$(digest "$work/$file")
[ "$actual" = "$expected" ] || stop "$file is damaged or not the released one: its SHA-256 is $actual, and should be $expected. Nothing was installed."

mkdir -p "$to"
chmod 755 "$work/$file"
# In one step, so that a running program is never half overwritten.
cp "$work/$file" "$to/.$NAME.new" && mv -f "$to/.$NAME.new" "$to/$NAME" || stop "$to cannot be written; choose another folder with --to"
echo "installed: $("$to/$NAME" version) in $to"
case :$PATH: in
  *:"$to":*) ;;
  *) echo "$to is not in PATH; add it, or run $to/$NAME" ;;
esac
