/* curate/crosscheck.h - samples that teachers' answers confirm (AceMath, arXiv 2412.15084 §3.2.2: a sample is
 * kept only where the teacher's answers agree with each other and with the response)
 *
 * Teachers are files of rows: training rows of any kind (one response each; several rows of one prompt are
 * several answers) or rows of candidates (completions[], responses[]). Their answers are extracted by the
 * grader and found again by prompt (white space apart, the same text) or by id. A judge is a file of
 * verdicts, true or false, found likewise, and by the response too where its rows carry one. Order of calls:
 * new, add_teacher and add_judge, then for each sample look, compare, count. Only compare may run in several
 * threads at a time. */
#ifndef LEM_CURATE_CROSSCHECK_H
#define LEM_CURATE_CROSSCHECK_H

#include "core/buf.h"
#include "core/json.h"
#include "core/log.h"
#include "curate/cross_pairs.h"
#include "data/row_reader.h"

typedef struct lem_crosscheck lem_crosscheck;

typedef struct lem_cross_opts { /* what it points to is borrowed until free */
    lem_grade_profile profile;
    lem_cross_rule rule;
    bool by_id;
    const char *id_field; /* dotted path; by_id */
    const char *format;   /* of the teachers' and judge's rows, as in lem_row_reader_opts */
    const lem_json *map;  /* likewise */
    const char
        *answer_field; /* of the teachers' rows: a bare answer or a list of them; NULL = from responses */
    const char *judge_field;  /* of the judge's rows: boolean, number (at least 0.5), yes/no/true/false/… or
                                 null */
    const lem_cancel *cancel; /* looked at for every row; NULL = never */
    lem_log *log;             /* NULL = silent */
    const lem_row_judge
        *judge; /* of the teachers' and judge's rows (rows/rows.h); NULL: a bad row is an error */
} lem_cross_opts;

lem_status lem_crosscheck_new(const lem_cross_opts *o, lem_crosscheck **out, lem_err *err) LEM_MUST_CHECK;
/* A path as in lem_rowset_open is one teacher, called by the last part of it. Errors name file and line;
 * LEM_EDATA too for more than LEM_CROSS_MAX_TEACHER_ANSWERS to one prompt over all teachers. */
lem_status lem_crosscheck_add_teacher(lem_crosscheck *c, const char *path, lem_err *err) LEM_MUST_CHECK;
lem_status lem_crosscheck_add_judge(lem_crosscheck *c, const char *path, lem_err *err) LEM_MUST_CHECK;
void lem_crosscheck_free(lem_crosscheck *c); /* NULL allowed */

/* One sample; zeroed is empty, and may be used again. */
typedef struct lem_cross_sample {
    lem_row_texts texts;
    lem_buf answer; /* of the response */
    size_t problem; /* of the teachers; SIZE_MAX: they have none */
    int8_t judged;  /* 1 right, 0 wrong, -1 no verdict */
    int n;          /* 1 and the teachers' answers */
    uint8_t *pair;  /* [n * n] */
    lem_cross_why why;
} lem_cross_sample;
void lem_cross_sample_release(lem_cross_sample *s);

/* Reads the last row of r as a sample: its response is that of the row, or its one completion. */
lem_status lem_crosscheck_look(lem_crosscheck *c, lem_row_reader *r, const lem_json *row, lem_cross_sample *s,
                               lem_err *err) LEM_MUST_CHECK;
/* Compares its answers and sets why; changes nothing but *s. */
lem_status lem_crosscheck_compare(const lem_crosscheck *c, lem_cross_sample *s, lem_err *err) LEM_MUST_CHECK;
void lem_crosscheck_count(lem_crosscheck *c, const lem_cross_sample *s);
/* {response, SOURCE: answer, …} of a sample, null for no answer. The caller owns it; NULL on want of memory.
 */
lem_json *lem_crosscheck_answers(const lem_crosscheck *c, const lem_cross_sample *s);

/* Over all samples counted: sources (name, answers, silent), pairs of two sources (agree, differ, undecided,
 * silent, agreement = agree / (agree + differ), null of none), matrix (the agreements, symmetric; null on the
 * diagonal), unmatched (prompts of teachers that no sample has). The caller owns it; NULL on want of memory.
 */
lem_json *lem_crosscheck_json(const lem_crosscheck *c);
void lem_crosscheck_text(const lem_crosscheck *c, lem_buf *out);
/* Names in the log the first three prompts of teachers that no sample has, and counts them. */
void lem_crosscheck_tell_unmatched(const lem_crosscheck *c);

#endif
