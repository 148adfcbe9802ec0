# Sourced. apt_install PACKAGE...: installs Debian packages where this machine lets us; fails where it does not.

apt_install() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        return 1
    fi
    echo "Installing from Debian: $*"
    apt_get install "$@" || { apt_get update && apt_get install "$@"; }
}

apt_get() {
    verb=$1
    shift
    # shellcheck disable=SC2086  # as_root is two words or none
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get "$verb" -y -qq "$@" >/dev/null
}
