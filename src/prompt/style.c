/* style.c - the table of prompt styles */
#include "prompt/style.h"

#include <string.h>

#define BOXED "put your final answer within \\boxed{}."
#define REASON "Please reason step by step, and " BOXED
/* What ends a reply in the evaluation of Qwen2.5-Math, whatever the model. */
#define QWEN_STOPS "</s>", "<|im_end|>", "<|endoftext|>"
#define MULTIPLE_CHOICE "The following are multiple choice questions (with answers){about}."

static const lem_prompt_style styles[] = {
    {.name = "none",
     .purpose = "the folder's chat template, nothing added",
     .template = LEM_PROMPT_CHAT,
     .layout = LEM_PROMPT_SHOTS_TURNS,
     .choices = "\nAnswer Choices: "},
    {.name = "plain",
     .purpose = "the problem's text and nothing else",
     .template = LEM_PROMPT_PLAIN,
     .layout = LEM_PROMPT_SHOTS_TEXT,
     .answer = "\n",
     .between = "\n\n",
     .choices = "\nAnswer Choices: "},
    {.name = "qwen25-math-cot",
     .purpose = "Qwen2.5-Math: ChatML, 'put' in the system line",
     .template = LEM_PROMPT_CHATML,
     .system = REASON,
     .strip = true,
     .layout = LEM_PROMPT_SHOTS_ONE_TURN,
     .answer = "\n",
     .between = "\n\n",
     .choices = "\nAnswer Choices: ",
     .stop = {QWEN_STOPS}},
    {.name = "qwen-boxed",
     .purpose = "Qwen2-Math: ChatML, 'put' behind the problem",
     .template = LEM_PROMPT_CHATML,
     .system = "You are a helpful assistant.",
     .suffix = REASON,
     .strip = true,
     .layout = LEM_PROMPT_SHOTS_TURNS,
     .choices = "\nAnswer Choices: ",
     .stop = {QWEN_STOPS}},
    {.name = "deepseek-math",
     .purpose = "DeepSeekMath: text of User and Assistant",
     .template = LEM_PROMPT_TEXT,
     .before = "User: ",
     .after = "\n" REASON "\n\nAssistant:",
     .strip = true,
     .layout = LEM_PROMPT_SHOTS_TEXT,
     .answer = "",
     .between = "\n\n\n",
     .choices = "\nAnswer Choices: ",
     .stop = {QWEN_STOPS}},
    {.name = "mathstral",
     .purpose = "Mathstral: the problem and 'put' as text",
     .template = LEM_PROMPT_TEXT,
     .before = "",
     .after = "\n" REASON,
     .strip = true,
     .layout = LEM_PROMPT_SHOTS_TEXT,
     .answer = "",
     .between = "\n\n",
     .choices = "\nAnswer Choices: ",
     .stop = {QWEN_STOPS}},
    {.name = "numina",
     .purpose = "NuminaMath: text of Problem and Solution",
     .template = LEM_PROMPT_TEXT,
     .before = "### Problem: ",
     .after = "\n### Solution:",
     .strip = true,
     .layout = LEM_PROMPT_SHOTS_TEXT,
     .answer = " ",
     .between = "\n\n",
     .choices = "\nAnswer Choices: ",
     .stop = {QWEN_STOPS, "\n### Problem"}},
    {.name = "acemath",
     .purpose = "AceMath-Instruct: the folder's template, 'put' in the system line",
     .template = LEM_PROMPT_CHAT,
     .system = REASON,
     .strip = true,
     .layout = LEM_PROMPT_SHOTS_ONE_TURN,
     .answer = "\n",
     .between = "\n\n",
     .choices = "\nAnswer Choices: "},
    {.name = "acemath-check",
     .purpose = "AceMath-RM: the folder's template, 'check' in the system line",
     .template = LEM_PROMPT_CHAT,
     .system = "Please reason step by step, and check your final answer within \\boxed{}.",
     .layout = LEM_PROMPT_SHOTS_NONE,
     .choices = "\nAnswer Choices: "},
    {.name = "mmlu-5shot",
     .purpose = "MMLU: five worked questions of the subject, a letter as the answer",
     .template = LEM_PROMPT_TEXT,
     .header = MULTIPLE_CHOICE "\n\n",
     .before = "",
     .after = "\nAnswer:",
     .strip = true,
     .layout = LEM_PROMPT_SHOTS_TEXT,
     .answer = " ",
     .between = "\n\n",
     .shots = 5,
     .by_subject = true,
     .choices = "\n",
     .choice_lines = true,
     .stop = {"\n"}},
    {.name = "mmlu-cot",
     .purpose = "MMLU with reasons: five worked questions of the subject",
     .template = LEM_PROMPT_TEXT,
     .header = MULTIPLE_CHOICE "\n\n",
     .before = "Q: ",
     .after = "\nA:",
     .strip = true,
     .layout = LEM_PROMPT_SHOTS_TEXT,
     .answer = " ",
     .lead = " Let's think step by step.",
     .between = "\n\n",
     .shots = 5,
     .by_subject = true,
     .choices = "\n",
     .stop = {"\n\nQ:"}},
    {.name = "mmlu-pro-cot",
     .purpose = "MMLU-Pro: five worked questions of the category, with reasons",
     .template = LEM_PROMPT_TEXT,
     .header = MULTIPLE_CHOICE " Think step by step and then finish your answer with \"the answer is (X)\" "
                               "where X is the correct letter choice.\n\n\n",
     .before = "Question:\n",
     .after = "\nAnswer:",
     .strip = true,
     .layout = LEM_PROMPT_SHOTS_TEXT,
     .answer = " ",
     .lead = " Let's think step by step.",
     .between = "\n\n",
     .shots = 5,
     .by_subject = true,
     .choices = "\nOptions:\n",
     .choice_lines = true,
     .stop = {"Question:"}},
};

const lem_prompt_style *lem_prompt_style_at(int i) {
    return i >= 0 && (size_t)i < sizeof styles / sizeof *styles ? &styles[i] : NULL;
}

const lem_prompt_style *lem_prompt_style_find(const char *name) {
    const lem_prompt_style *s;
    for (int i = 0; (s = lem_prompt_style_at(i)); i++)
        if (strcmp(s->name, name) == 0) return s;
    return NULL;
}

void lem_prompt_style_choices(const lem_prompt_style *style, const char *question, const char *const *choices,
                              int n, lem_buf *out) {
    if (!style) style = lem_prompt_style_find("qwen25-math-cot");
    lem_buf_puts(out, question);
    for (int i = 0; i < n && i < 26; i++) {
        lem_buf_puts(out, i == 0 ? style->choices : style->choice_lines ? "\n" : " ");
        lem_buf_printf(out, style->choice_lines ? "%c. %s" : "(%c) %s", 'A' + i, choices[i]);
    }
}

const char *lem_prompt_style_stop(const lem_prompt_settings *s, int n) {
    return s->style && n >= 0 && n < LEM_PROMPT_STYLE_STOPS ? s->style->stop[n] : NULL;
}
