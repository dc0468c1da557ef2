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
    bool larger = lem_wp_kind(d, 2);
    number_names(d, &p, &q);
    lem_wp_say(d, "%s and %s have %d %s together. %s has %d more than %s. How many does %s have?", p->name,
               q->name, sum, t->many, p->name, diff, q->name, larger ? p->name : q->name);
    lem_wp_step(d, "Without the extra: %d-%d=%d.", sum, diff, 2 * y);
    lem_wp_step(d, "Smaller: %d/2=%d.", 2 * y, y);
    lem_wp_step(d, "Larger: %d+%d=%d.", y, diff, x);
    lem_wp_step(d, "Check: %d+%d=%d.", x, y, sum);
    lem_wp_answer(d, larger ? x : y);
}

static void sum_and_product(wp_draft *d) {
    int x = lem_wp_number(d, 3, 15), y = lem_wp_number(d, 2, 9);
    bool larger = lem_wp_kind(d, 2);
    lem_wp_require(d, x > y);
    lem_wp_say(d, "Two numbers add up to %d and their product is %d. What is the %s number?", x + y, x * y,
               larger ? "larger" : "smaller");
    lem_wp_step(d, "Try %d and %d.", x, y);
    lem_wp_step(d, "Sum: %d+%d=%d.", x, y, x + y);
    lem_wp_step(d, "Product: %d*%d=%d.", x, y, x * y);
    lem_wp_answer(d, larger ? x : y);
}

static void garden(wp_draft *d) {
    int x = lem_wp_number(d, 4, 15), y = lem_wp_number(d, 2, 9);
    lem_wp_require(d, x > y);
    lem_wp_say(d,
               "A garden is %d meters longer than it is wide and has an area of %d square meters. How many "
               "meters of fence go around it?",
               x - y, x * y);
    lem_wp_step(d, "Try %d and %d.", x, y);
    lem_wp_step(d, "Longer: %d-%d=%d.", x, y, x - y);
    lem_wp_step(d, "Area: %d*%d=%d.", x, y, x * y);
    lem_wp_step(d, "Half way: %d+%d=%d.", x, y, x + y);
    lem_wp_step(d, "Fence: 2*%d=%d.", x + y, 2 * (x + y));
    lem_wp_answer(d, 2 * (x + y));
}

static void two_remainders(wp_draft *d) {
    int a = lem_wp_number(d, 4, 9), b = lem_wp_number(d, 3, 9), n = lem_wp_number(d, 12, 69), lo, first;
    const wp_thing *t = lem_wp_thing(d);
    lem_wp_require(d, a != b && n / a <= 10 && n / b <= 10 && a * b > 15);
    if (d->bad) return;
    lo = n - n % 10;
    for (first = lo; first % a != n % a || first % b != n % b;) first++;
    lem_wp_require(d, first == n && n + a * b >= lo + 30);
    lem_wp_say(d,
               "There are between %d and %d %s. In rows of %d, %d are left over. In rows of %d, %d are left "
               "over. How many %s are there?",
               lo, lo + 29, t->many, a, n % a, b, n % b, t->many);
    lem_wp_step(d, "Try %d.", n);
    lem_wp_divide(d, n, a, " left.");
    lem_wp_divide(d, n, b, " left.");
    lem_wp_answer(d, n);
}

static void heads_and_legs(wp_draft *d) {
    int c = lem_wp_number(d, 2, 20), h = lem_wp_number(d, 2, 20), heads = c + h, legs = 4 * c + 2 * h;
    bool cows = lem_wp_kind(d, 2);
    lem_wp_say(d, "A farm has cows and hens with %d heads and %d legs in all. How many %s are there?", heads,
               legs, cows ? "cows" : "hens");
    lem_wp_step(d, "All hens: 2*%d=%d.", heads, 2 * heads);
    lem_wp_step(d, "Extra legs: %d-%d=%d.", legs, 2 * heads, 2 * c);
    lem_wp_step(d, "Cows: %d/2=%d.", 2 * c, c);
    if (!cows) lem_wp_step(d, "Hens: %d-%d=%d.", heads, c, h);
    lem_wp_answer(d, cows ? c : h);
}

static void tickets(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    int x = lem_wp_number(d, 2, 10), y = lem_wp_number(d, 2, 10), a = lem_wp_number(d, 2, 4),
        b = lem_wp_number(d, 5, 9), n = x + y;
    int sum = a * x + b * y, extra = sum - a * n;
    lem_wp_say(d,
               "%s sold %d tickets for %d dollars. A child pays %d dollars and an adult pays %d dollars. How "
               "many adults came?",
               p->name, n, sum, a, b);
    lem_wp_step(d, "All children: %d*%d=%d.", a, n, a * n);
    lem_wp_step(d, "Extra: %d-%d=%d.", sum, a * n, extra);
    lem_wp_step(d, "Per adult: %d-%d=%d.", b, a, b - a);
    lem_wp_step(d, "Adults: %d/%d=%d.", extra, b - a, y);
    lem_wp_answer(d, y);
}

