/* Addresses as they come from outside: taken apart, decoded once, refused when they are not well
 * formed. */
#include <string.h>

#include "../harness/tap.h"
#include "pilot/http.h"
#include "pilot/text.h"

static void parts(void)
{
    pilot_http_request_t *request = pilot_http_request_new(
        "/pilot/a%2Fb%20c/agency/%C3%A9?q=x+y%2B&pilot=one&pilot=two&empty=&bare");
    ok(request != NULL, "a path with a query is taken apart");
    ok(pilot_http_segments(request) == 4, "by slashes that were sent as slashes");
    is_text(pilot_http_segment(request, 1), "a/b c", "a segment is decoded afterwards");
    is_text(pilot_http_segment(request, 3), "\xc3\xa9", "to UTF-8");
    is_text(pilot_http_segment(request, 4), "", "behind the last one there is nothing");
    is_text(pilot_http_value(request, "q", 0), "x y+", "a plus is a blank, an encoded one a plus");
    is_text(pilot_http_value(request, "pilot", 1), "two", "a name may come again");
    ok(!pilot_http_value(request, "pilot", 2), "as often as it came");
    is_text(pilot_http_value(request, "empty", 0), "", "a value may be empty");
    is_text(pilot_http_value(request, "bare", 0), "", "or not be there");
    ok(!pilot_http_value(request, "other", 0), "a name that did not come has no value");
    pilot_http_request_free(request);
    request = pilot_http_request_new("/%2570");
    is_text(pilot_http_segment(request, 0), "%70", "decoded once, not twice");
    pilot_http_request_free(request);
    request = pilot_http_request_new("/");
    ok(pilot_http_segments(request) == 0, "the root has no segments");
    pilot_http_request_free(request);
    request = pilot_http_request_new("/a//");
    ok(pilot_http_segments(request) == 3, "empty segments are segments");
    pilot_http_request_free(request);
}

static void refused(void)
{
    static const char *const wrong[] = {"",
                                        "a",
                                        "?q",
                                        "*",
                                        "http://a/",
                                        "/%",
                                        "/%0",
                                        "/%0g",
                                        "/%00",
                                        "/a?%00=b",
                                        "/a?b=%",
                                        "/%ff",
                                        "/%c0%af",
                                        "/\xff",
                                        "/?q=%ed%a0%80",
                                        "/?q=%f5",
                                        "/1/2/3/4/5/6/7/8/9"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        pilot_http_request_t *request = pilot_http_request_new(wrong[i]);
        ok(request == NULL, "not well formed: number %zu", i);
        pilot_http_request_free(request);
    }
}

static void limits(void)
{
    char uri[PILOT_HTTP_URI_SIZE + 2];
    memset(uri, 'a', sizeof uri);
    uri[0] = '/';
    uri[PILOT_HTTP_URI_SIZE + 1] = '\0';
    ok(!pilot_http_request_new(uri), "an address one byte too long is refused");
    uri[PILOT_HTTP_URI_SIZE] = '\0';
    pilot_http_request_t *request = pilot_http_request_new(uri);
    ok(request != NULL, "one of just that length is not");
    pilot_http_request_free(request);
    pilot_text_t many = PILOT_TEXT_INIT;
    pilot_text_append(&many, "/?");
    for (int i = 0; i < PILOT_HTTP_FIELDS; i++)
        pilot_text_append(&many, "a=b&");
    request = pilot_http_request_new(many.data);
    ok(request != NULL, "as many fields as may be");
    pilot_http_request_free(request);
    pilot_text_append(&many, "a=b");
    ok(!pilot_http_request_new(many.data), "one more is refused");
    pilot_text_clear(&many);
}

int main(void)
{
    parts();
    refused();
    limits();
    return tap_done();
}
