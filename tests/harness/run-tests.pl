#!/usr/bin/perl
# Run TAP programs and end with the plain line "N passed, N failed".
#   run-tests.pl [-j N] PROGRAM...      exit 1 when a check failed, a program died or none ran
use strict;
use warnings;
use TAP::Harness;
use File::Basename;

my $jobs = 1;
if (@ARGV >= 2 && $ARGV[0] eq '-j') { shift; $jobs = shift; }
my @programs = @ARGV;
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
        return $file =~ /\.sh$/ ? ['bash', $file] : [$file];
    },
});
my $sum = $harness->runtests(map { [$_, basename($_)] } @programs);
# A program that died or broke its plan counts as one more failure, whatever its checks said.
my $broken = 0;
for my $parser ($sum->parsers(map { basename($_) } @programs)) {
    $broken++ if !$parser->failed && $parser->has_problems;
}
my ($passed, $failed) = (scalar $sum->passed, $sum->failed + $broken);
printf "%d passed, %d failed\n", $passed, $failed;
exit($failed || !$passed || $sum->exit ? 1 : 0);
