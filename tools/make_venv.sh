#!/bin/sh
# Makes .venv with a Python from 3.11 to 3.14, unless there is one that works.
#
# 3.11 and 3.12 come first: the wheel with the embedded Redis exists for them. Debian's Python comes without what a
# virtual environment is made with; it is installed where that is allowed.
set -eu
cd "$(dirname "$0")/.."
. tools/apt.sh

is_right_version() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null
}

can_make_venv() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

pythons() {
    for name in python3.11 python3.12 python3.13 python3.14 python3; do
        if command -v "$name" >/dev/null && is_right_version "$name"; then echo "$name"; fi
    done
}

if [ -x .venv/bin/python ] && is_right_version .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; then
    exit 0
fi

found=$(pythons)
if [ -z "$found" ]; then
    echo "No Python from 3.11 to 3.14 on the PATH. On Debian: apt install python3 python3-venv" >&2
    exit 1
fi
for python in $found; do
    if can_make_venv "$python"; then chosen=$python; break; fi
done
if [ -z "${chosen:-}" ]; then
    chosen=$(echo "$found" | head -n 1)
    version=$("$chosen" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! apt_install "python$version-venv" || ! can_make_venv "$chosen"; then
        echo "$chosen cannot make a virtual environment. On Debian: apt install python$version-venv" >&2
        exit 1
    fi
fi
echo "Making .venv with $chosen"
"$chosen" -m venv --clear .venv
