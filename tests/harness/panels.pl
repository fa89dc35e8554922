#!/usr/bin/perl
# The SQL of Grafana dashboards, as Grafana would send it.
#   panels.pl check FILE.json...                    what is wrong with the files, one line each
#   panels.pl rows CONNINFO [NAME=VALUE]... FILE...     run every statement: dashboard, title, rows, columns or error
#   panels.pl explain CONNINFO [NAME=VALUE]... FILE...  milliseconds to plan and run it, best of five
#   panels.pl sql CONNINFO [NAME=VALUE]... FILE...      the statements themselves
# Lines have fields parted by tabs.  Variables take the value that is given, if their own query (it is a
# statement like the others) returns it, else the first that it returns.
use strict;
use warnings;
use JSON::PP;

my $mode = shift // '';
die "panels.pl: check, rows, explain or sql\n" unless $mode =~ /^(check|rows|explain|sql)$/;
my $conninfo = $mode eq 'check' ? undef : shift;
my (%given, @files);
for (@ARGV) {
    if (/^(\w+)=(.*)$/s) { $given{$1} = $2 } else { push @files, $_ }
}
my $psql = ($ENV{PG_BIN} ? "$ENV{PG_BIN}/" : '') . 'psql';
my $wrong = 0;

sub load_dashboard {
    my ($file) = @_;
    open my $in, '<:raw', $file or die "$file: $!\n";
    local $/;
    return decode_json(<$in>);
}

# A variable's value as ${name:sqlstring} writes it; `seen` are the variables before this place.
sub substitute {
    my ($sql, $seen) = @_;
    $sql =~ s{\$\{(\w+):sqlstring\}}{
        my $value = $seen->{$1} // die "variable $1 is not there yet\n";
        $value =~ s/'/''/g;
        "'$value'"}ge;
    return $sql;
}

sub psql {
    my ($script, @options) = @_;
    my $pid = open my $out, '-|';
    die "fork: $!\n" unless defined $pid;
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        open my $to, '|-', $psql, '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $conninfo, @options or exit 127;
        binmode $to, ':utf8';
        print $to $script;
        close $to;
        exit($? ? 1 : 0);
    }
    binmode $out, ':utf8';
    local $/;
    my $text = <$out> // '';
    close $out;
    return ($? == 0, $text);
}

sub run_sql { # rows, with the names of their columns first; or the error
    my ($sql) = @_;
    my ($ok, $text) = psql($sql, '-A', '-0', '-F', "\x1f", '-P', 'footer=off');
    return (undef, $text) unless $ok;
    my @records = split /\0/, $text, -1;
    pop @records; # behind the last one's end
    return ([map { [split /\x1f/, $_, -1] } @records], undef);
}

sub explain {
    my ($sql) = @_;
    my ($ok, $text) = psql("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY) $sql;\n" x 5, '-At');
    my @time;
    push @time, $1 + $2 while $text =~ /Planning Time: ([\d.]+) ms\s+Execution Time: ([\d.]+) ms/g;
    my ($best) = sort { $a <=> $b } @time;
    return $ok && @time == 5 ? $best : "error: $text";
}

# dressed: columns that the panel says something of; they must be among those that it gets.
sub count_rows {
    my ($sql, $dressed) = @_;
    my ($rows, $error) = run_sql($sql);
    return "error: $error" unless $rows;
    my %got = map { $_ => 1 } @{$rows->[0]};
    my @absent = grep { !$got{$_} } @$dressed;
    return "error: dresses @absent, which it does not get" if @absent;
    return join "\t", @$rows - 1, join ',', @{$rows->[0]};
}

sub report {
    my ($title, $name, $sql, $seen, @dressed) = @_;
    $sql = substitute($sql, $seen);
    my $told = $mode eq 'sql' ? $sql : $mode eq 'explain' ? explain($sql) : count_rows($sql, \@dressed);
    $told =~ s/\s*\n\s*/ /g;
    $wrong = 1 if $told =~ /^error: /;
    print join("\t", $title, $name, $told), "\n";
}

