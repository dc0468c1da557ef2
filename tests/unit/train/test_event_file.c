/* test_event_file.c - telemetry as an event file, against the bytes that TensorBoard's own writer gives */
#include "train/event_file.h"

#include "../checks.h"

#include <stdio.h>

/* tensorboard 2.20: file_version; step 1 train/learning_rate .5, train/loss .25; step 300 eval/loss 2; step
 * 301 train/loss 1.5, train/tokens 219; wall times equal to the steps (made by tools/golden/make_events.py).
 */
static const char golden[] =
    "0f000000000000006d532b091a0d627261696e2e4576656e743a32fc9851293c00000000000000c8b7a3520900000000"
    "0000f03f10012a2f0a1a0a13747261696e2f6c6561726e696e675f72617465150000003f0a110a0a747261696e2f6c6f"
    "7373150000803eec4de900200000000000000029eda950090000000000c0724010ac022a120a100a096576616c2f6c6f"
    "73731500000040b84a534f36000000000000004f578cef090000000000d0724010ad022a280a110a0a747261696e2f6c"
    "6f7373150000c03f0a130a0c747261696e2f746f6b656e731500005b439ebb3b2c";

static lem_status events(const char *text, lem_buf *out) {
    lem_buf rows = {0};
    lem_buf_puts(&rows, text);
    lem_status st = lem_train_event_file(&rows, out, &err);
    lem_buf_release(&rows);
    return st;
}

static void as_tensorboard_writes(void **state) {
    (void)state;
    lem_buf out = {0}, hex = {0};
    OK(events("{\"stage\":\"a\",\"step\":1,\"lr\":0.5,\"loss\":0.25}\n"
              "{\"stage\":\"a\",\"step\":300,\"val_loss\":2.0}\n"
              "{\"stage\":\"b\",\"step\":1,\"loss\":1.5,\"tokens\":219.0}\n",
              &out));
    for (size_t i = 0; i < out.len; i++) lem_buf_printf(&hex, "%02x", (unsigned char)out.data[i]);
    assert_string_equal(lem_buf_str(&hex), golden);
    lem_buf_release(&out);
    lem_buf_release(&hex);
}

static void refused(void **state) {
    (void)state;
    lem_buf out = {0};
    FAILS(events("{\"step\":1}\n[3]\n", &out), LEM_EDATA, "telemetry, line 2");
    lem_buf_clear(&out);
    OK(events("", &out));
    assert_int_equal(out.len, 31); /* the version alone */
    lem_buf_release(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_tensorboard_writes), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
