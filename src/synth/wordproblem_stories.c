/* synth/wordproblem_stories.c - templates about somebody who has things: a chain of events, then one of many
 * questions */
#include "synth/wordproblem_priv.h"

/* One event changes the value; returns the number of steps written (0: the kind does not fit the value). */
static int event_add(wp_draft *d, const wp_person *p, int *v) {
    int a = lem_wp_number(d, 4, 35);
    switch (lem_wp_range(d, 0, 2)) {
    case 0: lem_wp_say(d, "%s buys %d more.", p->he, a); break;
    case 1: lem_wp_say(d, "%s finds %d more.", p->he, a); break;
    default: lem_wp_say(d, "%s gets %d more from a friend.", p->he, a); break;
    }
    *v = lem_wp_calc(d, *v, '+', a, "Now: ");
    return 1;
}

static int event_take(wp_draft *d, const wp_person *p, int *v) {
    int a = lem_wp_number(d, 3, 35);
    lem_wp_require(d, a < *v);
    switch (lem_wp_range(d, 0, 2)) {
    case 0: lem_wp_say(d, "%s gives %d to a cousin.", p->he, a); break;
    case 1: lem_wp_say(d, "%s loses %d of them.", p->he, a); break;
    default: lem_wp_say(d, "%s sells %d of them.", p->he, a); break;
    }
    *v = lem_wp_calc(d, *v, '-', a, "Now: ");
    return 1;
}

static int event_packs(wp_draft *d, const wp_person *p, int *v) {
    int b = lem_wp_number(d, 2, 6), c = lem_wp_number(d, 3, 9);
    lem_wp_say(d, lem_wp_range(d, 0, 1) ? "%s buys %d packs of %d." : "%s is given %d packs with %d in each.",
               p->he, b, c);
    *v = lem_wp_calc(d, *v, '+', lem_wp_calc(d, b, '*', c, "Packs: "), "Now: ");
    return 2;
}

static int event_each(wp_draft *d, const wp_person *p, int *v) {
    int b = lem_wp_number(d, 2, 6), c = lem_wp_number(d, 2, 9);
    lem_wp_require(d, b * c < *v);
    lem_wp_say(d, lem_wp_range(d, 0, 1) ? "%s gives %d friends %d each." : "%s sells %d people %d each.",
               p->he, b, c);
    *v = lem_wp_calc(d, *v, '-', lem_wp_calc(d, b, '*', c, "Away: "), "Now: ");
    return 2;
}

static int event_times(wp_draft *d, const wp_person *p, int *v) {
    if (lem_wp_kind(d, 2)) {
        lem_wp_require(d, *v % 2 == 0);
        lem_wp_say(d, lem_wp_range(d, 0, 1) ? "%s sells half of them." : "%s gives half of them away.",
                   p->he);
        *v = lem_wp_calc(d, *v, '/', 2, "Now: ");
    } else {
        lem_wp_require(d, *v < 50);
        lem_wp_say(d, "Then %s number doubles.", p->his);
        *v = lem_wp_calc(d, *v, '*', 2, "Now: ");
    }
    return 1;
}

/* Events worth `steps` solution lines; returns the final value. Two events of one kind never follow each
 * other. With `skips` the writer overlooks the first. */
static int chain(wp_draft *d, const wp_person *p, int value, int steps, bool skips) {
    int last = -1;
    for (int left = steps; left > 0 && !d->bad;) {
        int k = lem_wp_range(d, 0, left > 1 ? 4 : 2), before = value;
        d->mute = skips && left == steps;
        if (k == last) k = (k + 1) % 3;
        lem_wp_require(d, value <= 120);
        last = k;
        lem_wp_mark(d, 'e', k);
        if (k == 0) left -= event_add(d, p, &value);
        else if (k == 1) left -= event_take(d, p, &value);
        else if (k == 2) left -= event_times(d, p, &value);
        else if (k == 3) left -= event_packs(d, p, &value);
        else left -= event_each(d, p, &value);
        if (d->mute) value = before;
        d->mute = false;
    }
    lem_wp_require(d, value >= 2);
    return value;
}

/* "Mia has 34 apples." with the chain after it; returns what she ends with. */
static int opening(wp_draft *d, const wp_person *p, const wp_thing *t, int lo, int hi, bool skips) {
    int a = lem_wp_number(d, 8, 60);
    lem_wp_say(d, lem_wp_range(d, 0, 2) ? "%s has %d %s." : "%s starts with %d %s.", p->name, a, t->many);
    return chain(d, p, a, lem_wp_range(d, lo, hi), skips);
}

