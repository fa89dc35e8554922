#!/usr/bin/perl
# Run TAP programs and end with the plain line "N passed, N failed".
#   run-tests.pl [-j N] PROGRAM...
# Exit 1 when a check failed, when a program died, hung or had no plan, when a sanitizer had something
# to say (even in a daemon whose end nobody looked at), or when there was no check at all.
use strict;
use warnings;
use TAP::Harness;
use File::Basename;
use File::Temp;

my $jobs = 1;
if (@ARGV >= 2 && $ARGV[0] eq '-j') { shift; $jobs = shift; }
my $limit = $ENV{TEST_SECONDS} || 600; # more than any test takes under load

$ENV{OPENBLAS_NUM_THREADS} //= 1; # as a worker has it; threads that wait for each other take time

my $reports = File::Temp->newdir('pilot-sanitizer-XXXXXX', TMPDIR => 1);
chmod 01777, "$reports";    # programs of other users report too
for my $tool (qw(ASAN UBSAN TSAN LSAN)) {
    my $given = $ENV{"${tool}_OPTIONS"};
    $ENV{"${tool}_OPTIONS"} = join ':', $given ? $given : (),
        $tool eq 'UBSAN' ? 'print_stacktrace=1' : (), "log_path=$reports/report";
}

# Each test has a process group of its own, so an interrupt has to be handed on.
$SIG{INT} = $SIG{TERM} = sub { kill 'TERM', split ' ', `pgrep -P $$`; exit 130 };

my ($passed, $failed) = (0, 0);
my $harness = TAP::Harness->new({
    verbosity => $ENV{VERBOSE} ? 1 : 0,
    timer     => 1,
    failures  => 1,
    comments  => 0,
    merge     => 0,
    color     => 0,
    jobs      => $jobs,
    exec      => sub {
        my (undef, $file) = @_;
        return ['timeout', '--kill-after=10', $limit, $file =~ /\.sh$/ ? 'bash' : (), $file];
    },
});
$harness->callback(after_test => sub {
    my ($job, $parser) = @_;
    $passed += $parser->passed;
    $failed += $parser->failed;
    # A program that died or broke its plan is one more failure, whatever its checks said.
    $failed++ if !$parser->failed && $parser->has_problems;
});
# Tests of equal names in two folders are told apart by the folder.
eval { $harness->runtests(map { [$_, basename(dirname($_)) . '/' . basename($_)] } @ARGV); 1 }
    or do { print $@; $failed ||= 1 };

for my $file (sort glob "$reports/*") {
    open my $report, '<', $file or next;
    print map { "# $_" } grep { defined } (<$report>)[0 .. 39];
    $failed++;
}
print "no check at all\n" if !$passed && !$failed;
print "$passed passed, $failed failed\n";
exit($failed || !$passed ? 1 : 0);
