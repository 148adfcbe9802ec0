#!/bin/sh
# debian_python.sh VERSION DIRECTORY: a Python of another Debian, unpacked into DIRECTORY; nothing of the system changes.
#
# apt downloads it with all that it needs, C library included, and checks the signatures; it uses this machine's mirror and
# directories of its own. patchelf then tells the program where its loader and its libraries are.
set -eu
version=$1
directory=$2

case $version in
    3.11) suite=bookworm ;;
    3.13) suite=trixie ;;
    3.14) suite=forky ;;
    *) echo "Python $version is in no Debian that it could be fetched from" >&2; exit 1 ;;
esac
for tool in apt-get dpkg-deb; do
    command -v "$tool" >/dev/null || { echo "Python $version cannot be fetched: $tool is missing" >&2; exit 1; }
done

sources=${APT_SOURCES:-/etc/apt}
mirror() {  # the address of Debian itself in this machine's apt sources, old style or new
    cat "$sources"/sources.list "$sources"/sources.list.d/*.list "$sources"/sources.list.d/*.sources 2>/dev/null |
        sed -n 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\/debian\)\/\{0,1\} .*/\2/p; s/^URIs: *\([^ ]*\/debian\)\/\{0,1\}$/\1/p
            s/^URIs: *\(mirror+file:[^ ]*\/debian\.list\)$/\1/p' |  # of Debian's images for clouds
        head -n 1
}

mirror=$(mirror)
[ -n "$mirror" ] || { echo "Python $version cannot be fetched: apt's sources name no Debian" >&2; exit 1; }

mkdir -p "$directory"
directory=$(cd "$directory" && pwd)
apt=$directory/apt
mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/none"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$apt/sources.list"
: >"$apt/status"

get() {
    apt-get -qq -o Dir::State="$apt" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt" \
        -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts="$apt/none" \
        -o APT::Install-Recommends=false -o APT::Sandbox::User= -o Acquire::Languages=none \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
}

echo "Fetching Python $version of Debian's $suite into $directory"
get update
get install -y --download-only "python$version-venv" libstdc++6 patchelf
for package in "$apt"/archives/*.deb; do
    dpkg-deb -x "$package" "$directory"
done

# Debian's C library is in /usr/lib since trixie, and was in /lib before.
triplet=$(basename "$(dirname "$(find "$directory" -path '*-linux-gnu/libc.so.6')")")
libraries=$directory/usr/lib/$triplet:$directory/lib/$triplet
loader=$(find "$directory" -path "*/lib/$triplet/ld-linux-*.so.*" | head -n 1)
python=$directory/usr/bin/python$version
# Pages of 64 KiB: with smaller ones the header that patchelf adds would lie over the program's first segment.
"$loader" --library-path "$libraries" "$directory/usr/bin/patchelf" --page-size 65536 \
    --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" --output "$python.new" "$python"
chmod 755 "$python.new"
mv "$python.new" "$python"
# Where Debian's ensurepip looks for pip.
sed -i "s#'/usr/share/python-wheels#'$directory/usr/share/python-wheels#" "$directory/usr/lib/python$version"/_sysconfigdata_*.py
rm -rf "$apt"
"$python" -c 'import ctypes, lzma, sqlite3, ssl, sys; print("Python", sys.version.split()[0], "is in", sys.prefix)'