void lem_wp_left_over(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    const wp_thing *t = lem_wp_thing(d);
    bool boxes = lem_wp_mistake(d, "boxes for the rest"), skips = lem_wp_mistake(d, "an event overlooked");
    int v = opening(d, p, t, 1, 4, skips), k = lem_wp_number(d, 3, 9);
    lem_wp_require(d, v / k <= 10);
    lem_wp_say(d, "%s puts them in %s of %d. How many %s are left over?", p->he, lem_wp_box(d), k, t->many);
    lem_wp_divide(d, v, k, " left.");
    lem_wp_answer(d, boxes ? v / k : v % k);
}

void lem_wp_full_boxes(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    const wp_thing *t = lem_wp_thing(d);
    bool up = lem_wp_mistake(d, "rounded up"), skips = lem_wp_mistake(d, "an event overlooked");
    int v = opening(d, p, t, 1, 4, skips), k = lem_wp_number(d, 3, 9);
    const char *box = lem_wp_box(d);
    lem_wp_require(d, v / k <= 10);
    lem_wp_say(d, "%s puts them in %s of %d. How many %s can %s fill?", p->he, box, k, box,
               p->he[0] == 'S' ? "she" : "he");
    lem_wp_divide(d, v, k, " left.");
    if (up && v % k) v = k * lem_wp_calc(d, v / k, '+', 1, "Boxes: ");
    lem_wp_answer(d, v / k);
}

void lem_wp_to_fill(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    const wp_thing *t = lem_wp_thing(d);
    bool stops = lem_wp_mistake(d, "stopped a step early"), skips = lem_wp_mistake(d, "an event overlooked");
    int v = opening(d, p, t, 1, 3, skips), k = lem_wp_number(d, 3, 9);
    lem_wp_require(d, v % k != 0);
    lem_wp_require(d, v / k <= 10);
    lem_wp_say(d, "%s puts them in %s of %d. How many more %s are needed to fill the last one?", p->he,
               lem_wp_box(d), k, t->many);
    lem_wp_divide(d, v, k, " left.");
    lem_wp_answer(d, stops ? v % k : lem_wp_calc(d, k, '-', v % k, "To fill: "));
}

void lem_wp_total(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    const wp_thing *t = lem_wp_thing(d);
    bool skips = lem_wp_mistake(d, "an event overlooked");
    int v = opening(d, p, t, 2, 5, skips);
    lem_wp_say(d, "How many %s does %s have now?", t->many, p->name);
    lem_wp_answer(d, v);
}

void lem_wp_two_people(wp_draft *d) {
    const wp_person *p = lem_wp_person(d), *q = lem_wp_other(d, p);
    const wp_thing *t = lem_wp_thing(d);
    bool one = lem_wp_mistake(d, "one person alone"), skips = lem_wp_mistake(d, "an event overlooked");
    int v = opening(d, p, t, 1, 2, skips), w = opening(d, q, t, 1, 2, false);
    lem_wp_say(d, "How many %s do they have together?", t->many);
    lem_wp_answer(d, one ? w : lem_wp_calc(d, v, '+', w, "Together: "));
}

void lem_wp_compare(wp_draft *d) {
    const wp_person *p = lem_wp_person(d), *q = lem_wp_other(d, p);
    const wp_thing *t = lem_wp_thing(d);
    bool sum = lem_wp_mistake(d, "sum for difference"), skips = lem_wp_mistake(d, "an event overlooked");
    int v = opening(d, p, t, 1, 2, skips), w = opening(d, q, t, 1, 2, false);
    lem_wp_require(d, v > w);
    lem_wp_say(d, "How many more %s does %s have than %s?", t->many, p->name, q->name);
    lem_wp_answer(d, lem_wp_calc(d, v, sum ? '+' : '-', w, "More: "));
}

void lem_wp_pool_left(wp_draft *d) {
    const wp_person *p = lem_wp_person(d), *q = lem_wp_other(d, p);
    const wp_thing *t = lem_wp_thing(d);
    bool one = lem_wp_mistake(d, "one person alone"), boxes = lem_wp_mistake(d, "each share for the rest");
    int v = opening(d, p, t, 1, 2, false), w = lem_wp_number(d, 8, 50), k = lem_wp_number(d, 3, 9);
    lem_wp_require(d, (v + w) / k <= 10);
    lem_wp_say(d, "%s has %d %s. They share all of them among %d children. How many are left over?", q->name,
               w, t->many, k);
    if (!one) v = lem_wp_calc(d, v, '+', w, "Together: ");
    lem_wp_divide(d, v, k, " left.");
    lem_wp_answer(d, boxes ? v / k : v % k);
}

