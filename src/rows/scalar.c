/* scalar - one value, as bytes of a column's type, made JSON */
#include "rows/scalar_priv.h"

#include "core/utf8.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { DECIMAL_WORDS = 8, MAX_SCALE = 76 };

static uint64_t little(const unsigned char *p, size_t n) {
    uint64_t v = 0;
    for (size_t i = n; i > 0; i--) v = v << 8 | p[i - 1];
    return v;
}

static int64_t little_signed(const unsigned char *p, size_t n) {
    uint64_t v = little(p, n);
    unsigned unused = 64 - 8 * (unsigned)n;
    return (int64_t)(v << unused) >> unused;
}

static lem_status made(lem_json *v, lem_json **out, lem_err *err) {
    if (!v) return lem_fail(err, LEM_EMEM, "out of memory for a row");
    *out = v;
    return LEM_OK;
}

/* IEEE 754 binary16. */
static double half(unsigned bits) {
    int exponent = (int)(bits >> 10 & 31);
    double fraction = bits & 1023;
    double v = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
    if (exponent == 31) v = fraction > 0 ? NAN : INFINITY;
    return bits >> 15 ? -v : v;
}

static double real(const unsigned char *p, size_t n) {
    float f;
    double d;
    if (n == 2) return half((unsigned)little(p, 2));
    if (n == 4) return memcpy(&f, p, 4), (double)f;
    return memcpy(&d, p, 8), d;
}

/* Proleptic Gregorian, from days since 1970-01-01 (by 400-year eras of 146,097 days that begin in March). */
static void put_date(int64_t days, lem_buf *out) {
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day = z - era * 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t of_year = day - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    int64_t of_month = of_year - (153 * month + 2) / 5 + 1;
    month += month < 10 ? 3 : -9;
    year += era * 400 + (month <= 2);
    lem_buf_printf(out, year < 0 ? "-%04lld-%02d-%02d" : "%04lld-%02d-%02d",
                   (long long)(year < 0 ? -year : year), (int)month, (int)of_month);
}

static int64_t power10(int n) {
    int64_t p = 1;
    while (n-- > 0) p *= 10;
    return p;
}

static void put_time(int64_t units, int digits, lem_buf *out) {
    int64_t per = power10(digits), s = units / per;
    lem_buf_printf(out, "%02d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
    if (digits) lem_buf_printf(out, ".%0*lld", digits, (long long)(units % per));
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static void put_timestamp(int64_t units, int digits, lem_buf *out) {
    int64_t day = 86400 * power10(digits), days = floor_div(units, day);
    put_date(days, out);
    lem_buf_putc(out, 'T');
    /* units - days * day, which fits although the product may not. */
    put_time((int64_t)((uint64_t)units - (uint64_t)days * (uint64_t)day), digits, out);
}

/* Two's complement of any width to its absolute value in 32-bit words, least first. */
static bool magnitude(const unsigned char *p, size_t n, bool big, uint32_t word[DECIMAL_WORDS]) {
    bool negative = n && (big ? p[0] : p[n - 1]) & 0x80;
    unsigned carry = 1;
    memset(word, 0, DECIMAL_WORDS * sizeof *word);
    for (size_t i = 0; i < 4 * DECIMAL_WORDS; i++) {
        unsigned filled = negative ? 0xff : 0, byte = filled;
        if (i < n) byte = big ? p[n - 1 - i] : p[i];
        if (negative) {
            byte = (byte ^ 0xff) + carry;
            carry = byte >> 8;
        }
        word[i / 4] |= (uint32_t)(byte & 0xff) << 8 * (i % 4);
    }
    return negative;
}

static unsigned divide_by_ten(uint32_t word[DECIMAL_WORDS]) {
    uint64_t rest = 0;
    for (size_t i = DECIMAL_WORDS; i > 0; i--) {
        rest = rest << 32 | word[i - 1];
        word[i - 1] = (uint32_t)(rest / 10);
        rest %= 10;
    }
    return (unsigned)rest;
}

static bool is_zero(const uint32_t word[DECIMAL_WORDS]) {
    for (size_t i = 0; i < DECIMAL_WORDS; i++) {
        if (word[i]) return false;
    }
    return true;
}

static lem_status decimal(const lem_scalar_type *t, const unsigned char *p, size_t n, lem_buf *out,
                          lem_err *err) {
    char digits[4 * DECIMAL_WORDS * 3 + MAX_SCALE + 1];
    int count = 0;
    uint32_t word[DECIMAL_WORDS];
    if (n > 4 * DECIMAL_WORDS || t->scale < 0 || t->scale > MAX_SCALE)
        return lem_fail(err, LEM_EDATA, "a decimal of %zu bytes and scale %d", n, t->scale);
    bool negative = magnitude(p, n, t->big_endian, word);
    bool zero = is_zero(word);
    do digits[count++] = (char)('0' + divide_by_ten(word));
    while (!is_zero(word) || count <= t->scale);
    if (negative && !zero) lem_buf_putc(out, '-');
    for (int i = count - 1; i >= 0; i--) {
        lem_buf_putc(out, digits[i]);
        if (i && i == t->scale) lem_buf_putc(out, '.');
    }
    return LEM_OK;
}

static void put_uuid(const unsigned char *p, lem_buf *out) {
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) lem_buf_putc(out, '-');
        lem_buf_printf(out, "%02x", p[i]);
    }
}

