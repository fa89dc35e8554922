#!/usr/bin/perl
# Who may do what, tried: every login of LOGINS against every table, view, sequence, function and
# schema that the catalog lists, with every verb.
#
#   rights_matrix.pl PSQL CONNINFO [--propose] DOC
#
# CONNINFO names the superuser (user=postgres), whose place the logins take.  What is allowed and which
# rows are seen is compared with the tables of DOC between its marks: TAP on stdout, one check an
# object.  --propose writes what was found into DOC instead, to be reviewed.
use strict;
use warnings;
use Time::HiRes 'time';

my ($psql, $conninfo, @rest) = @ARGV;
my $propose = @rest && $rest[0] eq '--propose' && shift @rest;
my ($doc) = @rest;
# Role as the page names it => logins that must come out the same.
my @roles = (
    ['owner',       'boss'],
    ['evaluator',   'eva'],
    ['agency',      'north', 'south'],
    ['coordinator', 'farm'],
    ['worker',      'hand'],
    ['dashboard',   'board'],
    ['auditor',     'audit'],
    ['nobody',      'stranger'],
);
my %agency_of = (north => 'North', south => 'South');
my $schemas = "'registry', 'outcomes', 'work', 'results', 'dashboard'";
my $trials = 0;

sub query {
    my ($sql) = @_;
    open my $out, '-|', $psql, '-XqAt', '-F', "\t", '-R', "\x1e", '-v', 'ON_ERROR_STOP=1', '-d', $conninfo, '-c', $sql
        or die;
    my @rows = split /\x1e/, do { local $/; <$out> } // '';
    close $out or die "psql failed: $sql";
    s/^\s+|\s+$//g for @rows;
    return map { [split /\t/, "$_", -1] } @rows;
}