void lem_wp_times_as_many(wp_draft *d) {
    const wp_person *p = lem_wp_person(d), *q = lem_wp_other(d, p), *u = lem_wp_other(d, q);
    const wp_thing *t = lem_wp_thing(d);
    bool wrong_one = lem_wp_mistake(d, "compared with the wrong person"),
         two = lem_wp_mistake(d, "first person left out");
    int m = lem_wp_number(d, 2, 6), a = lem_wp_number(d, 2, 9), b = lem_wp_number(d, 2, 25),
        more = lem_wp_kind(d, 2), x, y, s;
    lem_wp_say(d, "%s has %d %s. %s has %d times as many as %s. %s has %d %s than %s.", p->name, a, t->many,
               q->name, m, p->name, u->name, b, more ? "more" : "fewer", q->name);
    x = lem_wp_calc(d, m, '*', a, "Second: ");
    int than = wrong_one ? a : x;
    y = lem_wp_calc(d, than, more ? '+' : '-', b, "Third: ");
    lem_wp_require(d, y > 0 && u != p);
    bool boxes = lem_wp_kind(d, 2);
    int k = boxes ? lem_wp_number(d, 3, 9) : 1;
    s = two ? x : lem_wp_calc(d, a, '+', x, "Together: ");
    s = lem_wp_calc(d, s, '+', y, "All: ");
    if (boxes) {
        lem_wp_require(d, s / k <= 10);
        lem_wp_say(d, "They put all of them in %s of %d. How many are left over?", lem_wp_box(d), k);
        lem_wp_divide(d, s, k, " left.");
        s %= k;
    } else lem_wp_say(d, "How many do all three have?");
    lem_wp_answer(d, s);
}

/* Two kinds of things at two prices; returns the cost, with `one` of a single one of the second. */
static int purchase(wp_draft *d, const wp_person *p, bool one) {
    const wp_thing *t = lem_wp_thing(d), *s = lem_wp_other_thing(d, t);
    int a = lem_wp_number(d, 2, 9), x = lem_wp_number(d, 2, 9), b = lem_wp_number(d, 2, 9),
        y = lem_wp_number(d, 2, 9);
    lem_wp_say(d, "%s buys %d %s for %d dollars each and %d %s for %d dollars each.", p->name, a, t->many, x,
               b, s->many, y);
    int first = lem_wp_calc(d, a, '*', x, "First: "),
        second = one ? y : lem_wp_calc(d, b, '*', y, "Second: ");
    return lem_wp_calc(d, first, '+', second, "Cost: ");
}

void lem_wp_change(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    bool stops = lem_wp_mistake(d, "stopped a step early"), one = lem_wp_mistake(d, "price of one for all");
    int cost = purchase(d, p, one), paid = lem_wp_number(d, 2, 20) * 10;
    lem_wp_require(d, paid > cost && paid - cost < 60);
    lem_wp_say(d, "%s pays with %d dollars. How many dollars does %s get back?", p->he, paid, p->name);
    lem_wp_answer(d, stops ? cost : lem_wp_calc(d, paid, '-', cost, "Back: "));
}

void lem_wp_spend_rest(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    const wp_thing *t = lem_wp_thing(d);
    bool other = lem_wp_mistake(d, "rest and number exchanged"),
         one = lem_wp_mistake(d, "price of one for all");
    int cost = purchase(d, p, one), has = lem_wp_number(d, 30, 199), k = lem_wp_number(d, 3, 9),
        rest = has - cost;
    bool left = lem_wp_kind(d, 2);
    lem_wp_require(d, rest >= k && rest / k <= 10);
    lem_wp_say(d, "%s had %d dollars. With the rest %s as many %s as possible for %d dollars each.", p->he,
               has, p->he[0] == 'S' ? "she buys" : "he buys", t->many, k);
    lem_wp_say(d, left ? "How many dollars are left?" : "How many %s is that?", t->many);
    rest = lem_wp_calc(d, has, '-', cost, "Rest: ");
    lem_wp_divide(d, rest, k, " left.");
    lem_wp_answer(d, left != other ? rest % k : rest / k);
}

