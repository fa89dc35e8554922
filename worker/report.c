#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "pilot/memory.h"
#include "pilot/wire.h"

/* Rows of one kind: pointers, as protobuf-c wants them. */
typedef struct row_list {
    void **row;
    size_t count, capacity;
} row_list_t;

struct pilot_report {
    const pilot_analysis_t *analysis;
    row_list_t effects, comparisons, agency_effects, quality, curves, contributions, conventions,
        averages, moderators, shares, contrasts, pieces, texts;
    pilot_piece_t *content; /* of pieces, by index */
    size_t content_capacity;
    pilot_criticals_t criticals; /* of conventions */
};

pilot_report_t *pilot_report_new(const pilot_analysis_t *analysis)
{
    pilot_report_t *report = PILOT_NEW(pilot_report_t);
    report->analysis = analysis;
    return report;
}

static void clear_list(row_list_t *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->row[i]);
    free(list->row);
}

void pilot_report_free(pilot_report_t *report)
{
    if (!report)
        return;
    for (size_t i = 0; i < report->pieces.count; i++) {
        Pilot__Piece *piece = report->pieces.row[i];
        free(piece->label);
        pilot_piece_clear(&report->content[i]);
    }
    free(report->content);
    clear_list(&report->effects);
    clear_list(&report->comparisons);
    clear_list(&report->agency_effects);
    clear_list(&report->quality);
    for (size_t i = 0; i < report->curves.count; i++) {
        Pilot__Curve *curve = report->curves.row[i];
        for (size_t k = 0; k < curve->n_point; k++)
            free(curve->point[k]);
        free(curve->point);
    }
    clear_list(&report->curves);
    clear_list(&report->contributions);
    clear_list(&report->conventions);
    clear_list(&report->averages);
    clear_list(&report->moderators);
    clear_list(&report->shares);
    clear_list(&report->contrasts);
    clear_list(&report->pieces);
    clear_list(&report->texts);
    free(report);
}

static void *add_row(row_list_t *list, void *row)
{
    list->row = pilot_grow(list->row, &list->capacity, list->count + 1, sizeof *list->row);
    list->row[list->count++] = row;
    return row;
}

const char *pilot_report_keep(pilot_report_t *report, const char *text)
{
    return add_row(&report->texts, pilot_strdup(text));
}

Pilot__Effect *pilot_report_effect(pilot_report_t *report)
{
    Pilot__Effect *effect = add_row(&report->effects, PILOT_NEW(Pilot__Effect));
    pilot__effect__init(effect);
    return effect;
}

Pilot__Comparison *pilot_report_comparison(pilot_report_t *report)
{
    Pilot__Comparison *comparison = add_row(&report->comparisons, PILOT_NEW(Pilot__Comparison));
    pilot__comparison__init(comparison);
    return comparison;
}

Pilot__AgencyEffect *pilot_report_agency_effect(pilot_report_t *report)
{
    Pilot__AgencyEffect *effect = add_row(&report->agency_effects, PILOT_NEW(Pilot__AgencyEffect));
    pilot__agency_effect__init(effect);
    return effect;
}

static Pilot__Contrast *add_contrast(pilot_report_t *report)
{
    Pilot__Contrast *contrast = add_row(&report->contrasts, PILOT_NEW(Pilot__Contrast));
    pilot__contrast__init(contrast);
    return contrast;
}

Pilot__Average *pilot_report_average(pilot_report_t *report)
{
    Pilot__Average *average = add_row(&report->averages, PILOT_NEW(Pilot__Average));
    pilot__average__init(average);
    average->contrast = add_contrast(report);
    return average;
}

Pilot__Moderator *pilot_report_moderator(pilot_report_t *report)
{
    Pilot__Moderator *moderator = add_row(&report->moderators, PILOT_NEW(Pilot__Moderator));
    pilot__moderator__init(moderator);
    moderator->contrast = add_contrast(report);
    return moderator;
}

