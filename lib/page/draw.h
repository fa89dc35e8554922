/* draw.h - rows of an evaluation as what pictures are made of. */
#ifndef PILOT_PAGE_DRAW_H
#define PILOT_PAGE_DRAW_H

#include "pilot/page.h"
#include "pilot/picture.h"

pilot_number_t page_number(pilot_figure_t figure);
pilot_picture_count_t page_count(pilot_figure_t figure);

/* A wide picture and, where `narrow`, a narrow one beside it: the reader's width shows one.  id:
 * prefix of ids, unique in the page; title: NULL: the picture's own. */
typedef void page_draw_t(pilot_text_t *text, const void *what,
                         const pilot_picture_options_t *options);
void page_draw(pilot_page_t *page, page_draw_t *draw, const void *what, const char *id,
               const char *title, bool narrow, const char *words);

/* Effects of agencies of one contrast, with their average; clear by page_effects_clear. */
typedef struct page_effects {
    pilot_picture_effects_t picture;
    pilot_picture_effect_t *effect;
    char *axis, *note;
} page_effects_t;
void page_effects_of(const pilot_evaluation_t *evaluation, const pilot_comparison_row_t *row,
                     page_effects_t *ret_effects);
void page_effects_clear(page_effects_t *effects);

#endif
