/* synth/wordproblem_algebra.c - templates with unknowns, remainders, clocks, rings and shapes; and the table
 * of all templates */
#include "synth/wordproblem_priv.h"

static void number_names(wp_draft *d, const wp_person **p, const wp_person **q) {
    *p = lem_wp_person(d);
    *q = lem_wp_other(d, *p);
}

static void sum_and_difference(wp_draft *d) {
    const wp_person *p, *q;
    const wp_thing *t = lem_wp_thing(d);
    int y = lem_wp_number(d, 4, 45), diff = lem_wp_number(d, 2, 30), x = y + diff, sum = x + y;
    bool larger = lem_wp_kind(d, 2), whole = lem_wp_mistake(d, "not halved"),
         other = lem_wp_mistake(d, "the other person");
    number_names(d, &p, &q);
    lem_wp_say(d, "%s and %s have %d %s together. %s has %d more than %s. How many does %s have?", p->name,
               q->name, sum, t->many, p->name, diff, q->name, larger ? p->name : q->name);
    y = lem_wp_calc(d, sum, '-', diff, "Without the extra: ");
    if (!whole) y = lem_wp_calc(d, y, '/', 2, "Smaller: ");
    x = lem_wp_calc(d, y, '+', diff, "Larger: ");
    if (!whole) lem_wp_calc(d, x, '+', y, "Check: ");
    lem_wp_answer(d, larger != other ? x : y);
}

static void sum_and_product(wp_draft *d) {
    int x = lem_wp_number(d, 3, 15), y = lem_wp_number(d, 2, 9);
    bool larger = lem_wp_kind(d, 2), other = lem_wp_mistake(d, "the other number");
    lem_wp_require(d, x > y);
    lem_wp_say(d, "Two numbers add up to %d and their product is %d. What is the %s number?", x + y, x * y,
               larger ? "larger" : "smaller");
    lem_wp_step(d, "Try %d and %d.", x, y);
    lem_wp_calc(d, x, '+', y, "Sum: ");
    lem_wp_calc(d, x, '*', y, "Product: ");
    lem_wp_answer(d, larger != other ? x : y);
}

static void garden(wp_draft *d) {
    int x = lem_wp_number(d, 4, 15), y = lem_wp_number(d, 2, 9), half;
    bool stops = lem_wp_mistake(d, "stopped half way");
    lem_wp_require(d, x > y);
    lem_wp_say(d,
               "A garden is %d meters longer than it is wide and has an area of %d square meters. How many "
               "meters of fence go around it?",
               x - y, x * y);
    lem_wp_step(d, "Try %d and %d.", x, y);
    lem_wp_calc(d, x, '-', y, "Longer: ");
    lem_wp_calc(d, x, '*', y, "Area: ");
    half = lem_wp_calc(d, x, '+', y, "Half way: ");
    lem_wp_answer(d, stops ? half : lem_wp_calc(d, 2, '*', half, "Fence: "));
}

static void two_remainders(wp_draft *d) {
    int a = lem_wp_number(d, 4, 9), b = lem_wp_number(d, 3, 9), n = lem_wp_number(d, 12, 69), lo, first;
    const wp_thing *t = lem_wp_thing(d);
    bool one = lem_wp_mistake(d, "the second condition forgotten");
    lem_wp_require(d, a != b && n / a <= 10 && n / b <= 10 && a * b > 15);
    if (d->bad) return;
    lo = n - n % 10;
    for (first = lo; first % a != n % a || first % b != n % b;) first++;
    lem_wp_require(d, first == n && n + a * b >= lo + 30);
    lem_wp_say(d,
               "There are between %d and %d %s. In rows of %d, %d are left over. In rows of %d, %d are left "
               "over. How many %s are there?",
               lo, lo + 29, t->many, a, n % a, b, n % b, t->many);
    if (one)
        for (first = lo; first % a != n % a;) first++;
    lem_wp_step(d, "Try %d.", first);
    lem_wp_divide(d, first, a, " left.");
    if (!one) lem_wp_divide(d, first, b, " left.");
    lem_wp_answer(d, first);
}