Pilot__Share *pilot_report_share(pilot_report_t *report)
{
    Pilot__Share *share = add_row(&report->shares, PILOT_NEW(Pilot__Share));
    pilot__share__init(share);
    share->contrast = add_contrast(report);
    return share;
}

Pilot__Quality *pilot_report_quality(pilot_report_t *report)
{
    Pilot__Quality *quality = add_row(&report->quality, PILOT_NEW(Pilot__Quality));
    pilot__quality__init(quality);
    return quality;
}

Pilot__Contribution *pilot_report_contribution(pilot_report_t *report)
{
    Pilot__Contribution *row = add_row(&report->contributions, PILOT_NEW(Pilot__Contribution));
    pilot__contribution__init(row);
    return row;
}

Pilot__Curve *pilot_report_curve(pilot_report_t *report, size_t points)
{
    Pilot__Curve *curve = add_row(&report->curves, PILOT_NEW(Pilot__Curve));
    pilot__curve__init(curve);
    curve->n_point = points;
    curve->point = PILOT_NEW_ARRAY(Pilot__CurvePoint *, points);
    for (size_t i = 0; i < points; i++) {
        curve->point[i] = PILOT_NEW(Pilot__CurvePoint);
        pilot__curve_point__init(curve->point[i]);
    }
    return curve;
}

/* ---- rows from what statistics give ------------------------------------------------------------
 */

static void copy_estimate(pilot_report_t *report, Pilot__Effect *effect,
                          const pilot_estimate_t *estimate)
{
    PILOT_COPY_NUMBER(effect, estimate, estimate->estimate);
    PILOT_COPY_NUMBER(effect, std_error, estimate->std_error);
    PILOT_COPY_NUMBER(effect, df, estimate->df);
    PILOT_COPY_NUMBER(effect, statistic, estimate->statistic);
    PILOT_COPY_NUMBER(effect, p_value, estimate->p_value);
    PILOT_COPY_NUMBER(effect, ci_low, estimate->ci_low);
    PILOT_COPY_NUMBER(effect, ci_high, estimate->ci_high);
    PILOT_COPY_NUMBER(effect, control_mean, estimate->control_mean);
    PILOT_COPY_NUMBER(effect, control_std_dev, estimate->control_std_dev);
    effect->has_n = effect->has_n_arm = effect->has_n_control = true;
    effect->n = estimate->n;
    effect->n_arm = estimate->n_arm;
    effect->n_control = estimate->n_control;
    effect->has_clusters = estimate->clusters > 0;
    effect->clusters = estimate->clusters;
    effect->has_blocks = estimate->blocks > 0;
    effect->blocks = estimate->blocks;
    if (estimate->std_error_type != PILOT_SE_NONE)
        effect->std_error_type = (char *)pilot_std_error_name(estimate->std_error_type);
    effect->status = (char *)pilot_row_status_name(estimate->status);
    if (estimate->reason != PILOT_REASON_NONE)
        effect->reason = (char *)pilot_reason_name(estimate->reason);
    if (estimate->detail[0])
        effect->detail = (char *)pilot_report_keep(report, estimate->detail);
}

void pilot_report_estimate(pilot_report_t *report, const pilot_row_key_t *key, const char *agency,
                           const char *subgroup, const char *level, const char *estimator,
                           const pilot_estimate_t *estimate)
{
    const Pilot__Spec *spec = report->analysis->spec;
    Pilot__Effect *effect = pilot_report_effect(report);
    effect->ordinal = key->ordinal;
    effect->agency = (char *)agency;
    effect->outcome = spec->outcome[key->outcome]->name;
    effect->subgroup = (char *)subgroup;
    effect->level = level ? (char *)pilot_report_keep(report, level) : NULL;
    effect->arm = spec->arm[key->arm]->label;
    effect->control = spec->arm[0]->label;
    effect->estimand = (char *)key->estimand;
    effect->estimator = (char *)estimator;
    effect->parameter = (char *)key->parameter;
    if (estimate) {
        copy_estimate(report, effect, estimate);
    } else {
        effect->status = (char *)pilot_row_status_name(PILOT_ROW_NOT_ESTIMABLE);
        effect->reason = (char *)pilot_reason_name(
            key->slot->defined ? PILOT_REASON_NOT_IN_THIS_VERSION : PILOT_REASON_OUTCOME_TYPE);
    }
    pilot_checks_detectable(report, report->analysis, effect, key->outcome, key->arm);
}

