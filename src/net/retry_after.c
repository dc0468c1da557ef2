/* retry_after - how long a server asks to wait */
#include "net/http.h"

#include "core/utf8.h"

#include <curl/curl.h>
#include <string.h>
#include <time.h>

#define LONGEST_WAIT 300.0

double lem_http_retry_after(const char *value, size_t len, int64_t now) {
    char text[64];
    while (len && lem_is_space(*value)) value++, len--;
    while (len && lem_is_space(value[len - 1])) len--;
    if (len == 0 || len >= sizeof text) return -1;
    memcpy(text, value, len);
    text[len] = '\0';
    double s = 0;
    if (strspn(text, "0123456789") == len) {
        for (size_t i = 0; i < len; i++) s = s * 10 + (text[i] - '0');
    } else {
        if (!strchr(text, ':')) return -1; /* a date has a time of day: curl_getdate takes "7 bananas" too */
        time_t at = curl_getdate(text, NULL);
        if (at == -1 || (int64_t)at < now) return -1;
        s = (double)((int64_t)at - now);
    }
    return s > LONGEST_WAIT ? LONGEST_WAIT : s;
}
