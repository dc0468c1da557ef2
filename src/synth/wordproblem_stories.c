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
    lem_wp_step(d, "Now: %d+%d=%d.", *v, a, *v + a);
    *v += a;
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
    lem_wp_step(d, "Now: %d-%d=%d.", *v, a, *v - a);
    *v -= a;
    return 1;
}

static int event_packs(wp_draft *d, const wp_person *p, int *v) {
    int b = lem_wp_number(d, 2, 6), c = lem_wp_number(d, 3, 9);
    lem_wp_say(d, lem_wp_range(d, 0, 1) ? "%s buys %d packs of %d." : "%s is given %d packs with %d in each.",
               p->he, b, c);
    lem_wp_step(d, "Packs: %d*%d=%d.", b, c, b * c);
    lem_wp_step(d, "Now: %d+%d=%d.", *v, b * c, *v + b * c);
    *v += b * c;
    return 2;
}

static int event_each(wp_draft *d, const wp_person *p, int *v) {
    int b = lem_wp_number(d, 2, 6), c = lem_wp_number(d, 2, 9);
    lem_wp_require(d, b * c < *v);
    lem_wp_say(d, lem_wp_range(d, 0, 1) ? "%s gives %d friends %d each." : "%s sells %d people %d each.",
               p->he, b, c);
    lem_wp_step(d, "Away: %d*%d=%d.", b, c, b * c);
    lem_wp_step(d, "Now: %d-%d=%d.", *v, b * c, *v - b * c);
    *v -= b * c;
    return 2;
}

static int event_times(wp_draft *d, const wp_person *p, int *v) {
    if (lem_wp_kind(d, 2)) {
        lem_wp_require(d, *v % 2 == 0);
        lem_wp_say(d, lem_wp_range(d, 0, 1) ? "%s sells half of them." : "%s gives half of them away.",
                   p->he);
        lem_wp_step(d, "Now: %d/2=%d.", *v, *v / 2);
        *v /= 2;
    } else {
        lem_wp_require(d, *v < 50);
        lem_wp_say(d, "Then %s number doubles.", p->his);
        lem_wp_step(d, "Now: %d*2=%d.", *v, *v * 2);
        *v *= 2;
    }
    return 1;
}

/* Events worth `steps` solution lines; returns the final value. Two events of one kind never follow each
 * other. */
static int chain(wp_draft *d, const wp_person *p, int value, int steps) {
    int last = -1;
    for (int left = steps; left > 0 && !d->bad;) {
        int k = lem_wp_range(d, 0, left > 1 ? 4 : 2);
        if (k == last) k = (k + 1) % 3;
        lem_wp_require(d, value <= 120);
        last = k;
        lem_wp_mark(d, 'e', k);
        if (k == 0) left -= event_add(d, p, &value);
        else if (k == 1) left -= event_take(d, p, &value);
        else if (k == 2) left -= event_times(d, p, &value);
        else if (k == 3) left -= event_packs(d, p, &value);
        else left -= event_each(d, p, &value);
    }
    lem_wp_require(d, value >= 2);
    return value;
}

/* "Mia has 34 apples." with the chain after it; returns what she ends with. */
static int opening(wp_draft *d, const wp_person *p, const wp_thing *t, int lo, int hi) {
    int a = lem_wp_number(d, 8, 60);
    lem_wp_say(d, lem_wp_range(d, 0, 2) ? "%s has %d %s." : "%s starts with %d %s.", p->name, a, t->many);
    return chain(d, p, a, lem_wp_range(d, lo, hi));
}

void lem_wp_left_over(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    const wp_thing *t = lem_wp_thing(d);
    int v = opening(d, p, t, 1, 4), k = lem_wp_number(d, 3, 9);
    lem_wp_require(d, v / k <= 10);
    lem_wp_say(d, "%s puts them in %s of %d. How many %s are left over?", p->he, lem_wp_box(d), k, t->many);
    lem_wp_divide(d, v, k, " left.");
    lem_wp_answer(d, v % k);
}