static void put_int96(const unsigned char *p, lem_buf *out) {
    int64_t nanoseconds = little_signed(p, 8), days = (int64_t)little(p + 8, 4) - 2440588;
    int64_t over = floor_div(nanoseconds, 86400 * power10(9));
    put_date(days + over, out);
    lem_buf_putc(out, 'T');
    put_time(nanoseconds - over * 86400 * power10(9), 9, out);
}

/* The types that are shown as text and are not text. */
static lem_status written(const lem_scalar_type *t, const unsigned char *p, size_t n, lem_json **out,
                          lem_err *err) {
    lem_buf text = {0};
    lem_status st = LEM_OK;
    int64_t v = n <= 8 && n ? little_signed(p, n) : 0;
    if (t->as == LEM_AS_DECIMAL) LEM_TRY(decimal(t, p, n, &text, err));
    else if (t->as == LEM_AS_DATE) put_date(t->digits ? floor_div(v, 86400 * power10(t->digits)) : v, &text);
    else if (t->as == LEM_AS_TIMESTAMP) put_timestamp(v, t->digits, &text);
    else if (t->as == LEM_AS_UUID) put_uuid(p, &text);
    else if (t->as == LEM_AS_INT96) put_int96(p, &text);
    else if (v < 0 || v / power10(t->digits) >= 86400) {
        st = lem_fail(err, LEM_EDATA, "a time of day of %lld units", (long long)v);
        goto done;
    } else put_time(v, t->digits, &text);
    if (t->utc) lem_buf_putc(&text, 'Z');
    LEM_TRY(lem_buf_ok(&text, err));
    st = made(lem_json_new_strn(lem_buf_str(&text), text.len), out, err);
done:
    lem_buf_release(&text);
    return st;
}

static bool has_width(const lem_scalar_type *t, size_t n) {
    switch (t->as) {
    case LEM_AS_NULL:
    case LEM_AS_TEXT:
    case LEM_AS_BYTES:
    case LEM_AS_DECIMAL: return true;
    case LEM_AS_BOOL: return n == 1;
    case LEM_AS_INT:
    case LEM_AS_UINT: return n == 1 || n == 2 || n == 4 || n == 8;
    case LEM_AS_REAL: return n == 2 || n == 4 || n == 8;
    case LEM_AS_DATE: return n == (t->digits ? 8 : 4);
    case LEM_AS_TIME:
    case LEM_AS_TIMESTAMP: return n == 4 || n == 8;
    case LEM_AS_INT96: return n == 12;
    case LEM_AS_UUID: return n == 16;
    }
    return false;
}

lem_status lem_scalar_json(const lem_scalar_type *t, const unsigned char *p, size_t n, lem_json **out,
                           lem_err *err) {
    if (!has_width(t, n)) return lem_fail(err, LEM_EDATA, "a %s of %zu bytes", lem_scalar_name(t), n);
    switch (t->as) {
    case LEM_AS_NULL: return made(lem_json_new_null(), out, err);
    case LEM_AS_BYTES:
    case LEM_AS_TEXT:
        if (!lem_utf8_valid((const char *)p, n)) {
            return lem_fail(err, LEM_EDATA,
                            t->as == LEM_AS_TEXT ? "text that is not valid UTF-8"
                                                 : "bytes that are not text");
        }
        return made(lem_json_new_strn((const char *)p, n), out, err);
    case LEM_AS_BOOL: return made(lem_json_new_bool(p[0] != 0), out, err);
    case LEM_AS_INT: return made(lem_json_new_int(little_signed(p, n)), out, err);
    case LEM_AS_UINT: {
        uint64_t v = little(p, n);
        return made(v > INT64_MAX ? lem_json_new_num((double)v) : lem_json_new_int((int64_t)v), out, err);
    }
    case LEM_AS_REAL: return made(lem_json_new_num(real(p, n)), out, err);
    case LEM_AS_DECIMAL:
    case LEM_AS_DATE:
    case LEM_AS_TIME:
    case LEM_AS_TIMESTAMP:
    case LEM_AS_INT96:
    case LEM_AS_UUID: break;
    }
    return written(t, p, n, out, err);
}

const char *lem_scalar_name(const lem_scalar_type *t) {
    static const char *const names[] = {
        "null", "text", "bytes",     "boolean",   "integer", "unsigned integer", "real", "decimal",
        "date", "time", "timestamp", "timestamp", "UUID"};
    return names[t->as];
}
