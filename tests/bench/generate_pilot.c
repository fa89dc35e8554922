/* generate_pilot.c - large pilots for benchmarks and tests, the same bytes for the same options.
 *
 *   generate_pilot [options] >data.csv      generate_pilot [options] --plan >plan.yaml
 *
 * Each row is a function of (seed, row number), so that a shuffled file needs no memory: it is the
 * same rows in the order of a pseudo-random permutation.  Without options: 4,000,000 rows of 2,000
 * agencies, 12 columns, 478 MB. */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pilot_shape {
    uint64_t rows, agencies, arms, outcomes, clusters, blocks, seed;
    bool shuffle, plan, missing, all_columns, subgroups;
    const char *level, *estimators;
} pilot_shape_t;

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* A stream of draws for one thing: row, agency or cluster. */
static uint64_t draw(uint64_t seed, uint64_t thing, uint64_t number)
{
    return mix(mix(seed ^ mix(thing)) + number);
}

static double uniform(uint64_t bits)
{
    return ((double)(bits >> 11) + 0.5) * 0x1p-53;
}

/* Sum of four uniforms: near enough to normal, and quick. */
static double normal(uint64_t seed, uint64_t thing, uint64_t number)
{
    uint64_t bits = draw(seed, thing, number);
    double sum = 0;
    for (int i = 0; i < 4; i++, bits >>= 16)
        sum += ((double)(bits & 0xffff) + 0.5) / 65536.0 - 0.5;
    return sum * sqrt(3.0);
}

/* A permutation of 0 .. rows-1: four Feistel rounds over the next even power of two, walking the
 * cycle until the result is in range. */
static uint64_t permute(uint64_t index, uint64_t rows, uint64_t seed)
{
    unsigned half = 1;
    while (half < 32 && (uint64_t)1 << (2 * half) < rows)
        half++;
    uint64_t mask = ((uint64_t)1 << half) - 1;
    do {
        uint64_t left = index >> half, right = index & mask;
        for (uint64_t round = 0; round < 4; round++) {
            uint64_t next = left ^ (draw(seed, 77 + round, right) & mask);
            left = right;
            right = next;
        }
        index = left << half | right;
    } while (index >= rows);
    return index;
}

static char *put_text(char *out, const char *text)
{
    size_t length = strlen(text);
    memcpy(out, text, length);
    return out + length;
}

static char *put_padded(char *out, uint64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + width;
}

static char *put_whole(char *out, uint64_t value)
{
    int width = 1;
    for (uint64_t rest = value; rest >= 10; rest /= 10)
        width++;
    return put_padded(out, value, width);
}

static char *put_decimal(char *out, double value, int decimals)
{
    double scale = pow(10, decimals);
    int64_t scaled = (int64_t)floor(value * scale + 0.5);
    if (scaled < 0) {
        *out++ = '-';
        scaled = -scaled;
    }
    out = put_whole(out, (uint64_t)scaled / (uint64_t)scale);
    *out++ = '.';
    return put_padded(out, (uint64_t)scaled % (uint64_t)scale, decimals);
}

static char *put_arm(char *out, uint64_t arm)
{
    if (arm == 0)
        return put_text(out, "control");
    out = put_text(out, "treatment_");
    return put_whole(out, arm);
}

static char *put_row(char *out, const pilot_shape_t *shape, uint64_t row)
{
    static const char *const regions[] = {"north", "south", "east", "centre"};
    uint64_t seed = shape->seed;
    uint64_t agency = row * shape->agencies / shape->rows;
    uint64_t cluster = shape->clusters > 0 ? draw(seed, row, 1) % shape->clusters : 0;
    uint64_t cluster_key = agency * 1000003 + cluster;
    uint64_t arm =
        (shape->clusters > 0 ? draw(seed ^ 3, cluster_key, 2) : draw(seed, row, 2)) % shape->arms;
    double effect = normal(seed ^ 5, agency, arm) * (arm > 0 ? 0.5 : 0) + 0.8 * (double)arm;
    double age = 20 + 40 * uniform(draw(seed, row, 3));
    double before = 50 + 10 * normal(seed, row, 4);
    uint64_t female = draw(seed, row, 5) & 1, region = draw(seed, row, 6) % 4;
    out = put_text(out, "unit-");
    out = put_padded(out, row + 1, 8);
    out = put_text(out, ",agency-");
    out = put_padded(out, agency + 1, 5);
    *out++ = ',';
    out = put_arm(out, arm);
    for (uint64_t outcome = 0; outcome < shape->outcomes; outcome++) {
        double value = 100 + 5 * normal(seed ^ 7, agency, outcome) + effect + 0.1 * age +
                       0.3 * before + 10 * normal(seed, row, 10 + outcome);
        if (shape->clusters > 0)
            value += 3 * normal(seed ^ 9, cluster_key, outcome);
        *out++ = ',';
        if (!shape->missing || draw(seed, row, 50 + outcome) % 20 != 0)
            out = put_decimal(out, value, 9);
    }
    *out++ = ',';
    out = put_decimal(out, age, 6);
    *out++ = ',';
    out = put_decimal(out, before, 6);
    *out++ = ',';
    out = put_whole(out, female);
    *out++ = ',';
    out = put_text(out, regions[region]);
    *out++ = ',';
    out = put_decimal(out, 1 + uniform(draw(seed, row, 7)), 6);
    *out++ = ',';
    out = put_whole(out, draw(seed, row, 8) % 60);
    if (shape->clusters > 0) {
        out = put_text(out, ",cluster-");
        out = put_whole(out, cluster_key);
    }
    if (shape->blocks > 0) {
        out = put_text(out, ",block-");
        out = put_whole(out, draw(seed, row, 9) % shape->blocks);
    }
    *out++ = '\n';
    return out;
}

