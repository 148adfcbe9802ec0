#!/bin/sh
# What the tests need beyond Python: Chromium, HAProxy, nginx, Node 18 with npm, openssl, Redis 7. Installs from Debian
# what is missing, where that is allowed; otherwise names it and fails. A C compiler is installed likewise, but rtserver
# and its tests do without.
set -eu
cd "$(dirname "$0")/.."
. tools/apt.sh

is_at_least() {  # MINIMUM TEXT: whether the first number in the text reaches the minimum
    number=$(printf '%s' "$2" | sed -n '1s/[^0-9]*\([0-9][0-9]*\).*/\1/p')
    [ "${number:-0}" -ge "$1" ]
}

missing() {  # the Debian packages of what is not there
    [ -x /usr/bin/chromium ] || echo chromium
    [ -x /usr/sbin/haproxy ] || echo haproxy
    is_at_least 18 "$(node --version 2>/dev/null)" || echo nodejs
    command -v npm >/dev/null || echo npm
    [ -x /usr/sbin/nginx ] || echo nginx-light
    command -v openssl >/dev/null || echo openssl
    is_at_least 7 "$(redis-server --version 2>/dev/null | sed 's/.*v=//')" || echo redis-server
}

can_compile() {
    command -v cc >/dev/null &&
        [ -f "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ]
}

can_compile || apt_install gcc libc6-dev python3-dev || true
packages=$(missing)
if [ -n "$packages" ]; then
    # shellcheck disable=SC2086  # one word per package
    apt_install $packages || true
fi
still=$(missing)
if [ -n "$still" ]; then
    echo "The tests need these, and this machine does not let us install them:" $still >&2
    echo "(Chromium as /usr/bin/chromium, HAProxy as /usr/sbin/haproxy, nginx as /usr/sbin/nginx, Node 18 or newer with npm, openssl, Redis 7 or newer. On Debian: apt install" $still")" >&2
    exit 1
fi