static void heads_and_legs(wp_draft *d) {
    int c = lem_wp_number(d, 2, 20), h = lem_wp_number(d, 2, 20), heads = c + h, legs = 4 * c + 2 * h;
    bool cows = lem_wp_kind(d, 2), other = lem_wp_mistake(d, "the other animal"),
         whole = lem_wp_mistake(d, "not halved");
    lem_wp_say(d, "A farm has cows and hens with %d heads and %d legs in all. How many %s are there?", heads,
               legs, cows ? "cows" : "hens");
    c = lem_wp_calc(d, legs, '-', lem_wp_calc(d, 2, '*', heads, "All hens: "), "Extra legs: ");
    if (!whole) c = lem_wp_calc(d, c, '/', 2, "Cows: ");
    if (cows == other) c = lem_wp_calc(d, heads, '-', c, "Hens: ");
    lem_wp_answer(d, c);
}

static void tickets(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    int x = lem_wp_number(d, 2, 10), y = lem_wp_number(d, 2, 10), a = lem_wp_number(d, 2, 4),
        b = lem_wp_number(d, 5, 9), n = x + y;
    int sum = a * x + b * y, extra, each;
    bool whole = lem_wp_mistake(d, "not divided"), other = lem_wp_mistake(d, "children for adults");
    lem_wp_say(d,
               "%s sold %d tickets for %d dollars. A child pays %d dollars and an adult pays %d dollars. How "
               "many adults came?",
               p->name, n, sum, a, b);
    extra = lem_wp_calc(d, sum, '-', lem_wp_calc(d, a, '*', n, "All children: "), "Extra: ");
    if (!whole) {
        each = lem_wp_calc(d, b, '-', a, "Per adult: ");
        extra = lem_wp_calc(d, extra, '/', each, "Adults: ");
    }
    lem_wp_answer(d, other ? lem_wp_calc(d, n, '-', extra, "Children: ") : extra);
}

static void more_than_twice(wp_draft *d) {
    int y = lem_wp_number(d, 2, 10), m = lem_wp_number(d, 2, 9), a = lem_wp_number(d, 1, 30),
        b = lem_wp_number(d, 2, 30);
    bool less = lem_wp_kind(d, 2), sign = lem_wp_mistake(d, "more for less"),
         stops = lem_wp_mistake(d, "stopped a step early");
    int x = less ? m * y - a : m * y + a, z;
    lem_wp_require(d, x > 0);
    lem_wp_say(d, "The number x is %d %s than %d times y, and z is %d more than x. If y is %d, what is y+z?",
               a, less ? "less" : "more", m, b, y);
    x = lem_wp_calc(d, lem_wp_calc(d, m, '*', y, "%s", ""), less != sign ? '-' : '+', a, "x=");
    z = lem_wp_calc(d, x, '+', b, "z=");
    lem_wp_answer(d, stops ? z : lem_wp_calc(d, y, '+', z, "y+z="));
}

static void linear_equation(wp_draft *d) {
    int a = lem_wp_number(d, 2, 9), x = lem_wp_number(d, 2, 10), b = lem_wp_number(d, 2, 40),
        c = lem_wp_number(d, 2, 9);
    int e = lem_wp_number(d, 1, 20), rhs = a * x + b, y = c * x - e;
    bool stops = lem_wp_mistake(d, "stopped a step early");
    lem_wp_require(d, y > 0);
    lem_wp_say(d, "If %d*x+%d=%d and y=%d*x-%d, what is y?", a, b, rhs, c, e);
    x = lem_wp_calc(d, lem_wp_calc(d, rhs, '-', b, "%d*x=", a), '/', a, "x=");
    y = lem_wp_calc(d, c, '*', x, "%d*x=", c);
    lem_wp_answer(d, stops ? y : lem_wp_calc(d, y, '-', e, "y="));
}

