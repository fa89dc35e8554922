#!/bin/sh
# Install what Pilot needs on Debian 12 or Ubuntu 24.04; the one list of packages.
#   deploy/install-deps.sh           build and run
#   deploy/install-deps.sh --test    also what the tests and lint use (a browser too)
#   deploy/install-deps.sh --golden  also R and the packages that made the golden values
#   deploy/install-deps.sh --quiet   say nothing when nothing is missing
#   deploy/install-deps.sh --list    print the packages and stop
set -eu

# libsodium-dev: keys of pseudonyms.
build='build-essential pkg-config protobuf-c-compiler libprotobuf-c-dev libzmq3-dev libpq-dev
libgsl-dev libopenblas-dev liblapacke-dev librandom123-dev libyaml-dev libcsv-dev libsmartcols-dev
libsodium-dev libssl-dev libmicrohttpd-dev libglpk-dev'
run='postgresql postgresql-client'
test='perl jq curl python3-psycopg'
lint='clang-format-14 clang-tidy-14 cppcheck' # left out where a distribution no longer has them
# A browser, and load: left out where a distribution has none (Ubuntu's chromium is a snap).
browser='chromium chromium-driver wrk'
golden='r-base-core r-cran-estimatr r-cran-clubsandwich r-cran-sandwich r-cran-metafor r-cran-survival r-cran-coin r-cran-quantreg r-cran-aer'

packages="$build $run"
quiet=false
list=false
for option; do
    case $option in
    --quiet) quiet=true ;;
    --test) packages="$packages $test $lint $browser" ;;
    --golden) packages="$packages $golden" ;;
    --list) list=true ;;
    *) echo "install-deps: unknown option $option; see the first lines of deploy/install-deps.sh" >&2; exit 2 ;;
    esac
done

if $list; then
    echo $packages | tr ' ' '\n'
    exit 0
fi

missing=
for package in $packages; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = 'install ok installed' ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
    $quiet || echo 'install-deps: everything is installed'
    exit 0
fi

sudo=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "install-deps: missing:$missing; run as root, or install sudo" >&2; exit 2; }
    sudo=sudo
fi
echo "install-deps: installing:$missing" >&2
# Debian's postgresql package would create and start a cluster of its own: not wanted here.
case " $missing " in
*' postgresql '*)
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        $sudo mkdir -p /etc/postgresql-common
        echo 'create_main_cluster = false' | $sudo tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi ;;
esac
$sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
wanted=$missing
missing=
for package in $wanted; do
    case " $lint $browser " in
    *" $package "*)
        if ! apt-cache show "$package" >/dev/null 2>&1; then
            echo "install-deps: there is no $package here: lint or a test does without it" >&2
            continue
        fi ;;
    esac
    missing="$missing $package"
done
[ -n "$missing" ] || exit 0
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