void lem_wp_full_boxes(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    const wp_thing *t = lem_wp_thing(d);
    int v = opening(d, p, t, 1, 4), k = lem_wp_number(d, 3, 9);
    const char *box = lem_wp_box(d);
    lem_wp_require(d, v / k <= 10);
    lem_wp_say(d, "%s puts them in %s of %d. How many %s can %s fill?", p->he, box, k, box,
               p->he[0] == 'S' ? "she" : "he");
    lem_wp_divide(d, v, k, " left.");
    lem_wp_answer(d, v / k);
}

void lem_wp_to_fill(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    const wp_thing *t = lem_wp_thing(d);
    int v = opening(d, p, t, 1, 3), k = lem_wp_number(d, 3, 9);
    lem_wp_require(d, v % k != 0);
    lem_wp_require(d, v / k <= 10);
    lem_wp_say(d, "%s puts them in %s of %d. How many more %s are needed to fill the last one?", p->he,
               lem_wp_box(d), k, t->many);
    lem_wp_divide(d, v, k, " left.");
    lem_wp_step(d, "To fill: %d-%d=%d.", k, v % k, k - v % k);
    lem_wp_answer(d, k - v % k);
}

void lem_wp_total(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    const wp_thing *t = lem_wp_thing(d);
    int v = opening(d, p, t, 2, 5);
    lem_wp_say(d, "How many %s does %s have now?", t->many, p->name);
    lem_wp_answer(d, v);
}

void lem_wp_two_people(wp_draft *d) {
    const wp_person *p = lem_wp_person(d), *q = lem_wp_other(d, p);
    const wp_thing *t = lem_wp_thing(d);
    int v = opening(d, p, t, 1, 2), w = opening(d, q, t, 1, 2);
    lem_wp_say(d, "How many %s do they have together?", t->many);
    lem_wp_step(d, "Together: %d+%d=%d.", v, w, v + w);
    lem_wp_answer(d, v + w);
}

void lem_wp_compare(wp_draft *d) {
    const wp_person *p = lem_wp_person(d), *q = lem_wp_other(d, p);
    const wp_thing *t = lem_wp_thing(d);
    int v = opening(d, p, t, 1, 2), w = opening(d, q, t, 1, 2);
    lem_wp_require(d, v > w);
    lem_wp_say(d, "How many more %s does %s have than %s?", t->many, p->name, q->name);
    lem_wp_step(d, "More: %d-%d=%d.", v, w, v - w);
    lem_wp_answer(d, v - w);
}

void lem_wp_pool_left(wp_draft *d) {
    const wp_person *p = lem_wp_person(d), *q = lem_wp_other(d, p);
    const wp_thing *t = lem_wp_thing(d);
    int v = opening(d, p, t, 1, 2), w = lem_wp_number(d, 8, 50), k = lem_wp_number(d, 3, 9);
    lem_wp_require(d, (v + w) / k <= 10);
    lem_wp_say(d, "%s has %d %s. They share all of them among %d children. How many are left over?", q->name,
               w, t->many, k);
    lem_wp_step(d, "Together: %d+%d=%d.", v, w, v + w);
    lem_wp_divide(d, v + w, k, " left.");
    lem_wp_answer(d, (v + w) % k);
}

