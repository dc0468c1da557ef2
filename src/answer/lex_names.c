/* lex_names.c - what function names, unit words and Unicode characters stand for */
#include "answer/lex_priv.h"

#include <string.h>

bool lem_lex_in_words(const char *list, const char *s, size_t n) {
    for (const char *p = list; *p;) {
        size_t k = 0;
        while (p[k] && p[k] != ' ') k++;
        if (k == n && *p == *s && memcmp(p, s, n) == 0) return true;
        p += k + (p[k] == ' ');
    }
    return false;
}

bool lem_lex_is_function(const char *s, size_t n) {
    static const char names[] = "sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log ln exp sqrt "
                                "frac binom lg max min gcd lcm abs cbrt det "
                                "arsinh arcosh artanh asin acos atan floor ceil mod sgn arg Re Im tr rank "
                                "deg dim asinh acosh atanh arcsinh arccosh arctanh arccot coth sech "
                                "csch cis";
    return lem_lex_in_words(names, s, n);
}

bool lem_lex_is_unit_word(const char *s, size_t n) {
    static const char names[] = "cm mm km nm kg mg lb lbs oz ft mi hr hrs min mins sec secs ml mL kW kPa Hz "
                                "kHz MHz eV keV MeV mol rad mph kmh sq cu "
                                "units unit inch inches feet foot meter meters metre metres yard yards mile "
                                "miles gram grams hour hours minute "
                                "minutes second seconds day days week weeks month months year years dollar "
                                "dollars cent cents euro euros pound "
                                "pounds liter liters litre litres gallon gallons square cubic people USD EUR "
                                "per yd kWh ms cc Pa erg ergs pm am dm";
    return lem_lex_in_words(names, s, n);
}

bool lem_lex_is_filler(const char *s, size_t n) {
    static const char names[] =
        "is the so we of to at on by it be as if for are was has not but all any can "
        "its let get our we he she an my this up no her his who had may one two six ten odd out "
        "off";
    char word[8] = {0};
    if (n < 2 || n >= sizeof word) return false;
    memcpy(word, s, n);
    word[0] |= 32; /* The */
    return lem_lex_in_words(names, word, n);
}

bool lem_lex_is_greek(const char *s, size_t n) {
    static const char names[] = "alpha beta gamma delta epsilon zeta theta iota kappa lambda sigma omega rho "
                                "tau phi psi Gamma Delta Theta Lambda Sigma Phi Omega";
    return lem_lex_in_words(names, s, n);
}