static void think_of_a_number(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    int x = lem_wp_number(d, 1, 8), a = lem_wp_number(d, 1, 8), m = lem_wp_number(d, 2, 9),
        b = lem_wp_number(d, 2, 40);
    int u = (x + a) * m, v = u - b;
    bool stops = lem_wp_mistake(d, "stopped a step early");
    lem_wp_require(d, v > 0 && x + a <= 10);
    lem_wp_say(d,
               "%s thinks of a number, adds %d, multiplies by %d and subtracts %d. The result is %d. What "
               "was the number?",
               p->name, a, m, b, v);
    u = lem_wp_calc(d, v, '+', b, "Before: ");
    x = lem_wp_calc(d, u, '/', m, "Before: ");
    lem_wp_answer(d, stops ? x : lem_wp_calc(d, x, '-', a, "Before: "));
}

static void ages(wp_draft *d) {
    const wp_person *p, *q;
    int y = lem_wp_number(d, 3, 10), m = lem_wp_number(d, 2, 4), n = lem_wp_number(d, 2, 15), x = m * y;
    bool back = lem_wp_kind(d, 2),
         wrong = lem_wp_mistake(d, back ? "the other person" : "years counted once");
    number_names(d, &p, &q);
    lem_wp_say(d, "%s is %d times as old as %s.", p->name, m, q->name);
    if (back) {
        lem_wp_say(d, "In %d years %s will be %d. How old is %s now?", n, p->name, x + n, q->name);
        x = lem_wp_calc(d, x + n, '-', n, "Now: ");
        lem_wp_answer(d, wrong ? x : lem_wp_calc(d, x, '/', m, "Younger: "));
        return;
    }
    lem_wp_say(d, "%s is %d. How old will both be together in %d years?", q->name, y, n);
    x = lem_wp_calc(d, lem_wp_calc(d, m, '*', y, "Older: "), '+', n, "Then: ");
    if (!wrong) y = lem_wp_calc(d, y, '+', n, "Then: ");
    lem_wp_answer(d, lem_wp_calc(d, x, '+', y, "Together: "));
}

static void clock_minutes(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    int h = lem_wp_range(d, 6, 10), m = lem_wp_number(d, 1, 50), a = lem_wp_number(d, 5, 30),
        b = lem_wp_number(d, 3, 20);
    int n = lem_wp_number(d, 2, 6), c = lem_wp_number(d, 3, 9), t;
    bool no_wait = lem_wp_mistake(d, "the wait forgotten"),
         no_start = lem_wp_mistake(d, "the start forgotten");
    lem_wp_say(d,
               "%s leaves home %d minutes after %d. %s walks %d minutes, waits %d minutes and rides %d stops "
               "of %d minutes each.",
               p->name, m, h, p->he, a, b, n, c);
    lem_wp_say(d, "How many minutes after the full hour does %s arrive?", p->name);
    t = no_start ? a : lem_wp_calc(d, m, '+', a, "Walk: ");
    if (!no_wait) t = lem_wp_calc(d, t, '+', b, "Wait: ");
    t = lem_wp_calc(d, t, '+', lem_wp_calc(d, n, '*', c, "Ride: "), "Arrive: ");
    lem_wp_divide(d, t, 60, ".");
    lem_wp_answer(d, t % 60);
}

static void ring(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    int n = lem_wp_number(d, 5, 9), a = lem_wp_range(d, 0, n - 1), b = lem_wp_number(d, 8, 40),
        c = lem_wp_number(d, 3, 30);
    int k = lem_wp_number(d, 2, 6), e = lem_wp_number(d, 2, 9), u = a + b - c, v = u + k * e;
    bool ahead = lem_wp_mistake(d, "ahead for back"), no_start = lem_wp_mistake(d, "the start forgotten");
    lem_wp_mark(d, ',', a);
    lem_wp_require(d, u >= 0 && v / n <= 10);
    lem_wp_say(d,
               "There are %d seats in a ring, numbered 0 to %d. %s starts at seat %d, moves %d seats ahead, "
               "%d seats back and then %d times %d "
               "seats ahead.",
               n, n - 1, p->name, a, b, c, k, e);
    lem_wp_say(d, "On which seat does %s end?", p->name);
    u = no_start ? b : lem_wp_calc(d, a, '+', b, "Ahead: ");
    u = lem_wp_calc(d, u, ahead ? '+' : '-', c, "Back: ");
    v = lem_wp_calc(d, u, '+', lem_wp_calc(d, k, '*', e, "Moves: "), "Ahead: ");
    lem_wp_divide(d, v, n, ".");
    lem_wp_answer(d, v % n);
}

