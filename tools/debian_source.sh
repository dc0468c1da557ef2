# shellcheck shell=sh
# debian_source.sh - sourced: debian_source PACKAGE=VERSION... fetches and unpacks Debian's sources here; what apt says goes to ./log

# An own list of sources, so that the machine's is left as it is; the mirror is the one that it names.
source_list() {
    # shellcheck disable=SC1091
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
    # shellcheck disable=SC2016
    mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null | awk -v c="$codename" '$1 == c { print $2; exit }')
    key=/usr/share/keyrings/debian-archive-keyring.gpg
    echo "deb-src [signed-by=$key] ${mirror:-http://deb.debian.org/debian} $codename main"
}

apt_here() {
    apt-get -o Dir::Etc::SourceList="$PWD/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$PWD/lists" \
        -o Dir::Cache="$PWD/cache" -o APT::Sandbox::User=root "$@" >>log 2>&1
}

debian_source() {
    mkdir -p lists/partial cache/archives/partial
    source_list >sources.list
    apt_here update -q && apt_here source -q "$@"
}