# ---- what there is -------------------------------------------------------------------------------
my @relations = query(<<"SQL");
SELECT c.oid::regclass, c.relkind, n.nspname || '.' || regexp_replace(c.relname, '\\\$[0-9]+\$', '\$<load>'),
    array_to_string(ARRAY (SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid
        AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum), ','),
    COALESCE((SELECT string_agg(quote_ident(a.attname), ',') FROM pg_attribute a WHERE a.attrelid = c.oid
        AND a.attnum = ANY ((SELECT i.indkey FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique
        AND i.indpred IS NULL AND NOT i.indnullsnotdistinct
        ORDER BY i.indexrelid LIMIT 1)::int2[])), ''),
    COALESCE((SELECT o.condition FROM pg_attribute a JOIN (VALUES
        (1, 'agency', 'text', 'x.agency = \$1'),
        (2, 'agency', 'int8', 'x.agency IN (SELECT g.agency FROM registry.agencies g WHERE g.name = \$1)'),
        (3, 'submission', 'int8', 'x.submission IN (SELECT s.submission FROM registry.submissions s
            JOIN registry.agencies g USING (agency) WHERE g.name = \$1)'),
        (4, 'pilot_submission', 'int8', 'x.pilot_submission IN (SELECT s.submission FROM registry.submissions s
            JOIN registry.agencies g USING (agency) WHERE g.name = \$1)'),
        (5, 'load', 'int8', 'x.load IN (SELECT s.load FROM registry.submissions s
            JOIN registry.agencies g USING (agency) WHERE g.name = \$1)'),
        (6, 'pilot', 'text', 'x.pilot = ''two'''),
        (7, 'pilot', 'int8', 'x.pilot IN (SELECT g.pilot FROM registry.agencies g WHERE g.name = \$1)'))
        AS o (place, name, type, condition) ON o.name = a.attname AND o.type::regtype = a.atttypid
        WHERE a.attrelid = c.oid ORDER BY o.place LIMIT 1), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ($schemas) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 3, 1
SQL
my @sequences = query(<<"SQL");
SELECT c.oid::regclass, n.nspname || '.' || c.relname FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ($schemas) AND c.relkind = 'S' ORDER BY 2
SQL
my @functions = query(<<"SQL");
SELECT n.nspname || '.' || quote_ident(p.proname), p.oid::regprocedure,
    array_to_string(ARRAY (SELECT CASE t.oid WHEN 'anyelement'::regtype THEN 'NULL::results.own_effects'
        ELSE format('NULL::%s', t.oid::regtype) END
        FROM unnest(p.proargtypes) WITH ORDINALITY AS u (type, place)
        JOIN pg_type t ON t.oid = u.type ORDER BY u.place), ', '), p.prokind
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ($schemas) ORDER BY 2
SQL
my @schemas = query("SELECT nspname FROM pg_namespace WHERE nspname IN ($schemas) ORDER BY 1");
my %count = (tables => scalar(@relations), sequences => scalar(@sequences),
             functions => scalar(@functions), schemas => scalar(@schemas));

# ---- the trials of one login ---------------------------------------------------------------------
# Each in a savepoint; psql keeps SQLSTATE and message of the last statement.
sub trial {
    my ($key, $statement, $more) = @_;
    $trials++;
    return "SAVEPOINT t;\n$statement\n" . '\echo @@ ' . $key . ' :SQLSTATE ' . ($more // '-') .
        ' :LAST_ERROR_MESSAGE' . "\nROLLBACK TO t;\n";
}
my $rows = 'count(*) AS n, md5(COALESCE(string_agg(x::text, chr(10) ORDER BY x::text COLLATE "C"), \'\')) AS h';

sub script {
    my $s = "\\set n 0\n\\set h 0\nSET client_min_messages = error;\nSET search_path = pg_catalog;\nBEGIN;\n";
    for my $i (0 .. $#relations) {
        my ($name, $kind, undef, $columns, $unique) = @{$relations[$i]};
        $s .= trial("t$i select", "SELECT $rows FROM $name AS x \\gset", ':n/:h');
        $s .= trial("t$i fence", "SELECT $rows FROM registry.own_rows(NULL::$name) AS x \\gset", ':n/:h');
        $s .= trial("t$i select($_)", "SELECT count($_) FROM $name \\g /dev/null") for split /,/, $columns;
        $s .= trial("t$i insert", "INSERT INTO $name DEFAULT VALUES;");
        $s .= trial("t$i update($_)", "UPDATE $name SET $_ = DEFAULT;") for split /,/, $columns;
        $s .= trial("t$i delete", "DELETE FROM $name;");
        $s .= trial("t$i copyto", "COPY (SELECT * FROM $name) TO STDOUT \\g /dev/null");
        $s .= trial("t$i truncate", "TRUNCATE $name CASCADE;");
        $s .= trial("t$i trigger", "CREATE TRIGGER zz AFTER INSERT ON $name FOR EACH STATEMENT EXECUTE FUNCTION sandbox.f();");
        $s .= trial("t$i copyfrom", "COPY $name FROM STDIN;\n\\.");
        $s .= trial("t$i copyout", "COPY $name TO STDOUT \\g /dev/null") if $kind eq 'r';
        next if $kind eq 'v' || $unique eq '';
        $s .= trial("t$i references", "ALTER TABLE sandbox.like_$i ADD FOREIGN KEY ($unique) REFERENCES $name ($unique);");
    }
    for my $i (0 .. $#sequences) {
        my $name = $sequences[$i][0];
        $s .= trial("s$i read", "SELECT last_value FROM $name \\g /dev/null");
        $s .= trial("s$i next", "SELECT nextval('$name') \\g /dev/null");
        $s .= trial("s$i current", "SELECT currval('$name') \\g /dev/null");
        $s .= trial("s$i set", "SELECT setval('$name', 1) \\g /dev/null");
    }
    for my $i (0 .. $#functions) {
        my ($name, undef, $arguments, $kind) = @{$functions[$i]};
        $s .= trial("f$i call", $kind eq 'p' ? "CALL $name($arguments);" : "SELECT $name($arguments) \\g /dev/null");
    }
    for my $i (0 .. $#schemas) {
        $s .= trial("n$i use", "SELECT FROM $schemas[$i][0].zz_there_is_none \\g /dev/null");
        $s .= trial("n$i create", "CREATE TABLE $schemas[$i][0].zz_mine ();");
    }
    return $s . "ROLLBACK;\n";
}

sub run_as {
    my ($login, $script) = @_;
    (my $as = $conninfo) =~ s/user=\S+/user=$login/;
    my $file = "/tmp/pilot-rights-$$.sql";
    open my $f, '>', $file or die;
    print $f $script;
    close $f;
    open my $out, '-|', "'$psql' -XqAt -d '$as' -f '$file' 2>/dev/null" or die;
    my %found;
    while (my $line = <$out>) {
        next unless $line =~ /^@@ (\S+) (\S+) (\S+) (\S+) ?(.*)$/;
        $found{$1}{$2} = {state => $3, rows => $4, message => $5};
    }
    close $out;
    unlink $file;
    return \%found;
}

# ---- what the outcomes mean ----------------------------------------------------------------------
# References need a table of the same columns: made by the superuser, owned by everybody (sandbox).
query("CREATE SCHEMA sandbox; CREATE FUNCTION sandbox.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
query("CREATE ROLE sandbox_owner; GRANT sandbox_owner TO " .
      join(', ', map { @$_[1 .. $#$_] } @roles) . "; GRANT ALL ON SCHEMA sandbox TO sandbox_owner");
for my $i (0 .. $#relations) {
    my ($name, $kind, undef, undef, $unique) = @{$relations[$i]};
    next if $kind eq 'v' || $unique eq '';
    query("CREATE TABLE sandbox.like_$i AS SELECT $unique FROM $name WITH NO DATA; " .
          "ALTER TABLE sandbox.like_$i OWNER TO sandbox_owner");
}

my %truth;    # relation => {all => "n/md5", North => ...}
for my $i (0 .. $#relations) {
    my ($name, undef, undef, undef, undef, $own_condition) = @{$relations[$i]};
    my ($all) = query("SELECT $rows FROM $name AS x");
    $truth{$i}{all} = join '/', @$all;
    next unless $own_condition;
    for my $agency (values %agency_of) {
        (my $condition = $own_condition) =~ s/\$1/'$agency'/g;
        my ($own) = query("SELECT $rows FROM $name AS x WHERE $condition");
        $truth{$i}{$agency} = join '/', @$own;
    }
}

sub allowed { return $_[0] && $_[0]{state} ne '42501' }

sub seen {
    my ($i, $login, $got) = @_;
    my $agency = $agency_of{$login};
    return 'own' if $agency && defined $truth{$i}{$agency} && $got eq $truth{$i}{$agency}
        && $got ne $truth{$i}{all};
    return 'all' if $got eq $truth{$i}{all} && $got !~ m{^0/};
    return $truth{$i}{all} =~ m{^0/} ? 'all' : 'none' if $got =~ m{^0/};
    return 'some';
}

sub relation_cell {
    my ($i, $login, $found) = @_;
    my (undef, $kind, undef, $columns) = @{$relations[$i]};
    my $f = $found->{"t$i"} or return 'NOT TRIED';
    my @columns = split /,/, $columns;
    my @words;
    if (allowed($f->{select})) {
        push @words, 'select ' . seen($i, $login, $f->{select}{rows});
    } else {
        my @some = grep { allowed($f->{"select($_)"}) } @columns;
        push @words, 'select (' . join(', ', @some) . ')' if @some;
    }
    push @words, 'own_rows ' . seen($i, $login, $f->{fence}{rows})
        if $agency_of{$login} && $f->{fence}{state} eq '00000' && $relations[$i][2] !~ /^results\./;
    push @words, 'copy to differs from select' if allowed($f->{copyto}) != allowed($f->{select});
    push @words, 'copy out differs from select' if $f->{copyout} && allowed($f->{copyout}) != allowed($f->{select});
    # Writing to a view that cannot be written fails before rights are asked.
    my $writes = $kind ne 'v';
    if ($writes) {
        push @words, 'insert' if allowed($f->{insert});
        my @some = grep { allowed($f->{"update($_)"}) } @columns;
        push @words, @some == @columns ? 'update' : 'update (' . join(', ', @some) . ')' if @some;
        for my $verb (qw(delete truncate references trigger)) {
            push @words, $verb if allowed($f->{$verb});
        }
        push @words, 'copy from' if $f->{copyfrom}{state} eq '00000';
    } else {
        for my $verb ('insert', 'delete', 'truncate') {
            push @words, $verb if $f->{$verb}{state} eq '00000';
        }
    }
    my $cell = join ', ', @words;
    $cell =~ s/^select all, insert, update, delete, truncate(, references)?, trigger/everything/;
    return $cell;
}

sub cells {
    my ($login, $found) = @_;
    my %cells;
    my $add = sub {
        my ($table, $name, $cell) = @_;
        my $old = $cells{$table}{$name};
        $cells{$table}{$name} = defined $old && $old ne $cell ? "$old / $cell" : $cell;
    };
    $add->('tables', $relations[$_][2], relation_cell($_, $login, $found)) for 0 .. $#relations;
    for my $i (0 .. $#sequences) {
        my $f = $found->{"s$i"};
        $add->('sequences', $sequences[$i][1], join ', ',
               grep { $_ eq 'current' ? $f->{$_}{state} !~ /^(42501|55000)$/ : allowed($f->{$_}) } qw(read next current set));
    }
    for my $i (0 .. $#functions) {
        my $f = $found->{"f$i"}{call} or next;
        my $refused = $f->{state} eq '42501' && $f->{message} =~ /permission denied for (function|procedure|schema)/;
        $add->('functions', $functions[$i][1], $refused ? '' : 'call');
    }
    for my $i (0 .. $#schemas) {
        $add->('schemas', $schemas[$i][0], join ', ', grep { allowed($found->{"n$i"}{$_}) } qw(use create));
    }
    return \%cells;
}

my $began = time;
my $script = script();
my $each = $trials;
my %matrix;    # table => name => role => cell
my $tap = 0;
my $failed = 0;

sub ok {
    my ($good, $name, @why) = @_;
    $tap++;
    $failed++ unless $good;
    print $good ? 'ok' : 'not ok', " $tap - $name\n", map { "# $_\n" } $good ? () : @why;
}
for my $role (@roles) {
    my ($name, @logins) = @$role;
    my @cells = map { cells($_, run_as($_, $script)) } @logins;
    for my $table (keys %{$cells[0]}) {
        for my $object (keys %{$cells[0]{$table}}) {
            my %different = map { $_->{$table}{$object} => 1 } @cells;
            $matrix{$table}{$object}{$name} = join ' OR ', sort keys %different;
        }
    }
}
my $seconds = time - $began;
my $logins = 0;
$logins += @$_ - 1 for @roles;

# ---- the page ------------------------------------------------------------------------------------
my @names = map { $_->[0] } @roles;
my %page;
my @lines;
open my $in, '<', $doc or die "$doc: $!";
@lines = <$in>;
close $in;

sub table {
    my ($table) = @_;
    my $text = "| | " . join(' | ', @names) . " |\n|" . '---|' x (@names + 1) . "\n";
    for my $object (sort keys %{$matrix{$table}}) {
        $text .= "| `$object` | " . join(' | ', map { $matrix{$table}{$object}{$_} } @names) . " |\n";
    }
    $text =~ s/\|  (?=\|)/| /g;
    return $text;
}
if ($propose) {
    my $text = join '', @lines;
    for my $table (qw(tables sequences functions schemas)) {
        my $new = table($table);
        $text =~ s/(<!-- matrix: $table -->\n).*?(<!-- end -->)/$1$new$2/s or die "no mark $table in $doc";
    }
    open my $out, '>', $doc or die;
    print $out $text;
    close $out;
    print STDERR "$doc: what was found stands there now; review it (git diff)\n";
    exit 0;
}
my $inside;
for (@lines) {
    $inside = $1 if /^<!-- matrix: (\w+) -->/;
    $inside = undef if /^<!-- end -->/;
    next unless $inside && /^\| `([^`]+)` \|(.*)\|$/;
    my ($object, @cells) = ($1, split(/\|/, $2, -1));
    s/^\s+|\s+$//g for @cells;
    @{$page{$inside}{$object}}{@names} = @cells;
}
for my $table (qw(schemas tables sequences functions)) {
    my %all = (%{$matrix{$table}}, %{$page{$table} // {}});
    for my $object (sort keys %all) {
        my ($want, $got) = ($page{$table}{$object}, $matrix{$table}{$object});
        my @why;
        push @why, "it has no row in $doc; review: tests/sql/rights_test.sh --propose" unless $want;
        push @why, "it stands in $doc and is not in the database" unless $got;
        if ($want && $got) {
            for my $role (@names) {
                push @why, "$role: the page says '$want->{$role}', the database '$got->{$role}'"
                    if ($want->{$role} // '?') ne ($got->{$role} // '?');
            }
        }
        ok(!@why, "$object: as the page says", @why);
    }
}

# ---- PUBLIC, and laws that no page may change ----------------------------------------------------
my @public = query(<<"SQL");
SELECT format('%s to PUBLIC on %s', x.privilege_type, c.oid::regclass) FROM pg_class c, aclexplode(c.relacl) AS x
WHERE c.relnamespace::regnamespace::text IN ($schemas) AND x.grantee = 0 UNION ALL
SELECT format('%s to PUBLIC on %s.%s', x.privilege_type, a.attrelid::regclass, a.attname) FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid, aclexplode(a.attacl) AS x
WHERE c.relnamespace::regnamespace::text IN ($schemas) AND x.grantee = 0 UNION ALL
SELECT format('%s to PUBLIC on %s', x.privilege_type, p.oid::regprocedure) FROM pg_proc p,
aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) AS x
WHERE p.pronamespace::regnamespace::text IN ($schemas) AND x.grantee = 0 UNION ALL
SELECT format('%s to PUBLIC on %s', x.privilege_type, n.nspname) FROM pg_namespace n, aclexplode(n.nspacl) AS x
WHERE n.nspname IN ($schemas) AND x.grantee = 0
SQL
ok(!@public, 'nothing is granted to PUBLIC', map { $_->[0] } @public);
my @empty = grep { $truth{$_}{all} =~ m{^0/} } 0 .. $#relations;
ok(@empty == 0, 'every table and view has rows to be seen', 'without: ' . join ', ', map { $relations[$_][2] } @empty);
print "# $logins logins x (", join(' + ', map { "$count{$_} $_" } qw(tables functions sequences schemas)),
    "): $each trials each, ", $each * $logins, " in all, ", sprintf('%.1f', $seconds), " s\n";
print "1..$tap\n";
exit($failed ? 1 : 0);
