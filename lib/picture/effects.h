/* effects.h - what the pictures of effects have in common. */
#ifndef PILOT_PICTURE_EFFECTS_H
#define PILOT_PICTURE_EFFECTS_H

#include "axis.h"

bool number_finite(pilot_number_t number);
/* Has it a place on the axis? */
bool effect_drawn(const pilot_picture_effect_t *effect);
/* Ends that may be infinite, and a pooled effect that they belong to. */
bool has_prediction(const pilot_picture_effects_t *effects);
size_t effects_drawn(const pilot_picture_effects_t *effects);
const char *effect_label(const pilot_picture_effect_t *effect, const char *otherwise);

/* The range that shows every estimate (far outliers of ten or more excepted), no effect, what is
 * pooled, and of the intervals' ends what leaves the rest readable.  False when there is nothing.
 */
bool effects_range(const pilot_picture_effects_t *effects, double *ret_low, double *ret_high);
/* As effects_range, else [-1, 1]; the caller's limits first. */
bool effects_axis(axis_t *axis, const pilot_picture_effects_t *effects, double from, double to,
                  double apart);

double confidence_of(double confidence);
void put_percent(pilot_text_t *text, double share, int decimals); /* "95 %" */

/* Why there is no number: "suppressed (c)", the note, "no estimate".  Borrowed. */
const char *missing_words(pilot_picture_mark_t mark, const char *note);

/* "0.12", "−0.03 to 0.27": an absent end gives nothing. */
void put_estimate(pilot_text_t *text, const axis_t *axis, const pilot_picture_effect_t *effect);
void put_interval(pilot_text_t *text, const axis_t *axis, const pilot_picture_effect_t *effect);
/* Both: "0.12 (−0.03 to 0.27)". */
void put_effect(pilot_text_t *text, const axis_t *axis, const pilot_picture_effect_t *effect);
/* One sentence for the line's title. */
void put_effect_title(pilot_text_t *text, const axis_t *axis, const pilot_picture_effect_t *effect,
                      const char *noun, double weights);

/* Interval with arrow heads where it leaves the axis; square of size; shrunken effect below. */
void draw_interval(canvas_t *canvas, const axis_t *axis, pilot_number_t low, pilot_number_t high,
                   double y, const char *class, const char *head);
void draw_estimate(canvas_t *canvas, const axis_t *axis, double value, double y, double size);
void draw_gap(canvas_t *canvas, const axis_t *axis, double value, double y);
void draw_shrunken(canvas_t *canvas, const axis_t *axis, const pilot_picture_effect_t *effect,
                   double y);
void draw_pooled(canvas_t *canvas, const axis_t *axis, const pilot_picture_effect_t *pooled,
                 double y);
void draw_prediction(canvas_t *canvas, const axis_t *axis, pilot_number_t low, pilot_number_t high,
                     double y);
/* Null line, smallest effects that matter, and (dotted) the pooled effect, from top to bottom. */
void draw_references(canvas_t *canvas, const axis_t *axis, const pilot_picture_effects_t *effects,
                     double top, double bottom);
/* Ticks, axis title, directions "worse" and "better"; moves canvas->y below them. */
void draw_effect_axis(canvas_t *canvas, const axis_t *axis, const pilot_picture_effects_t *effects,
                      double y);
/* Keys of what the picture has, then the note; moves canvas->y. */
void effect_keys(keys_t *keys, const pilot_picture_effects_t *effects, const axis_t *axis,
                 bool each);
/* A forest under this name. */
void draw_forest(pilot_text_t *text, const pilot_picture_effects_t *effects,
                 const pilot_picture_options_t *options, const char *title);
void draw_note(canvas_t *canvas, const char *note);
/* A picture that has nothing to show. */
void draw_nothing(canvas_t *canvas, const char *words);
/* "Forest plot of 24 agencies. Pooled effect 0.12 (...)": for the description. */
void put_description(pilot_text_t *text, const char *what, const pilot_picture_effects_t *effects,
                     const axis_t *axis);
/* "agency", "agencies": noun for a count, in small letters when it begins no sentence. */
void put_counted(pilot_text_t *text, size_t count, const char *noun);

#endif