static Pilot__Convention *add_convention(pilot_report_t *report, pilot_number_t estimate,
                                         const pilot_convention_t *convention)
{
    pilot_estimate_t told = {
        .estimate = estimate, .std_error = convention->std_error, .df = convention->df};
    pilot_estimate_infer_many(&told, report->analysis->spec->confidence, &report->criticals);
    Pilot__Convention *row = add_row(&report->conventions, PILOT_NEW(Pilot__Convention));
    pilot__convention__init(row);
    row->std_error = told.std_error.value;
    row->df = told.df.value;
    row->p_value = told.p_value.value;
    PILOT_COPY_NUMBER(row, ci_low, told.ci_low);
    PILOT_COPY_NUMBER(row, ci_high, told.ci_high);
    return row;
}

static bool is_same(const pilot_convention_t *a, const pilot_convention_t *b)
{
    return a->std_error_type == b->std_error_type && a->std_error.value == b->std_error.value &&
           a->df.value == b->df.value;
}

void pilot_report_conventions(pilot_report_t *report, const pilot_estimate_t *estimate,
                              const pilot_convention_t *convention)
{
    Pilot__Effect *effect = report->effects.row[report->effects.count - 1];
    const pilot_convention_t *estimatr = &convention[PILOT_CONVENTION_ESTIMATR];
    const pilot_convention_t *stata = &convention[PILOT_CONVENTION_STATA];
    const pilot_convention_t *fixest = &convention[PILOT_CONVENTION_FIXEST];
    if (estimatr->std_error.given && estimatr->std_error_type != estimate->std_error_type)
        effect->estimatr = add_convention(report, estimate->estimate, estimatr);
    if (stata->std_error.given)
        effect->stata = add_convention(report, estimate->estimate, stata);
    if (fixest->std_error.given && !is_same(fixest, stata))
        effect->fixest = add_convention(report, estimate->estimate, fixest);
}

/* ---- parts ----------------------------------------------------------------------------------- */

void pilot_report_piece(pilot_report_t *report, uint32_t agency_index, pilot_piece_t *piece)
{
    size_t at = report->pieces.count;
    Pilot__Piece *message = add_row(&report->pieces, PILOT_NEW(Pilot__Piece));
    pilot__piece__init(message);
    message->has_agency_index = true;
    message->agency_index = agency_index;
    report->content =
        pilot_grow(report->content, &report->content_capacity, at + 1, sizeof *report->content);
    report->content[at] = *piece;
    *piece = (pilot_piece_t){0};
    const pilot_piece_t *content = &report->content[at];
    message->n_number = content->numbers;
    message->number = content->number;
    message->n_count = content->counts;
    message->count = content->count;
    message->n_label = content->labels;
    message->label = PILOT_NEW_ARRAY(ProtobufCBinaryData, content->labels);
    for (size_t i = 0; i < content->labels; i++) {
        message->label[i].data = (uint8_t *)content->label[i];
        message->label[i].len = strlen(content->label[i]);
    }
}

/* Takes numbers beyond the range of doubles out of a row: sums of outcomes near 1e308.  True if
 * there were any. */