void lem_wp_saving(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    static const char *const goods[] = {"bike", "tent", "drum", "coat", "lamp", "desk", "clock", "kite"};
    const char *good = goods[lem_wp_range(d, 0, 7)];
    int a = lem_wp_number(d, 2, 9), n = lem_wp_number(d, 3, 9), b = lem_wp_number(d, 5, 40),
        price = lem_wp_number(d, 50, 150);
    bool down = lem_wp_mistake(d, "rounded down"), no_gift = lem_wp_mistake(d, "the gift forgotten");
    int k = lem_wp_number(d, 3, 9), have, need, weeks;
    lem_wp_say(d,
               "%s wants a %s that costs %d dollars. %s saved %d dollars a week for %d weeks and got %d "
               "dollars as a gift.",
               p->name, good, price, p->he, a, n, b);
    lem_wp_say(d, "From now on %s saves %d dollars a week. How many more weeks are needed?", p->name, k);
    have = lem_wp_calc(d, a, '*', n, "Saved: ");
    if (!no_gift) have = lem_wp_calc(d, have, '+', b, "Has: ");
    need = lem_wp_calc(d, price, '-', have, "Missing: ");
    weeks = down ? need / k : (need + k - 1) / k;
    lem_wp_require(d, need > 0 && weeks <= 10);
    lem_wp_step(d, "%d*%d=%d, enough.", weeks, k, weeks * k);
    lem_wp_answer(d, weeks);
}

void lem_wp_machine(wp_draft *d) {
    const wp_thing *t = lem_wp_thing(d);
    int a = lem_wp_number(d, 4, 10), h = lem_wp_number(d, 4, 9), b = lem_wp_number(d, 3, 30),
        k = lem_wp_number(d, 3, 9);
    bool all = lem_wp_mistake(d, "the broken ones counted"),
         other = lem_wp_mistake(d, "rest and number exchanged");
    int good = a * h - b;
    bool left = lem_wp_kind(d, 3) > 0;
    const char *box = lem_wp_box(d);
    lem_wp_require(d, good > k && good / k <= 10);
    lem_wp_say(d, "A workshop makes %d %s an hour for %d hours. %d of them are broken and thrown away.", a,
               t->many, h, b);
    lem_wp_say(d, "The rest go into %s of %d.", box, k);
    if (left) lem_wp_say(d, "How many %s are left over?", t->many);
    else lem_wp_say(d, "How many %s are full?", box);
    good = lem_wp_calc(d, a, '*', h, "Made: ");
    if (!all) good = lem_wp_calc(d, good, '-', b, "Good: ");
    lem_wp_divide(d, good, k, " left.");
    lem_wp_answer(d, left != other ? good % k : good / k);
}

void lem_wp_vans(wp_draft *d) {
    int a = lem_wp_number(d, 3, 9), n = lem_wp_number(d, 4, 9), b = lem_wp_number(d, 3, 15),
        k = lem_wp_number(d, 5, 9);
    bool down = lem_wp_mistake(d, "rounded down"), no_guests = lem_wp_mistake(d, "the guests forgotten");
    int total = a * n + b, vans = (total + k - 1) / k;
    bool empty = lem_wp_kind(d, 2);
    lem_wp_require(d, total % k != 0 && vans <= 10);
    lem_wp_say(d, "A club sends %d teams of %d players and %d guests on a trip. A van has %d seats.", a, n, b,
               k);
    lem_wp_say(d, empty ? "How many seats stay empty in the last van?" : "How many vans are needed?");
    total = lem_wp_calc(d, a, '*', n, "Players: ");
    if (!no_guests) total = lem_wp_calc(d, total, '+', b, "People: ");
    vans = down ? total / k : (total + k - 1) / k;
    lem_wp_step(d, "%d*%d=%d, enough.", vans, k, vans * k);
    if (empty && down) vans = lem_wp_calc(d, total, '-', vans * k, "Empty: ");
    else if (empty) vans = lem_wp_calc(d, vans * k, '-', total, "Empty: ");
    lem_wp_answer(d, vans);
}

void lem_wp_reading(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    int a = lem_wp_number(d, 4, 9), n = lem_wp_number(d, 3, 9), b = lem_wp_number(d, 5, 40),
        pages = lem_wp_number(d, 60, 160);
    bool no_sunday = lem_wp_mistake(d, "Sunday forgotten"), days = lem_wp_mistake(d, "days for pages");
    int k = lem_wp_number(d, 3, 9), read = a * n, left = pages - read - b;
    lem_wp_require(d, left > k && left / k <= 10);
    lem_wp_say(d, "A book has %d pages. %s reads %d pages a day for %d days and %d pages on Sunday.", pages,
               p->name, a, n, b);
    lem_wp_say(d, "After that %s reads %d pages a day. How many pages are left for the last day?", p->name,
               k);
    lem_wp_require(d, left % k != 0);
    read = lem_wp_calc(d, a, '*', n, "Read: ");
    if (!no_sunday) read = lem_wp_calc(d, read, '+', b, "Then: ");
    left = lem_wp_calc(d, pages, '-', read, "Left: ");
    lem_wp_divide(d, left, k, " left.");
    lem_wp_answer(d, days ? left / k : left % k);
}