sub walk {
    my ($file) = @_;
    my $dashboard = load_dashboard($file);
    my %seen;
    for my $variable (@{$dashboard->{templating}{list}}) {
        my $name = $variable->{name};
        report($dashboard->{uid}, "variable $name", $variable->{query}, \%seen);
        my ($rows) = run_sql(substitute($variable->{query}, \%seen));
        my @values = map { $_->[0] } @{$rows // []}[1 .. $#{$rows // []}];
        my ($value) = grep { defined $given{$name} && $_ eq $given{$name} } @values;
        $seen{$name} = $value // $values[0] // '';
    }
    for my $panel (@{$dashboard->{panels}}) {
        my @dressed = map { $_->{matcher}{options} } @{$panel->{fieldConfig}{overrides}};
        report($dashboard->{uid}, $panel->{title}, $_->{rawSql}, \%seen, @dressed)
            for @{$panel->{targets}};
    }
}

# ---- structure -----------------------------------------------------------------------------------

my %types = map { $_ => 1 } qw(stat table trend barchart bargauge timeseries);

sub check_sql {
    my ($say, $sql, $known) = @_;
    $say->("asks with a macro") if $sql =~ /\$__/;
    $say->("has a comment") if $sql =~ /--|\/\*/;
    $say->("reads more than schema dashboard") if $sql =~ /\b(work|results|registry|outcomes)\./;
    $say->("writes") if $sql =~ /\b(insert|update|delete|create|drop|alter|grant|call|do)\b/i;
    $say->("makes a missing number 0") if $sql =~ /coalesce\s*\([^()]*,\s*0(\.0*)?\s*\)/i;
    while ($sql =~ /\$(\{?)(\w+)(:\w+)?/g) {
        $say->("writes \$$2 without :sqlstring") unless $1 && ($3 // '') eq ':sqlstring';
        $say->("asks for variable $2, which is not there") unless $known->{$2};
    }
}

sub check_place {
    my ($say, $panel, $taken) = @_;
    my ($x, $y, $w, $h) = @{$panel->{gridPos}}{qw(x y w h)};
    return $say->("has no place") if grep { !defined } $x, $y, $w, $h;
    $say->("leaves the page") if $x < 0 || $w < 1 || $h < 1 || $x + $w > 24;
    for my $column ($x .. $x + $w - 1) {
        for my $row ($y .. $y + $h - 1) {
            $say->("lies on panel $taken->{$column, $row}") if $taken->{$column, $row};
            $taken->{$column, $row} = $panel->{id};
        }
    }
}

sub check_panel {
    my ($say, $panel, $known, $uids) = @_;
    my $defaults = $panel->{fieldConfig}{defaults};
    $say->("is of type $panel->{type}") unless $types{$panel->{type}};
    $say->("has no data") unless @{$panel->{targets} // []};
    $say->("does not say what an empty cell shows") unless length($defaults->{noValue} // '');
    $say->("joins points across missing ones") if $defaults->{custom}{spanNulls};
    $say->("does not say its unit") if $panel->{type} ne 'table' && !length($defaults->{unit} // '');
    for my $target (@{$panel->{targets}}) {
        $say->("asks another datasource") if $target->{datasource}{uid} ne 'pilot';
        $say->("has an odd format") unless $target->{format} =~ /^(table|time_series)$/;
        check_sql($say, $target->{rawSql}, $known);
    }
    my @properties = map { @{$_->{properties}} } @{$panel->{fieldConfig}{overrides}};
    for my $link (map { @{$_->{value}} } grep { $_->{id} eq 'links' } @properties) {
        $say->("links to nowhere: $link->{url}")
            unless $link->{url} =~ m{^/d/([\w-]+)\?} && $uids->{$1};
    }
    $say->("shows a missing value as 0")
        if encode_json([$defaults, \@properties]) =~ /"match":"(null|null\+nan)".*"text":"0"/;
}

sub check {
    my (%uids, %dashboards);
    for my $file (@files) {
        my $dashboard = $dashboards{$file} = eval { load_dashboard($file) };
        print "$file: is no JSON: $@" unless $dashboard;
        print "$file: has a uid that another has\n" if $dashboard && $uids{$dashboard->{uid}}++;
    }
    for my $file (grep { $dashboards{$_} } @files) {
        my $dashboard = $dashboards{$file};
        for (qw(uid title description schemaVersion timezone)) {
            print "$file: has no $_\n" unless length($dashboard->{$_} // '');
        }
        my (%known, %taken, %ids);
        for my $variable (@{$dashboard->{templating}{list}}) {
            check_sql(sub { print "$file: variable $variable->{name} $_[0]\n" }, $variable->{query}, \%known);
            $known{$variable->{name}} = 1;
        }
        for my $panel (@{$dashboard->{panels}}) {
            my $say = sub { print "$file: panel $panel->{title} $_[0]\n" };
            $say->("has an id that another has") if $ids{$panel->{id}}++;
            check_place($say, $panel, \%taken);
            check_panel($say, $panel, \%known, \%uids);
        }
    }
}

binmode STDOUT, ':utf8';
if ($mode eq 'check') { check() } else { walk($_) for @files }
exit $wrong;