static void write_data(const pilot_shape_t *shape)
{
    static char buffer[1 << 20];
    printf("unit,agency,arm");
    for (uint64_t outcome = 1; outcome <= shape->outcomes; outcome++)
        printf(",outcome_%" PRIu64, outcome);
    printf(",age,before,female,region,hours,visits%s%s\n", shape->clusters > 0 ? ",cluster" : "",
           shape->blocks > 0 ? ",block" : "");
    char *out = buffer;
    for (uint64_t row = 0; row < shape->rows; row++) {
        out = put_row(out, shape, shape->shuffle ? permute(row, shape->rows, shape->seed) : row);
        if (out - buffer > (ptrdiff_t)sizeof buffer - 4096) {
            fwrite(buffer, 1, (size_t)(out - buffer), stdout);
            out = buffer;
        }
    }
    fwrite(buffer, 1, (size_t)(out - buffer), stdout);
}

static void write_plan(const pilot_shape_t *shape)
{
    printf("version: 1\npilot: generated\ntitle: A generated pilot\ncolumns:\n  unit: unit\n"
           "  agency: agency\n  arm: arm\n");
    if (shape->blocks > 0)
        printf("  block: block\n");
    if (shape->clusters > 0)
        printf("  cluster: cluster\n");
    printf("arms:\n  control: control\n  treatments: [treatment_1");
    for (uint64_t arm = 2; arm < shape->arms; arm++)
        printf(", treatment_%" PRIu64, arm);
    printf("]\noutcomes:\n");
    for (uint64_t outcome = 1; outcome <= shape->outcomes; outcome++)
        printf("  - {name: outcome_%" PRIu64 ", type: continuous, role: %s, better: higher}\n",
               outcome, outcome == 1 ? "primary" : "secondary");
    printf("covariates:\n  - age\n  - before\n  - {name: female, type: binary}\n");
    if (shape->all_columns)
        printf("  - {name: region, type: categorical}\n  - hours\n  - visits\n");
    if (shape->subgroups)
        printf("subgroups: [female]\n");
    printf("analysis:\n  level: %s\n  estimators: %s\nseed: 1\n", shape->level, shape->estimators);
}

static uint64_t number(const char *text, uint64_t least, uint64_t most)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < least || value > most) {
        fprintf(stderr, "generate_pilot: a number from %" PRIu64 " to %" PRIu64 " is needed\n",
                least, most);
        exit(2);
    }
    return value;
}

static const struct option options[] = {{"rows", required_argument, NULL, 'r'},
                                        {"agencies", required_argument, NULL, 'g'},
                                        {"arms", required_argument, NULL, 'a'},
                                        {"outcomes", required_argument, NULL, 'o'},
                                        {"clusters", required_argument, NULL, 'c'},
                                        {"blocks", required_argument, NULL, 'b'},
                                        {"seed", required_argument, NULL, 's'},
                                        {"shuffle", no_argument, NULL, 'x'},
                                        {"missing", no_argument, NULL, 'm'},
                                        {"plan", no_argument, NULL, 'p'},
                                        {"level", required_argument, NULL, 'l'},
                                        {"estimators", required_argument, NULL, 'e'},
                                        {"all-columns", no_argument, NULL, 'A'},
                                        {"subgroups", no_argument, NULL, 'S'},
                                        {NULL, 0, NULL, 0}};

/* False: an option that there is not. */
static bool read_options(int argc, char **argv, pilot_shape_t *shape)
{
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'r':
            shape->rows = number(optarg, 1, 99999999);
            break;
        case 'g':
            shape->agencies = number(optarg, 1, 99999);
            break;
        case 'a':
            shape->arms = number(optarg, 2, 64);
            break;
        case 'o':
            shape->outcomes = number(optarg, 1, 20);
            break;
        case 'c': /* clusters an agency; arms are then drawn by cluster */
            shape->clusters = number(optarg, 0, 1000000);
            break;
        case 'b': /* blocks an agency */
            shape->blocks = number(optarg, 0, 1000000);
            break;
        case 's':
            shape->seed = number(optarg, 0, UINT64_MAX);
            break;
        case 'x':
            shape->shuffle = true;
            break;
        case 'm': /* one outcome in twenty is missing */
            shape->missing = true;
            break;
        case 'p':
            shape->plan = true;
            break;
        case 'A': /* the plan keeps region, hours and visits too */
            shape->all_columns = true;
            break;
        case 'S': /* effects by sex, and their gap */
            shape->subgroups = true;
            break;
        case 'l':
            shape->level = optarg;
            break;
        case 'e':
            shape->estimators = optarg;
            break;
        default:
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    pilot_shape_t shape = {.rows = 4000000,
                           .agencies = 2000,
                           .arms = 3,
                           .outcomes = 3,
                           .seed = 1,
                           .level = "agency",
                           .estimators = "[difference_in_means, ols]"};
    if (!read_options(argc, argv, &shape))
        return 2;
    if (shape.plan)
        write_plan(&shape);
    else
        write_data(&shape);
    return ferror(stdout) || fflush(stdout) != 0 ? 1 : 0;
}