static void more_than_twice(wp_draft *d) {
    int y = lem_wp_number(d, 2, 10), m = lem_wp_number(d, 2, 9), a = lem_wp_number(d, 1, 30),
        b = lem_wp_number(d, 2, 30);
    bool less = lem_wp_kind(d, 2);
    int x = less ? m * y - a : m * y + a, z = x + b;
    lem_wp_require(d, x > 0);
    lem_wp_say(d, "The number x is %d %s than %d times y, and z is %d more than x. If y is %d, what is y+z?",
               a, less ? "less" : "more", m, b, y);
    lem_wp_step(d, "%d*%d=%d.", m, y, m * y);
    lem_wp_step(d, less ? "x=%d-%d=%d." : "x=%d+%d=%d.", m * y, a, x);
    lem_wp_step(d, "z=%d+%d=%d.", x, b, z);
    lem_wp_step(d, "y+z=%d+%d=%d.", y, z, y + z);
    lem_wp_answer(d, y + z);
}

static void linear_equation(wp_draft *d) {
    int a = lem_wp_number(d, 2, 9), x = lem_wp_number(d, 2, 10), b = lem_wp_number(d, 2, 40),
        c = lem_wp_number(d, 2, 9);
    int e = lem_wp_number(d, 1, 20), rhs = a * x + b, y = c * x - e;
    lem_wp_require(d, y > 0);
    lem_wp_say(d, "If %d*x+%d=%d and y=%d*x-%d, what is y?", a, b, rhs, c, e);
    lem_wp_step(d, "%d*x=%d-%d=%d.", a, rhs, b, a * x);
    lem_wp_step(d, "x=%d/%d=%d.", a * x, a, x);
    lem_wp_step(d, "%d*x=%d*%d=%d.", c, c, x, c * x);
    lem_wp_step(d, "y=%d-%d=%d.", c * x, e, y);
    lem_wp_answer(d, y);
}

static void think_of_a_number(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    int x = lem_wp_number(d, 1, 8), a = lem_wp_number(d, 1, 8), m = lem_wp_number(d, 2, 9),
        b = lem_wp_number(d, 2, 40);
    int u = (x + a) * m, v = u - b;
    lem_wp_require(d, v > 0 && x + a <= 10);
    lem_wp_say(d,
               "%s thinks of a number, adds %d, multiplies by %d and subtracts %d. The result is %d. What "
               "was the number?",
               p->name, a, m, b, v);
    lem_wp_step(d, "Before: %d+%d=%d.", v, b, u);
    lem_wp_step(d, "Before: %d/%d=%d.", u, m, x + a);
    lem_wp_step(d, "Before: %d-%d=%d.", x + a, a, x);
    lem_wp_answer(d, x);
}

static void ages(wp_draft *d) {
    const wp_person *p, *q;
    int y = lem_wp_number(d, 3, 10), m = lem_wp_number(d, 2, 4), n = lem_wp_number(d, 2, 15), x = m * y;
    bool back = lem_wp_kind(d, 2);
    number_names(d, &p, &q);
    lem_wp_say(d, "%s is %d times as old as %s.", p->name, m, q->name);
    if (back) {
        lem_wp_say(d, "In %d years %s will be %d. How old is %s now?", n, p->name, x + n, q->name);
        lem_wp_step(d, "Now: %d-%d=%d.", x + n, n, x);
        lem_wp_step(d, "Younger: %d/%d=%d.", x, m, y);
        lem_wp_answer(d, y);
        return;
    }
    lem_wp_say(d, "%s is %d. How old will both be together in %d years?", q->name, y, n);
    lem_wp_step(d, "Older: %d*%d=%d.", m, y, x);
    lem_wp_step(d, "Then: %d+%d=%d.", x, n, x + n);
    lem_wp_step(d, "Then: %d+%d=%d.", y, n, y + n);
    lem_wp_step(d, "Together: %d+%d=%d.", x + n, y + n, x + y + 2 * n);
    lem_wp_answer(d, x + y + 2 * n);
}