void lem_wp_times_as_many(wp_draft *d) {
    const wp_person *p = lem_wp_person(d), *q = lem_wp_other(d, p), *u = lem_wp_other(d, q);
    const wp_thing *t = lem_wp_thing(d);
    int m = lem_wp_number(d, 2, 6), a = lem_wp_number(d, 2, 9), b = lem_wp_number(d, 2, 25),
        more = lem_wp_kind(d, 2);
    int x = m * a, y = more ? x + b : x - b;
    lem_wp_require(d, y > 0 && u != p);
    lem_wp_say(d, "%s has %d %s. %s has %d times as many as %s. %s has %d %s than %s.", p->name, a, t->many,
               q->name, m, p->name, u->name, b, more ? "more" : "fewer", q->name);
    lem_wp_step(d, "Second: %d*%d=%d.", m, a, x);
    lem_wp_step(d, more ? "Third: %d+%d=%d." : "Third: %d-%d=%d.", x, b, y);
    if (lem_wp_kind(d, 2)) {
        int k = lem_wp_number(d, 3, 9), s = a + x + y;
        lem_wp_require(d, s / k <= 10);
        lem_wp_say(d, "They put all of them in %s of %d. How many are left over?", lem_wp_box(d), k);
        lem_wp_step(d, "Together: %d+%d=%d.", a, x, a + x);
        lem_wp_step(d, "All: %d+%d=%d.", a + x, y, s);
        lem_wp_divide(d, s, k, " left.");
        lem_wp_answer(d, s % k);
    } else {
        lem_wp_say(d, "How many do all three have?");
        lem_wp_step(d, "Together: %d+%d=%d.", a, x, a + x);
        lem_wp_step(d, "All: %d+%d=%d.", a + x, y, a + x + y);
        lem_wp_answer(d, a + x + y);
    }
}

/* Two kinds of things at two prices; returns the cost. */
static int purchase(wp_draft *d, const wp_person *p) {
    const wp_thing *t = lem_wp_thing(d), *s = lem_wp_other_thing(d, t);
    int a = lem_wp_number(d, 2, 9), x = lem_wp_number(d, 2, 9), b = lem_wp_number(d, 2, 9),
        y = lem_wp_number(d, 2, 9);
    lem_wp_say(d, "%s buys %d %s for %d dollars each and %d %s for %d dollars each.", p->name, a, t->many, x,
               b, s->many, y);
    lem_wp_step(d, "First: %d*%d=%d.", a, x, a * x);
    lem_wp_step(d, "Second: %d*%d=%d.", b, y, b * y);
    lem_wp_step(d, "Cost: %d+%d=%d.", a * x, b * y, a * x + b * y);
    return a * x + b * y;
}

void lem_wp_change(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    int cost = purchase(d, p), paid = lem_wp_number(d, 2, 20) * 10;
    lem_wp_require(d, paid > cost && paid - cost < 60);
    lem_wp_say(d, "%s pays with %d dollars. How many dollars does %s get back?", p->he, paid, p->name);
    lem_wp_step(d, "Back: %d-%d=%d.", paid, cost, paid - cost);
    lem_wp_answer(d, paid - cost);
}

void lem_wp_spend_rest(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    const wp_thing *t = lem_wp_thing(d);
    int cost = purchase(d, p), has = lem_wp_number(d, 30, 199), k = lem_wp_number(d, 3, 9), rest = has - cost;
    bool left = lem_wp_kind(d, 2);
    lem_wp_require(d, rest >= k && rest / k <= 10);
    lem_wp_say(d, "%s had %d dollars. With the rest %s as many %s as possible for %d dollars each.", p->he,
               has, p->he[0] == 'S' ? "she buys" : "he buys", t->many, k);
    lem_wp_say(d, left ? "How many dollars are left?" : "How many %s is that?", t->many);
    lem_wp_step(d, "Rest: %d-%d=%d.", has, cost, rest);
    lem_wp_divide(d, rest, k, " left.");
    lem_wp_answer(d, left ? rest % k : rest / k);
}