static void weekday(wp_draft *d) {
    static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
    const wp_person *p = lem_wp_person(d);
    int start = lem_wp_number(d, 0, 6), a = lem_wp_number(d, 2, 9), b = lem_wp_number(d, 3, 8),
        c = lem_wp_number(d, 2, 25);
    int v = a * b + c + start;
    bool no_start = lem_wp_mistake(d, "the start day forgotten"),
         no_rest = lem_wp_mistake(d, "the rest forgotten");
    lem_wp_say(d,
               "Days are numbered 0 for Sunday to 6 for Saturday. It is %s. %s works %d shifts of %d days "
               "each and then rests %d days.",
               days[start], p->name, a, b, c);
    lem_wp_require(d, b != 7 && v <= 76);
    lem_wp_say(d, "What is the number of the day after that?");
    v = lem_wp_calc(d, a, '*', b, "Works: ");
    if (!no_rest) v = lem_wp_calc(d, v, '+', c, "Days: ");
    if (!no_start) v = lem_wp_calc(d, start, '+', v, "From day %d: ", start);
    lem_wp_divide(d, v, 7, ".");
    lem_wp_answer(d, v % 7);
}

static void last_score(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    int a = lem_wp_number(d, 3, 35), b = lem_wp_number(d, 3, 35), c = lem_wp_number(d, 3, 35),
        mean = lem_wp_number(d, 1, 12) * 3;
    int need = 4 * mean - (a + b + c), all, games;
    bool three = lem_wp_mistake(d, "three games for four"), two = lem_wp_mistake(d, "a game left out");
    lem_wp_require(d, need > 0 && need <= 60);
    lem_wp_say(d,
               "%s scored %d, %d and %d points in three games. How many points in the fourth game give an "
               "average of %d?",
               p->name, a, b, c, mean);
    all = lem_wp_calc(d, three ? 3 : 4, '*', mean, "Needed: ");
    games = lem_wp_calc(d, a, '+', b, "So far: ");
    if (!two) games = lem_wp_calc(d, games, '+', c, "So far: ");
    lem_wp_answer(d, lem_wp_calc(d, all, '-', games, "Fourth: "));
}

static void tiles(wp_draft *d) {
    int a = lem_wp_number(d, 5, 10), b = lem_wp_number(d, 3, 9), c = lem_wp_number(d, 2, 25),
        k = lem_wp_number(d, 4, 9);
    int rest = a * b - c;
    bool no_window = lem_wp_mistake(d, "the window forgotten"),
         boxes = lem_wp_mistake(d, "boxes for the rest");
    lem_wp_require(d, rest > k && rest / k <= 10);
    lem_wp_say(
        d, "A wall is %d tiles long and %d tiles high. A window saves %d tiles. Tiles come in boxes of %d.",
        a, b, c, k);
    lem_wp_say(d, "How many tiles must be taken from the last box that is opened, after all full boxes?");
    rest = lem_wp_calc(d, a, '*', b, "Wall: ");
    if (!no_window) rest = lem_wp_calc(d, rest, '-', c, "Tiles: ");
    lem_wp_divide(d, rest, k, " left.");
    lem_wp_answer(d, boxes ? rest / k : rest % k);
}

static void rows_of_seats(wp_draft *d) {
    int a = lem_wp_number(d, 5, 30), s = lem_wp_number(d, 2, 9), n = lem_wp_number(d, 4, 10),
        b = lem_wp_number(d, 2, 30);
    int last = a + (n - 1) * s, free_seats = last - b, after;
    bool posts = lem_wp_mistake(d, "rows for gaps"), all = lem_wp_mistake(d, "the taken ones forgotten");
    lem_wp_require(d, free_seats > 0);
    lem_wp_say(d,
               "The first row of a hall has %d seats and each next row has %d more. In row %d, %d seats are "
               "taken. How many are free there?",
               a, s, n, b);
    after = posts ? n : lem_wp_calc(d, n, '-', 1, "Rows after the first: ");
    last = lem_wp_calc(d, a, '+', lem_wp_calc(d, after, '*', s, "More: "), "Row %d: ", n);
    lem_wp_answer(d, all ? last : lem_wp_calc(d, last, '-', b, "Free: "));
}

