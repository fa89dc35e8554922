#!/bin/sh
# Dependencies point downwards only: who may include what.  Prints each breach; exit 1 if any.
#   tests/harness/include-laws.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"
set -- include/pilot/*.h lib/*/*.[ch] coordinator/*.[ch] worker/*.[ch] cli/*.[ch]
for file; do
    [ -e "$file" ] || { echo "include-laws: no $file in $PWD" >&2; exit 2; }
done

awk '
function words(text, into,    list, count, i) {
    count = split(text, list)
    for (i = 1; i <= count; i++) into[list[i]] = 1
}
# Room, its headers in include/pilot, the rooms whose headers it may include, libraries.
function room(name, headers, rooms, libraries,    list, count, i) {
    known[name] = 1
    count = split(headers, list)
    for (i = 1; i <= count; i++) owner[list[i]] = name
    count = split(name " " rooms, list)
    for (i = 1; i <= count; i++) may[name, list[i]] = 1
    count = split(libraries, list)
    for (i = 1; i <= count; i++) may[name, list[i]] = 1
}
function breach(why) {
    printf "%s:%d: %s: %s\n", FILENAME, FNR, $0, why
    breaches++
}
function room_of_file(file,    part, header) {
    split(file, part, "/")
    if (part[1] == "lib") return part[2]
    if (part[1] != "include") return part[1]
    header = part[3]
    sub(/\.h$/, "", header)
    return header in owner ? owner[header] : ""
}
# The library that a header in <> belongs to; empty for C, POSIX and Linux.
function library(header,    top) {
    if (header in single) return single[header]
    top = header
    if (!sub(/\/.*/, "", top)) return ""
    return top in system_folder ? "" : top
}
function judge(name, header, quoted,    short, whose, beside) {
    if (header ~ /^pilot\//) {
        short = substr(header, 7)
        sub(/\.h$/, "", short)
        whose = short in owner ? owner[short] : ""
        if (whose == "") return breach("say in include-laws.sh whose header this is")
        if (!((name, whose) in may)) return breach(name " may not use " whose)
        if ((name in no_io) && short in impure) return breach("lib/" name " is pure")
        if (FILENAME ~ /^coordinator\/queue/ && short != "memory") breach("the queue has rules only")
        return 0
    }
    if (header in single || !quoted) {
        whose = library(header)
        if (whose != "" && !((name, whose) in may)) return breach(name " may not use " whose)
        if ((name in no_io) && (header in impure || header ~ /^(sys|arpa|net|netinet|linux)\//))
            return breach("lib/" name " is pure")
        if (FILENAME ~ /^coordinator\/queue/ && !(header in pure)) breach("the queue has rules only")
        return 0
    }
    if (header ~ /\//) return breach("reaches into another folder")
    beside = FILENAME
    sub(/[^\/]*$/, header, beside)
    if ((getline ignored < beside) < 0) return breach("no such header beside it")
    close(beside)
}
BEGIN {
    room("base", "clock debug_point digits error hash log memory options pseudonym signals suggest text", "",
         "openssl sodium")
    room("stat", "agency_distribution agency_ranks assign balance compare_pilots contrast contribution convention curve decoupling design_matrix dim" \
         " estimate frame joint meta meta_regression ols ols_scores piece pooled_ols power power_simulate" \
         " quality", "base",
         "gsl cblas lapacke Random123 glpk")
    room("plan", "estimators plan plan_diff", "base", "yaml protobuf")
    room("disclosure", "disclosure", "base", "")
    room("picture", "picture", "base stat", "")
    room("page", "evaluation page summary", "base plan picture", "")
    room("wire", "frame_limits row_keys spec wire", "base plan", "zmq protobuf cblas")
    room("store", "cluster conninfo database migrate", "base", "libpq")
    room("http", "http", "base", "microhttpd")
    room("coordinator", "", "base plan disclosure wire store", "zmq protobuf libpq")
    room("worker", "", "base stat plan wire store", "zmq protobuf libpq gsl cblas glpk")
    room("cli", "", "base stat plan disclosure page picture wire store http", "libpq yaml csv smartcols openssl protobuf gsl")
    single["zmq.h"] = "zmq"
    single["libpq-fe.h"] = single["postgres_fe.h"] = "libpq"
    single["yaml.h"] = "yaml"
    single["sodium.h"] = "sodium"
    single["csv.h"] = "csv"
    single["cblas.h"] = single["openblas_config.h"] = "cblas"
    single["microhttpd.h"] = "microhttpd"
    single["glpk.h"] = "glpk"
    single["lapacke.h"] = single["lapack.h"] = "lapacke"
    single["libsmartcols.h"] = "smartcols"
    single["pilot.pb-c.h"] = single["protobuf-c.h"] = "protobuf"
    words("sys arpa net netinet gnu linux asm", system_folder)
    words("log options pseudonym signals clock unistd.h fcntl.h time.h poll.h pthread.h signal.h dirent.h", impure)
    words("stdatomic.h errno.h locale.h stdio_ext.h ftw.h glob.h threads.h", impure)
    words("stat disclosure picture page", no_io)
    words("inttypes.h stdbool.h stddef.h stdint.h stdlib.h string.h", pure)
}
FNR == 1 { name = room_of_file(FILENAME) }
FNR == 1 && !(name in known) { breach("in no room: say in include-laws.sh whose it is") }
/^[ \t]*#[ \t]*include/ && name in known {
    if (match($0, /<[^>]*>/))
        judge(name, substr($0, RSTART + 1, RLENGTH - 2), 0)
    else if (match($0, /"[^"]*"/))
        judge(name, substr($0, RSTART + 1, RLENGTH - 2), 1)
    else
        breach("a computed include cannot be checked")
}
END { exit breaches > 0 }
' "$@"