static void clock_minutes(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    int h = lem_wp_range(d, 6, 10), m = lem_wp_number(d, 1, 50), a = lem_wp_number(d, 5, 30),
        b = lem_wp_number(d, 3, 20);
    int n = lem_wp_number(d, 2, 6), c = lem_wp_number(d, 3, 9), s = m + a, t = s + b + n * c;
    lem_wp_say(d,
               "%s leaves home %d minutes after %d. %s walks %d minutes, waits %d minutes and rides %d stops "
               "of %d minutes each.",
               p->name, m, h, p->he, a, b, n, c);
    lem_wp_say(d, "How many minutes after the full hour does %s arrive?", p->name);
    lem_wp_step(d, "Walk: %d+%d=%d.", m, a, s);
    lem_wp_step(d, "Wait: %d+%d=%d.", s, b, s + b);
    lem_wp_step(d, "Ride: %d*%d=%d.", n, c, n * c);
    lem_wp_step(d, "Arrive: %d+%d=%d.", s + b, n * c, t);
    lem_wp_divide(d, t, 60, ".");
    lem_wp_answer(d, t % 60);
}

static void ring(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    int n = lem_wp_number(d, 5, 9), a = lem_wp_range(d, 0, n - 1), b = lem_wp_number(d, 8, 40),
        c = lem_wp_number(d, 3, 30);
    int k = lem_wp_number(d, 2, 6), e = lem_wp_number(d, 2, 9), s = a + b, u = s - c, v = u + k * e;
    lem_wp_mark(d, ',', a);
    lem_wp_require(d, u >= 0 && v / n <= 10);
    lem_wp_say(d,
               "There are %d seats in a ring, numbered 0 to %d. %s starts at seat %d, moves %d seats ahead, "
               "%d seats back and then %d times %d "
               "seats ahead.",
               n, n - 1, p->name, a, b, c, k, e);
    lem_wp_say(d, "On which seat does %s end?", p->name);
    lem_wp_step(d, "Ahead: %d+%d=%d.", a, b, s);
    lem_wp_step(d, "Back: %d-%d=%d.", s, c, u);
    lem_wp_step(d, "Moves: %d*%d=%d.", k, e, k * e);
    lem_wp_step(d, "Ahead: %d+%d=%d.", u, k * e, v);
    lem_wp_divide(d, v, n, ".");
    lem_wp_answer(d, v % n);
}

static void weekday(wp_draft *d) {
    static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
    const wp_person *p = lem_wp_person(d);
    int start = lem_wp_number(d, 0, 6), a = lem_wp_number(d, 2, 9), b = lem_wp_number(d, 3, 8),
        c = lem_wp_number(d, 2, 25);
    int n = a * b + c, v = n + start;
    lem_wp_say(d,
               "Days are numbered 0 for Sunday to 6 for Saturday. It is %s. %s works %d shifts of %d days "
               "each and then rests %d days.",
               days[start], p->name, a, b, c);
    lem_wp_require(d, b != 7 && v <= 76);
    lem_wp_say(d, "What is the number of the day after that?");
    lem_wp_step(d, "Works: %d*%d=%d.", a, b, a * b);
    lem_wp_step(d, "Days: %d+%d=%d.", a * b, c, n);
    lem_wp_step(d, "From day %d: %d+%d=%d.", start, start, n, v);
    lem_wp_divide(d, v, 7, ".");
    lem_wp_answer(d, v % 7);
}

static void last_score(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    int a = lem_wp_number(d, 3, 35), b = lem_wp_number(d, 3, 35), c = lem_wp_number(d, 3, 35),
        mean = lem_wp_number(d, 1, 12) * 3;
    int s = a + b, u = s + c, need = 4 * mean - u;
    lem_wp_require(d, need > 0 && need <= 60);
    lem_wp_say(d,
               "%s scored %d, %d and %d points in three games. How many points in the fourth game give an "
               "average of %d?",
               p->name, a, b, c, mean);
    lem_wp_step(d, "Needed: 4*%d=%d.", mean, 4 * mean);
    lem_wp_step(d, "So far: %d+%d=%d.", a, b, s);
    lem_wp_step(d, "So far: %d+%d=%d.", s, c, u);
    lem_wp_step(d, "Fourth: %d-%d=%d.", 4 * mean, u, need);
    lem_wp_answer(d, need);
}

static void tiles(wp_draft *d) {
    int a = lem_wp_number(d, 5, 10), b = lem_wp_number(d, 3, 9), c = lem_wp_number(d, 2, 25),
        k = lem_wp_number(d, 4, 9);
    int area = a * b, rest = area - c;
    lem_wp_require(d, rest > k && rest / k <= 10);
    lem_wp_say(
        d, "A wall is %d tiles long and %d tiles high. A window saves %d tiles. Tiles come in boxes of %d.",
        a, b, c, k);
    lem_wp_say(d, "How many tiles must be taken from the last box that is opened, after all full boxes?");
    lem_wp_step(d, "Wall: %d*%d=%d.", a, b, area);
    lem_wp_step(d, "Tiles: %d-%d=%d.", area, c, rest);
    lem_wp_divide(d, rest, k, " left.");
    lem_wp_answer(d, rest % k);
}