static void two_walkers(wp_draft *d) {
    const wp_person *p, *q;
    int v = lem_wp_number(d, 2, 6), w = lem_wp_number(d, 2, 4), h = lem_wp_number(d, 2, 9),
        gap = lem_wp_number(d, 3, 50);
    int all = (v + w) * h + gap, gone;
    bool one = lem_wp_mistake(d, "one walker alone"), stops = lem_wp_mistake(d, "stopped a step early");
    number_names(d, &p, &q);
    lem_wp_say(d,
               "%s and %s live %d miles apart and go toward each other, one at %d miles an hour and the "
               "other at %d miles an hour.",
               p->name, q->name, all, v, w);
    lem_wp_say(d, "How far apart are they after %d hours?", h);
    gone = lem_wp_calc(d, one ? v : lem_wp_calc(d, v, '+', w, "Each hour: "), '*', h, "Gone: ");
    lem_wp_answer(d, stops ? gone : lem_wp_calc(d, all, '-', gone, "Apart: "));
}

static void lock_code(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    int a = lem_wp_number(d, 3, 9), b = lem_wp_number(d, 3, 9), c = lem_wp_number(d, 5, 60), v = a * b + c;
    bool stops = lem_wp_mistake(d, "stopped a step early"), product = lem_wp_mistake(d, "product for sum");
    lem_wp_require(d, v >= 10 && v < 100);
    lem_wp_say(d,
               "%s makes a number by multiplying %d by %d and adding %d. The code is the sum of its digits. "
               "What is the code?",
               p->name, a, b, c);
    v = lem_wp_calc(d, lem_wp_calc(d, a, '*', b, "%s", ""), '+', c, "%s", "");
    if (!stops) v = lem_wp_calc(d, v / 10, product ? '*' : '+', v % 10, "Digits: ");
    lem_wp_answer(d, v);
}

const wp_template lem_wp_templates[LEM_WORDPROBLEM_TEMPLATES] = {
    {"left-over", lem_wp_left_over, 6, 30},
    {"full-boxes", lem_wp_full_boxes, 3, 50},
    {"to-fill", lem_wp_to_fill, 4, 65},
    {"total", lem_wp_total, 2, 30},
    {"two-people", lem_wp_two_people, 1, 50},
    {"compare", lem_wp_compare, 1, 50},
    {"pool-left", lem_wp_pool_left, 4, 50},
    {"times-as-many", lem_wp_times_as_many, 3, 65},
    {"change", lem_wp_change, 1, 30},
    {"spend-rest", lem_wp_spend_rest, 3, 50},
    {"saving", lem_wp_saving, 3, 65},
    {"machine", lem_wp_machine, 3, 30},
    {"vans", lem_wp_vans, 3, 65},
    {"reading", lem_wp_reading, 3, 50},
    {"sum-difference", sum_and_difference, 2, 65},
    {"sum-product", sum_and_product, 1, 30},
    {"garden", garden, 1, 65},
    {"two-remainders", two_remainders, 2, 30},
    {"heads-legs", heads_and_legs, 2, 50},
    {"tickets", tickets, 2, 65},
    {"more-than-twice", more_than_twice, 2, 50},
    {"linear-equation", linear_equation, 2, 30},
    {"think-of-a-number", think_of_a_number, 2, 65},
    {"ages", ages, 2, 50},
    {"clock", clock_minutes, 3, 65},
    {"ring", ring, 3, 50},
    {"weekday", weekday, 3, 65},
    {"last-score", last_score, 2, 50},
    {"tiles", tiles, 3, 50},
    {"rows", rows_of_seats, 2, 65},
    {"two-walkers", two_walkers, 2, 30},
    {"lock-code", lock_code, 3, 65},
};
