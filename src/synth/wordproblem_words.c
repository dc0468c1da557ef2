/* synth/wordproblem_words.c - other wordings, for problems that are held out: phrases that no other text of
 * the generator has */
#include "synth/wordproblem_priv.h"

#include <string.h>

static const struct {
    const char *usual, *other;
} phrases[] = {
    {" puts them in ", " packs them into "},
    {" are left over?", " remain?"},
    {" are needed to fill the last one?", " are missing until the last one is full?"},
    {" do they have together?", " do the two own in all?"},
    {"The rest go into ", "What remains is packed into "},
    {"How many vans are needed?", "How many vans must be hired?"},
    {"How many seats stay empty in the last van?", "How many seats of the last van does nobody take?"},
    {"How many more weeks are needed?", "For how many weeks must that go on?"},
    {"How many pages are left for the last day?",
     "How many pages remain for the day on which the book ends?"},
    {" have together.", " own in all."},
    {"How many meters of fence go around it?", "How long is a fence around it, in meters?"},
    {"How many adults came?", "How many of them were for adults?"},
    {"What was the number?", "Which number was it?"},
    {"The result is ", "That gives "},
    {"How many minutes after the full hour does ", "At which minute of an hour does "},
    {" seats in a ring, numbered 0 to ", " seats around a table, with the numbers 0 to "},
    {"What is the number of the day after that?", "Which number has the day that follows?"},
    {" points in the fourth game give an average of ",
     " points must the fourth game bring for an average of "},
    {"How many are free there?", "How many can still be taken there?"},
    {"How far apart are they after ", "How many miles lie between them after "},
    {"What is the code?", "Which code is that?"},
    {"pays with ", "hands over "},
};

bool lem_wp_reword(lem_wordproblem *p) {
    char text[sizeof p->problem];
    bool changed = false;
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
        const char *at = strstr(p->problem, phrases[i].usual);
        if (!at) continue;
        size_t before = (size_t)(at - p->problem), was = strlen(phrases[i].usual),
               is = strlen(phrases[i].other), rest = strlen(at + was);
        if (before + is + rest >= sizeof text) continue;
        memcpy(text, p->problem, before);
        memcpy(text + before, phrases[i].other, is);
        memcpy(text + before + is, at + was, rest + 1);
        memcpy(p->problem, text, before + is + rest + 1);
        changed = true;
    }
    return changed;
}