static const struct {
    uint32_t cp;
    lex_char c;
} chars[] = {
    {0x2212, {LEX_CHAR_OP, '-', NULL}},           {0x2013, {LEX_CHAR_OP, '-', NULL}},
    {0x2014, {LEX_CHAR_OP, '-', NULL}},           {0x2010, {LEX_CHAR_OP, '-', NULL}},
    {0x2011, {LEX_CHAR_OP, '-', NULL}},           {0xff0d, {LEX_CHAR_OP, '-', NULL}},
    {0xff0b, {LEX_CHAR_OP, '+', NULL}},           {0x00d7, {LEX_CHAR_OP, '*', NULL}},
    {0x00b7, {LEX_CHAR_OP, '*', NULL}},           {0x22c5, {LEX_CHAR_OP, '*', NULL}},
    {0x2217, {LEX_CHAR_OP, '*', NULL}},           {0x2022, {LEX_CHAR_OP, '*', NULL}},
    {0x00f7, {LEX_CHAR_OP, '/', NULL}},           {0x2215, {LEX_CHAR_OP, '/', NULL}},
    {0x2044, {LEX_CHAR_OP, '/', NULL}},           {0x00b0, {LEX_CHAR_OP, OP_DEGREE, NULL}},
    {0x02da, {LEX_CHAR_OP, OP_DEGREE, NULL}},     {0x2264, {LEX_CHAR_OP, OP_LE, NULL}},
    {0x2a7d, {LEX_CHAR_OP, OP_LE, NULL}},         {0x2266, {LEX_CHAR_OP, OP_LE, NULL}},
    {0x2265, {LEX_CHAR_OP, OP_GE, NULL}},         {0x2a7e, {LEX_CHAR_OP, OP_GE, NULL}},
    {0x2267, {LEX_CHAR_OP, OP_GE, NULL}},         {0xff1c, {LEX_CHAR_OP, '<', NULL}},
    {0xff1e, {LEX_CHAR_OP, '>', NULL}},           {0x2260, {LEX_CHAR_OP, OP_NE, NULL}},
    {0x2248, {LEX_CHAR_OP, OP_APPROX, NULL}},     {0x2261, {LEX_CHAR_OP, OP_EQUIV, NULL}},
    {0x00b1, {LEX_CHAR_OP, OP_PM, NULL}},         {0x2213, {LEX_CHAR_OP, OP_MP, NULL}},
    {0x222a, {LEX_CHAR_OP, OP_UNION, NULL}},      {0x2229, {LEX_CHAR_OP, OP_INTER, NULL}},
    {0x2216, {LEX_CHAR_OP, OP_SETMINUS, NULL}},   {0x2208, {LEX_CHAR_OP, OP_IN, NULL}},
    {0x2209, {LEX_CHAR_OP, OP_NOT_IN, NULL}},     {0x2205, {LEX_CHAR_OP, OP_EMPTY, NULL}},
    {0x2223, {LEX_CHAR_OP, OP_MID, NULL}},        {0x2227, {LEX_CHAR_OP, OP_WEDGE, NULL}},
    {0x2228, {LEX_CHAR_OP, OP_VEE, NULL}},        {0x2192, {LEX_CHAR_OP, OP_TO, NULL}},
    {0x2282, {LEX_CHAR_OP, OP_SUBSET, NULL}},     {0x2286, {LEX_CHAR_OP, OP_SUBSET_EQ, NULL}},
    {0x2283, {LEX_CHAR_OP, OP_SUPSET, NULL}},     {0x2287, {LEX_CHAR_OP, OP_SUPSET_EQ, NULL}},
    {0x6216, {LEX_CHAR_OP, OP_OR, NULL}},  /* 或 */
    {0x4e14, {LEX_CHAR_OP, OP_AND, NULL}}, /* 且 */
    {0x230a, {LEX_CHAR_OP, OP_FLOOR_OPEN, NULL}}, {0x230b, {LEX_CHAR_OP, OP_FLOOR_CLOSE, NULL}},
    {0x2308, {LEX_CHAR_OP, OP_CEIL_OPEN, NULL}},  {0x2309, {LEX_CHAR_OP, OP_CEIL_CLOSE, NULL}},
    {0x27e8, {LEX_CHAR_OP, OP_ANGLE_OPEN, NULL}}, {0x27e9, {LEX_CHAR_OP, OP_ANGLE_CLOSE, NULL}},
    {0x20ac, {LEX_CHAR_OP, OP_MONEY, "EUR"}},     {0x00a3, {LEX_CHAR_OP, OP_MONEY, "GBP"}},
    {0x00a5, {LEX_CHAR_OP, OP_MONEY, "JPY"}},     {0xffe5, {LEX_CHAR_OP, OP_MONEY, "JPY"}},
    {0x20b9, {LEX_CHAR_OP, OP_MONEY, "INR"}},     {0xff04, {LEX_CHAR_OP, OP_MONEY, "USD"}},
    {0xff0c, {LEX_CHAR_OP, ',', NULL}},           {0x3001, {LEX_CHAR_OP, ',', NULL}},
    {0xff1b, {LEX_CHAR_OP, ';', NULL}},           {0xff1a, {LEX_CHAR_OP, ':', NULL}},
    {0x2236, {LEX_CHAR_OP, ':', NULL}},           {0x3010, {LEX_CHAR_OP, '(', NULL}},
    {0x3011, {LEX_CHAR_OP, ')', NULL}},           {0xff08, {LEX_CHAR_OP, '(', NULL}},
    {0xff09, {LEX_CHAR_OP, ')', NULL}},           {0xff1d, {LEX_CHAR_OP, '=', NULL}},
    {0xff05, {LEX_CHAR_OP, '%', NULL}},           {0x2032, {LEX_CHAR_OP, '\'', NULL}},
    {0x2033, {LEX_CHAR_OP, '"', NULL}},

    {0x2019, {LEX_CHAR_OP, '\'', NULL}},          {0x201c, {LEX_CHAR_SPACE, 0, NULL}},
    {0x201d, {LEX_CHAR_SPACE, 0, NULL}},          {0x3002, {LEX_CHAR_SPACE, 0, NULL}},
    {0x00a0, {LEX_CHAR_SPACE, 0, NULL}},          {0x3000, {LEX_CHAR_SPACE, 0, NULL}},
    {0x202f, {LEX_CHAR_SPACE, 0, NULL}},          {0x205f, {LEX_CHAR_SPACE, 0, NULL}},
    {0xfeff, {LEX_CHAR_SPACE, 0, NULL}},          {0x03c0, {LEX_CHAR_SYMBOL, 0, "pi"}},
    {0x221e, {LEX_CHAR_SYMBOL, 0, "infty"}},      {0x03b1, {LEX_CHAR_SYMBOL, 0, "alpha"}},
    {0x03b2, {LEX_CHAR_SYMBOL, 0, "beta"}},       {0x03b3, {LEX_CHAR_SYMBOL, 0, "gamma"}},
    {0x03b4, {LEX_CHAR_SYMBOL, 0, "delta"}},      {0x03b5, {LEX_CHAR_SYMBOL, 0, "epsilon"}},
    {0x03b7, {LEX_CHAR_SYMBOL, 0, "eta"}},        {0x03b8, {LEX_CHAR_SYMBOL, 0, "theta"}},
    {0x03ba, {LEX_CHAR_SYMBOL, 0, "kappa"}},      {0x03bb, {LEX_CHAR_SYMBOL, 0, "lambda"}},
    {0x03bc, {LEX_CHAR_SYMBOL, 0, "mu"}},         {0x00b5, {LEX_CHAR_SYMBOL, 0, "mu"}},
    {0x03bd, {LEX_CHAR_SYMBOL, 0, "nu"}},         {0x03be, {LEX_CHAR_SYMBOL, 0, "xi"}},
    {0x03c1, {LEX_CHAR_SYMBOL, 0, "rho"}},        {0x03c3, {LEX_CHAR_SYMBOL, 0, "sigma"}},
    {0x03c4, {LEX_CHAR_SYMBOL, 0, "tau"}},        {0x03c6, {LEX_CHAR_SYMBOL, 0, "phi"}},
    {0x03c8, {LEX_CHAR_SYMBOL, 0, "psi"}},        {0x03c9, {LEX_CHAR_SYMBOL, 0, "omega"}},
    {0x0393, {LEX_CHAR_SYMBOL, 0, "Gamma"}},      {0x0394, {LEX_CHAR_SYMBOL, 0, "Delta"}},
    {0x0398, {LEX_CHAR_SYMBOL, 0, "Theta"}},      {0x03a3, {LEX_CHAR_SYMBOL, 0, "Sigma"}},
    {0x03a6, {LEX_CHAR_SYMBOL, 0, "Phi"}},        {0x03a9, {LEX_CHAR_SYMBOL, 0, "Omega"}},
    {0x210f, {LEX_CHAR_SYMBOL, 0, "hbar"}},       {0x2113, {LEX_CHAR_SYMBOL, 0, "ell"}},
    {0x2202, {LEX_CHAR_SYMBOL, 0, "partial"}},    {0x2026, {LEX_CHAR_SYMBOL, 0, "dots"}},
    {0x22ef, {LEX_CHAR_SYMBOL, 0, "dots"}},       {0x2220, {LEX_CHAR_SYMBOL, 0, "angle"}},
    {0x25b3, {LEX_CHAR_SYMBOL, 0, "triangle"}},   {0x211d, {LEX_CHAR_SYMBOL, 0, "reals"}},
    {0x2124, {LEX_CHAR_SYMBOL, 0, "integers"}},   {0x2115, {LEX_CHAR_SYMBOL, 0, "naturals"}},
    {0x211a, {LEX_CHAR_SYMBOL, 0, "rationals"}},  {0x2102, {LEX_CHAR_SYMBOL, 0, "complexes"}},
    {0x221a, {LEX_CHAR_FUNCTION, 0, "sqrt"}},     {0x221b, {LEX_CHAR_FUNCTION, 0, "cbrt"}},
    {0x2211, {LEX_CHAR_FUNCTION, 0, "sum"}},      {0x220f, {LEX_CHAR_FUNCTION, 0, "prod"}},
    {0x222b, {LEX_CHAR_FUNCTION, 0, "int"}},      {0x00b2, {LEX_CHAR_SUPER, '2', NULL}},
    {0x00b3, {LEX_CHAR_SUPER, '3', NULL}},        {0x00b9, {LEX_CHAR_SUPER, '1', NULL}},
    {0x2070, {LEX_CHAR_SUPER, '0', NULL}},        {0x207b, {LEX_CHAR_SUPER, '-', NULL}},
    {0x207f, {LEX_CHAR_SUPER, 'n', NULL}},        {0x00bd, {LEX_CHAR_FRACTION, 0, "12"}},
    {0x2153, {LEX_CHAR_FRACTION, 0, "13"}},       {0x2154, {LEX_CHAR_FRACTION, 0, "23"}},
    {0x00bc, {LEX_CHAR_FRACTION, 0, "14"}},       {0x00be, {LEX_CHAR_FRACTION, 0, "34"}},
    {0x2155, {LEX_CHAR_FRACTION, 0, "15"}},       {0x2156, {LEX_CHAR_FRACTION, 0, "25"}},
    {0x2157, {LEX_CHAR_FRACTION, 0, "35"}},       {0x2158, {LEX_CHAR_FRACTION, 0, "45"}},
    {0x2159, {LEX_CHAR_FRACTION, 0, "16"}},       {0x215a, {LEX_CHAR_FRACTION, 0, "56"}},
    {0x215b, {LEX_CHAR_FRACTION, 0, "18"}},       {0x215c, {LEX_CHAR_FRACTION, 0, "38"}},
    {0x215d, {LEX_CHAR_FRACTION, 0, "58"}},       {0x215e, {LEX_CHAR_FRACTION, 0, "78"}},
};

lex_char lem_lex_char(uint32_t cp) {
    if (cp >= 0x2000 && cp <= 0x200b) return (lex_char){LEX_CHAR_SPACE, 0, NULL};
    if (cp >= 0x2074 && cp <= 0x2079) return (lex_char){LEX_CHAR_SUPER, (char)('4' + (cp - 0x2074)), NULL};
    if (cp >= 0x2080 && cp <= 0x2089) return (lex_char){LEX_CHAR_SUB, (char)('0' + (cp - 0x2080)), NULL};
    for (size_t k = 0; k < sizeof chars / sizeof *chars; k++)
        if (chars[k].cp == cp) return chars[k].c;
    return (lex_char){LEX_CHAR_OTHER, 0, NULL};
}
