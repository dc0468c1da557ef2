#!/bin/sh
# static_curl.sh FOLDER JOBS - builds FOLDER/libcurl.a from Debian's own sources: HTTP, TLS by OpenSSL, names by c-ares (the resolver of a static C library wants shared ones), and nothing else
# Debian's libcurl.a speaks twenty protocols through libraries that have no static form (Kerberos, LDAP).
set -eu
. "$(dirname "$0")/progress.sh"
. "$(dirname "$0")/debian_source.sh"
mkdir -p "$1"
folder=$(cd "$1" && pwd)
jobs=$2
say() { printf 'dev: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
[ ! -e "$folder/libcurl.a" ] || exit 0
command -v apt-get >/dev/null 2>&1 || die "no small static libcurl: put libcurl.a into $folder"

build() {
    version=$(dpkg-query -W -f='${source:Version}' libcurl4-openssl-dev 2>/dev/null) || die "libcurl4-openssl-dev is not installed"
    say "fetching the sources of curl=$version with apt"
    debian_source "curl=$version" || return 1
    cd curl-[0-9]*
    [ -x configure ] || autoreconf -fi >>../log 2>&1 || return 1
    ./configure --disable-shared --enable-static --with-openssl --enable-ares --without-zlib --without-brotli --without-zstd --without-libpsl \
        --without-libidn2 --without-nghttp2 --without-librtmp --without-libssh2 --disable-ftp --disable-file --disable-ldap --disable-ldaps \
        --disable-rtsp --disable-dict --disable-telnet --disable-tftp --disable-pop3 --disable-imap --disable-smb --disable-smtp \
        --disable-gopher --disable-mqtt --disable-manual --disable-ntlm --disable-alt-svc --disable-hsts --disable-unix-sockets \
        --with-ca-bundle=/etc/ssl/certs/ca-certificates.crt --with-ca-path=/etc/ssl/certs CFLAGS=-O2 >>../log 2>&1 || return 1
    make -C lib -j "$jobs" libcurl.la >>../log 2>&1
}

work=$folder/work
rm -rf "$work"
mkdir -p "$work"
cd "$work"
say "building a small libcurl as a static library, once: about a minute on an idle machine"
if ! (build); then
    tail -n 20 log >&2
    die "libcurl could not be built (everything that was said is in $work/log)"
fi
mv curl-[0-9]*/lib/.libs/libcurl.a "$folder/libcurl.a"
cd "$folder"
rm -rf "$work"