void lem_wp_saving(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    static const char *const goods[] = {"bike", "tent", "drum", "coat", "lamp", "desk", "clock", "kite"};
    const char *good = goods[lem_wp_range(d, 0, 7)];
    int a = lem_wp_number(d, 2, 9), n = lem_wp_number(d, 3, 9), b = lem_wp_number(d, 5, 40),
        price = lem_wp_number(d, 50, 150);
    int k = lem_wp_number(d, 3, 9), have = a * n + b, need = price - have, weeks = (need + k - 1) / k;
    lem_wp_require(d, need > 0 && weeks <= 10);
    lem_wp_say(d,
               "%s wants a %s that costs %d dollars. %s saved %d dollars a week for %d weeks and got %d "
               "dollars as a gift.",
               p->name, good, price, p->he, a, n, b);
    lem_wp_say(d, "From now on %s saves %d dollars a week. How many more weeks are needed?", p->name, k);
    lem_wp_step(d, "Saved: %d*%d=%d.", a, n, a * n);
    lem_wp_step(d, "Has: %d+%d=%d.", a * n, b, have);
    lem_wp_step(d, "Missing: %d-%d=%d.", price, have, need);
    lem_wp_step(d, "%d*%d=%d, enough.", weeks, k, weeks * k);
    lem_wp_answer(d, weeks);
}

void lem_wp_machine(wp_draft *d) {
    const wp_thing *t = lem_wp_thing(d);
    int a = lem_wp_number(d, 4, 10), h = lem_wp_number(d, 4, 9), b = lem_wp_number(d, 3, 30),
        k = lem_wp_number(d, 3, 9);
    int made = a * h, good = made - b;
    bool left = lem_wp_kind(d, 3) > 0;
    const char *box = lem_wp_box(d);
    lem_wp_require(d, good > k && good / k <= 10);
    lem_wp_say(d, "A workshop makes %d %s an hour for %d hours. %d of them are broken and thrown away.", a,
               t->many, h, b);
    lem_wp_say(d, "The rest go into %s of %d.", box, k);
    if (left) lem_wp_say(d, "How many %s are left over?", t->many);
    else lem_wp_say(d, "How many %s are full?", box);
    lem_wp_step(d, "Made: %d*%d=%d.", a, h, made);
    lem_wp_step(d, "Good: %d-%d=%d.", made, b, good);
    lem_wp_divide(d, good, k, " left.");
    lem_wp_answer(d, left ? good % k : good / k);
}

void lem_wp_vans(wp_draft *d) {
    int a = lem_wp_number(d, 3, 9), n = lem_wp_number(d, 4, 9), b = lem_wp_number(d, 3, 15),
        k = lem_wp_number(d, 5, 9);
    int total = a * n + b, vans = (total + k - 1) / k;
    bool empty = lem_wp_kind(d, 2);
    lem_wp_require(d, total % k != 0 && vans <= 10);
    lem_wp_say(d, "A club sends %d teams of %d players and %d guests on a trip. A van has %d seats.", a, n, b,
               k);
    lem_wp_say(d, empty ? "How many seats stay empty in the last van?" : "How many vans are needed?");
    lem_wp_step(d, "Players: %d*%d=%d.", a, n, a * n);
    lem_wp_step(d, "People: %d+%d=%d.", a * n, b, total);
    lem_wp_step(d, "%d*%d=%d, enough.", vans, k, vans * k);
    if (empty) lem_wp_step(d, "Empty: %d-%d=%d.", vans * k, total, vans * k - total);
    lem_wp_answer(d, empty ? vans * k - total : vans);
}

void lem_wp_reading(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    int a = lem_wp_number(d, 4, 9), n = lem_wp_number(d, 3, 9), b = lem_wp_number(d, 5, 40),
        pages = lem_wp_number(d, 60, 160);
    int k = lem_wp_number(d, 3, 9), read = a * n, left = pages - read - b;
    lem_wp_require(d, left > k && left / k <= 10);
    lem_wp_say(d, "A book has %d pages. %s reads %d pages a day for %d days and %d pages on Sunday.", pages,
               p->name, a, n, b);
    lem_wp_say(d, "After that %s reads %d pages a day. How many pages are left for the last day?", p->name,
               k);
    lem_wp_require(d, left % k != 0);
    lem_wp_step(d, "Read: %d*%d=%d.", a, n, read);
    lem_wp_step(d, "Then: %d+%d=%d.", read, b, read + b);
    lem_wp_step(d, "Left: %d-%d=%d.", pages, read + b, left);
    lem_wp_divide(d, left, k, " left.");
    lem_wp_answer(d, left % k);
}