static void rows_of_seats(wp_draft *d) {
    int a = lem_wp_number(d, 5, 30), s = lem_wp_number(d, 2, 9), n = lem_wp_number(d, 4, 10),
        b = lem_wp_number(d, 2, 30);
    int last = a + (n - 1) * s, free_seats = last - b;
    lem_wp_require(d, free_seats > 0);
    lem_wp_say(d,
               "The first row of a hall has %d seats and each next row has %d more. In row %d, %d seats are "
               "taken. How many are free there?",
               a, s, n, b);
    lem_wp_step(d, "Rows after the first: %d-1=%d.", n, n - 1);
    lem_wp_step(d, "More: %d*%d=%d.", n - 1, s, (n - 1) * s);
    lem_wp_step(d, "Row %d: %d+%d=%d.", n, a, (n - 1) * s, last);
    lem_wp_step(d, "Free: %d-%d=%d.", last, b, free_seats);
    lem_wp_answer(d, free_seats);
}

static void two_walkers(wp_draft *d) {
    const wp_person *p, *q;
    int v = lem_wp_number(d, 2, 6), w = lem_wp_number(d, 2, 4), h = lem_wp_number(d, 2, 9),
        gap = lem_wp_number(d, 3, 50);
    int all = (v + w) * h + gap;
    number_names(d, &p, &q);
    lem_wp_say(d,
               "%s and %s live %d miles apart and go toward each other, one at %d miles an hour and the "
               "other at %d miles an hour.",
               p->name, q->name, all, v, w);
    lem_wp_say(d, "How far apart are they after %d hours?", h);
    lem_wp_step(d, "Each hour: %d+%d=%d.", v, w, v + w);
    lem_wp_step(d, "Gone: %d*%d=%d.", v + w, h, (v + w) * h);
    lem_wp_step(d, "Apart: %d-%d=%d.", all, (v + w) * h, gap);
    lem_wp_answer(d, gap);
}

static void lock_code(wp_draft *d) {
    const wp_person *p = lem_wp_person(d);
    int a = lem_wp_number(d, 3, 9), b = lem_wp_number(d, 3, 9), c = lem_wp_number(d, 5, 60), v = a * b + c,
        sum = 0;
    lem_wp_require(d, v >= 10 && v < 100);
    lem_wp_say(d,
               "%s makes a number by multiplying %d by %d and adding %d. The code is the sum of its digits. "
               "What is the code?",
               p->name, a, b, c);
    lem_wp_step(d, "%d*%d=%d.", a, b, a * b);
    lem_wp_step(d, "%d+%d=%d.", a * b, c, v);
    sum = v / 10 + v % 10;
    lem_wp_step(d, "Digits: %d+%d=%d.", v / 10, v % 10, sum);
    lem_wp_answer(d, sum);
}

const wp_template lem_wp_templates[LEM_WORDPROBLEM_TEMPLATES] = {
    {"left-over", lem_wp_left_over, 6},
    {"full-boxes", lem_wp_full_boxes, 3},
    {"to-fill", lem_wp_to_fill, 4},
    {"total", lem_wp_total, 2},
    {"two-people", lem_wp_two_people, 1},
    {"compare", lem_wp_compare, 1},
    {"pool-left", lem_wp_pool_left, 4},
    {"times-as-many", lem_wp_times_as_many, 3},
    {"change", lem_wp_change, 1},
    {"spend-rest", lem_wp_spend_rest, 3},
    {"saving", lem_wp_saving, 3},
    {"machine", lem_wp_machine, 3},
    {"vans", lem_wp_vans, 3},
    {"reading", lem_wp_reading, 3},
    {"sum-difference", sum_and_difference, 2},
    {"sum-product", sum_and_product, 1},
    {"garden", garden, 1},
    {"two-remainders", two_remainders, 2},
    {"heads-legs", heads_and_legs, 2},
    {"tickets", tickets, 2},
    {"more-than-twice", more_than_twice, 2},
    {"linear-equation", linear_equation, 2},
    {"think-of-a-number", think_of_a_number, 2},
    {"ages", ages, 2},
    {"clock", clock_minutes, 3},
    {"ring", ring, 3},
    {"weekday", weekday, 3},
    {"last-score", last_score, 2},
    {"tiles", tiles, 3},
    {"rows", rows_of_seats, 2},
    {"two-walkers", two_walkers, 2},
    {"lock-code", lock_code, 3},
};
