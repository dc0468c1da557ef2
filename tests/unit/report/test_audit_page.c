/* test_audit_page.c - the page of a graded file's audit: counts, tables by kind, long texts cut */
#include "report/audit_page.h"

#include "core/file.h"
#include "core/mem.h"

#include <stdlib.h>

#include "../checks.h"

static char dir[] = "/tmp/lemma-audit-page-XXXXXX";

static int make_dir(void **state) {
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state) {
    (void)state;
    return lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static char *text_of(const char *name) {
    lem_buf b = {0};
    char *path = lem_path_join(dir, name, &err);
    assert_non_null(path);
    OK(lem_file_read(path, 1 << 20, &b, &err));
    lem_free(path);
    return lem_buf_take(&b);
}

static void expect(const char *name, const char *what, bool there) {
    char *text = text_of(name);
    if ((strstr(text, what) != NULL) != there)
        fail_msg("%s: '%s' %s", name, what, there ? "absent" : "there");
    lem_free(text);
}

/* A row graded twice alike, as wrong by the first policy and right by the second. */
static void save(const char *name, char *answer, bool second, bool overwrite, lem_status want) {
    static const char *const why[] = {"within 1 %"};
    lem_answer_result wrong = {LEM_ANSWER_NOT_EQUAL, "exact rational"},
                      right = {LEM_ANSWER_EQUAL_EXACT, "text"};
    lem_grade_span span = {.weak = false};
    char gold[] = "3";
    lem_graded a = {.n = 1, .result = &wrong, .answer = &answer, .span = &span, .gold = gold}, b = a;
    b.result = &right;
    lem_audit *audit = lem_audit_new(&err);
    lem_grade_tally *tally = lem_alloc_zero(1, sizeof *tally, &err);
    assert_non_null(audit);
    assert_non_null(tally);
    tally->all = (lem_grade_model_tally){.n = 4, .right = 1};
    const char *texts[] = {"so $x = 3.01$ **is** it"};
    const lem_candidates c = {.n = 1, .problem = "How <much>?", .completion = texts};
    OK(lem_audit_add(audit, &a, second ? &b : NULL, why, &(lem_audit_place){"rows.jsonl", 7, &c}, &err));
    OK(lem_audit_add(audit, &a, second ? &b : NULL, why, &(lem_audit_place){"rows.jsonl", 9, &c}, &err));
    lem_grade_page p = {audit, tally, "pairs.jsonl", "std", second ? "qwen" : NULL, 2, NULL, NULL};
    char *path = lem_path_join(dir, name, &err);
    if (want == LEM_OK) OK(lem_grade_page_save(&p, path, overwrite, &err));
    else FAILS(lem_grade_page_save(&p, path, overwrite, &err), want, name);
    lem_free(path);
    lem_free(tally);
    lem_audit_free(audit);
}

static void one_policy(void **state) {
    (void)state;
    char answer[] = "3<1";
    save("one.html", answer, false, false, LEM_OK);
    expect("one.html", "pairs.jsonl, graded by the policy std<", true);
    expect("one.html", "right by std", true);
    expect("one.html", "25.00 %", true);
    expect("one.html", "Near misses (2)", true);
    expect("one.html", "1 different cases", true); /* equal cases are one row */
    expect("one.html", "Where the policies disagree", false);
    expect("one.html", "Everything was decided.", true);
    expect("one.html", "3&lt;1", true);
    expect("one.md", "Near misses", true);
    expect("one-near-misses.csv", "line,#,gold,answer,why,std,times\r\n", true);
    expect("one-near-misses.csv", "7,0,3,3<1,within 1 %,wrong: exact rational,2\r\n", true);
}

static void two_policies(void **state) {
    (void)state;
    char answer[] = "3.01";
    save("two.html", answer, true, false, LEM_OK);
    expect("two.html", "graded by the policy std against qwen<", true);
    expect("two.html", "right by qwen", true);
    expect("two.html", "50.00 %", true);
    expect("two.html", "Where the policies disagree (2)", true);
    /* Each pair once, with problem and response in view, and what is saved with a mark. */
    expect("two.html", "<summary>gold 3, answer 3.01: std wrong, qwen right</summary>", true);
    expect("two.html", "<p>How &lt;much&gt;?</p>", true);
    expect("two.html",
           "<p>so <math><mrow><mi>x</mi><mo>=</mo><mn>3.01</mn></mrow></math> <strong>is</strong> it</p>",
           true);
    expect("two.html", "the policies disagree (1)</option>", true);
    expect("two.html", "near miss (1)</option>", true);
    expect("two.html",
           "<fieldset class=\"marks\" hidden "
           "data-row=\"{&quot;gold&quot;:&quot;3&quot;,&quot;answer&quot;:&quot;3.01"
           "&quot;,&quot;policy&quot;:&quot;std&quot;,&quot;verdict&quot;:&quot;wrong&quot;,&quot;against&"
           "quot;:&quot;qwen"
           "&quot;,&quot;against_verdict&quot;:&quot;right&quot;,&quot;file&quot;:&quot;rows.jsonl&quot;,&"
           "quot;line&quot;:7"
           ",&quot;candidate&quot;:0,&quot;times&quot;:2}\">",
           true);
    expect("two.html", "value=\"\" checked> not marked</label>", true);
    expect("two-disagreements.csv", "line,#,gold,answer,std,qwen,times\r\n", true);
    expect("two-disagreements.csv", "7,0,3,3.01,wrong: exact rational,right: text,2\r\n", true);
}

static void long_texts_are_cut(void **state) {
    (void)state;
    char answer[1000];
    memset(answer, '7', sizeof answer - 1);
    answer[sizeof answer - 1] = '\0';
    save("long.html", answer, false, false, LEM_OK);
    answer[400] = '\0';
    strcat(answer, "...,");
    expect("long-near-misses.csv", answer, true);
}

static void an_existing_page_stays(void **state) {
    (void)state;
    char answer[] = "4";
    save("kept.html", answer, false, false, LEM_OK);
    save("kept.html", answer, true, false, LEM_EUSAGE);
    expect("kept.html", "qwen", false);
    save("kept.html", answer, true, true, LEM_OK);
    expect("kept.html", "qwen", true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_policy),
        cmocka_unit_test(two_policies),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(an_existing_page_stays),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