static bool drop_unbounded(ProtobufCMessage *row)
{
    const ProtobufCMessageDescriptor *type = row->descriptor;
    char *base = (char *)row;
    bool dropped = false;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (field->type != PROTOBUF_C_TYPE_DOUBLE || field->label != PROTOBUF_C_LABEL_OPTIONAL)
            continue;
        protobuf_c_boolean *has = (protobuf_c_boolean *)(void *)(base + field->quantifier_offset);
        if (*has && !isfinite(*(const double *)(const void *)(base + field->offset))) {
            *has = false;
            dropped = true;
        }
    }
    return dropped;
}

static void drop_unbounded_points(Pilot__Curve *curve)
{
    size_t kept = 0;
    for (size_t k = 0; k < curve->n_point; k++) {
        Pilot__CurvePoint *point = curve->point[k];
        drop_unbounded(&point->base);
        if (isfinite(point->x) && isfinite(point->y))
            curve->point[kept++] = point;
        else
            free(point);
    }
    curve->n_point = kept;
}

/* The last look at rows: one cell's overflow must not cost a batch. */
static void drop_all_unbounded(pilot_report_t *report)
{
    for (size_t i = 0; i < report->effects.count; i++) {
        Pilot__Effect *effect = report->effects.row[i];
        if (!drop_unbounded(&effect->base) || effect->reason)
            continue;
        effect->status = (char *)pilot_row_status_name(PILOT_ROW_NOT_ESTIMABLE);
        effect->reason = (char *)pilot_reason_name(
            effect->has_estimate ? PILOT_REASON_VARIANCE_UNIDENTIFIED : PILOT_REASON_NOT_CONVERGED);
        effect->has_std_error = effect->has_statistic = effect->has_p_value = false;
        effect->has_df = effect->has_ci_low = effect->has_ci_high = false;
    }
    for (size_t i = 0; i < report->quality.count; i++)
        drop_unbounded(&((Pilot__Quality *)report->quality.row[i])->base);
    for (size_t i = 0; i < report->contributions.count; i++)
        drop_unbounded(&((Pilot__Contribution *)report->contributions.row[i])->base);
    for (size_t i = 0; i < report->curves.count; i++)
        drop_unbounded_points(report->curves.row[i]);
}

uint8_t *pilot_report_pack(pilot_report_t *report, size_t *ret_length)
{
    Pilot__ResultRows rows = PILOT__RESULT_ROWS__INIT;
    drop_all_unbounded(report);
    rows.n_effect = report->effects.count;
    rows.effect = (Pilot__Effect **)report->effects.row;
    rows.n_comparison = report->comparisons.count;
    rows.comparison = (Pilot__Comparison **)report->comparisons.row;
    rows.n_agency_effect = report->agency_effects.count;
    rows.agency_effect = (Pilot__AgencyEffect **)report->agency_effects.row;
    rows.n_average = report->averages.count;
    rows.average = (Pilot__Average **)report->averages.row;
    rows.n_moderator = report->moderators.count;
    rows.moderator = (Pilot__Moderator **)report->moderators.row;
    rows.n_share = report->shares.count;
    rows.share = (Pilot__Share **)report->shares.row;
    rows.n_quality = report->quality.count;
    rows.quality = (Pilot__Quality **)report->quality.row;
    rows.n_curve = report->curves.count;
    rows.curve = (Pilot__Curve **)report->curves.row;
    rows.n_contribution = report->contributions.count;
    rows.contribution = (Pilot__Contribution **)report->contributions.row;
    uint8_t *part_bytes = NULL;
    if (report->pieces.count > 0) {
        Pilot__Part part = PILOT__PART__INIT;
        part.n_piece = report->pieces.count;
        part.piece = (Pilot__Piece **)report->pieces.row;
        rows.has_part = true;
        part_bytes = pilot_message_pack(&part.base, &rows.part.len);
        rows.part.data = part_bytes;
    }
    uint8_t *bytes = pilot_message_pack(&rows.base, ret_length);
    free(part_bytes);
    return bytes;
}
