/* dashboard_html.c - the frame of every page, and the one script: it asks for the page again when
 * something has changed.  Without it a reader reloads. */
#include "dashboard.h"
#include "pilot/page.h"

void dashboard_escape(pilot_text_t *out, const char *text)
{
    pilot_page_escape(out, text);
}

void dashboard_escape_address(pilot_text_t *out, const char *text)
{
    pilot_page_escape_address(out, text);
}

void dashboard_element(pilot_text_t *out, const char *element, const char *text)
{
    pilot_text_appendf(out, "<%s>", element);
    dashboard_escape(out, text);
    pilot_text_appendf(out, "</%s>\n", element);
}

void dashboard_begin(pilot_text_t *out, const char *title, unsigned long long epoch)
{
    pilot_text_append(out,
                      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>");
    dashboard_escape(out, title);
    pilot_text_append(out,
                      " – Pilot</title>\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<meta name=\"color-scheme\" content=\"light dark\">\n"
                      "<link rel=\"icon\" href=\"data:,\">\n"
                      "<link rel=\"stylesheet\" href=\"/style.css\">\n"
                      "<script src=\"/script.js\" defer></script></head><body>\n"
                      "<a class=\"skip\" href=\"#content\">To the content</a>\n"
                      "<header class=\"top\"><nav aria-label=\"Pages\"><a href=\"/\">Pilots</a> "
                      "<a href=\"/compare\">Compare</a></nav>"
                      "<p id=\"live\" role=\"status\"></p></header>\n");
    pilot_text_appendf(out, "<main id=\"content\" data-epoch=\"%llu\">\n<h1>", epoch);
    dashboard_escape(out, title);
    pilot_text_append(out, "</h1>\n");
}

void dashboard_end(pilot_text_t *out)
{
    pilot_text_append(out, "</main>\n<footer><p>Released results after disclosure control: "
                           "<abbr title=\"suppressed\">c</abbr> suppressed, "
                           "<abbr title=\"low\">k</abbr> low, "
                           "<abbr title=\"not applicable\">z</abbr> not applicable. "
                           "Times are UTC.</p></footer>\n</body></html>\n");
}

/* Beside pilot_page_style(), whose colours it takes. */
static const char style[] =
    ".top{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:baseline;padding:.75rem 0;"
    "border-bottom:1px solid var(--line)}\n"
    ".top nav a{display:inline-block;padding:.35rem .6rem .35rem 0}\n"
    "#live{margin:0;font-size:.875rem}\n"
    ".wide{overflow-x:auto;max-width:100%}\n"
    ".hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);"
    "white-space:nowrap}\n"
    "fieldset{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;border:1px solid var(--line);"
    "min-width:0;max-width:100%}\n"
    "main thead th.n{white-space:normal}\n"
    "main tbody th{overflow-wrap:break-word;min-width:min(9rem,40vw)}\n"
    "main caption{text-align:left}\n"
    "progress{width:8rem;max-width:40vw;vertical-align:middle}\n"
    "form.choose,form.search{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;"
    "margin:.75rem 0}\n"
    "form.choose label,form.choose select{max-width:100%}\n"
    "select,input[type=search],button{font:inherit;min-height:2.25rem;padding:.2rem .6rem;"
    "max-width:100%;min-width:0}\n"
    ".pages,.files{margin:.5rem 0;display:flex;flex-wrap:wrap;gap:.25rem .75rem;"
    "align-items:baseline}\n"
    ".files,.note,footer{font-size:.875rem}\n"
    "abbr{text-decoration:underline dotted;cursor:help}\n"
    "footer{margin-top:2.5rem;border-top:1px solid var(--line)}\n";

static const char script[] =
    "'use strict';\n"
    "(function () {\n"
    "  if (!window.EventSource || !window.fetch || !window.DOMParser) return;\n"
    "  var source = null, pending = false, busy = false;\n"
    "  function say(text) {\n"
    "    var live = document.getElementById('live');\n"
    "    if (live && live.textContent !== text) live.textContent = text;\n"
    "  }\n"
    "  function writing() {\n"
    "    var at = document.activeElement;\n"
    "    return at && /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName);\n"
    "  }\n"
    "  function refresh() {\n"
    "    if (writing() || busy) { pending = true; return; }\n"
    "    pending = false;\n"
    "    busy = true;\n"
    "    fetch(location.href, {credentials: 'omit'}).then(function (answer) {\n"
    "      return answer.text();\n"
    "    }).then(function (text) {\n"
    "      var fresh = new DOMParser().parseFromString(text, "
    "'text/html').getElementById('content');\n"
    "      var old = document.getElementById('content');\n"
    "      if (!fresh || !old) return;\n"
    "      old.dataset.epoch = fresh.dataset.epoch;\n"
    "      if (fresh.innerHTML !== old.innerHTML) {\n"
    "        old.replaceWith(fresh);\n"
    "        document.dispatchEvent(new Event('pilot-replaced'));\n"
    "        say('Updated ' + new Date().toISOString().slice(11, 19) + ' UTC');\n"
    "      }\n"
    "    }).catch(function () {}).then(function () {\n"
    "      busy = false;\n"
    "      if (pending) window.setTimeout(refresh, 1000);\n"
    "    });\n"
    "  }\n"
    "  function progress(event) {\n"
    "    JSON.parse(event.data).forEach(function (running) {\n"
    "      var at = document.querySelectorAll('[data-analysis=\"' + running.analysis + '\"]');\n"
    "      at.forEach(function (place) {\n"
    "        var bar = place.querySelector('progress'), of = place.querySelector('.of');\n"
    "        if (bar) { bar.max = running.jobs || 1; bar.value = running.jobs_done; }\n"
    "        if (of) of.textContent = running.jobs_done + ' of ' + running.jobs + ' jobs';\n"
    "      });\n"
    "    });\n"
    "  }\n"
    "  function results(event) {\n"
    "    var content = document.getElementById('content');\n"
    "    if (content && content.dataset.epoch !== event.data) refresh();\n"
    "  }\n"
    "  function listen() {\n"
    "    if (document.hidden) {\n"
    "      if (source) source.close();\n"
    "      source = null;\n"
    "      return;\n"
    "    }\n"
    "    if (source) return;\n"
    "    source = new EventSource('/events');\n"
    "    source.addEventListener('progress', progress);\n"
    "    source.addEventListener('results', results);\n"
    "    source.addEventListener('database', function (event) {\n"
    "      say(event.data === 'up' ? '' : 'The database does not answer: this may be old.');\n"
    "    });\n"
    "  }\n"
    "  document.addEventListener('visibilitychange', listen);\n"
    "  document.addEventListener('focusout', function () { if (pending) refresh(); });\n"
    "  window.addEventListener('pagehide', function () { if (source) source.close(); });\n"
    "  listen();\n"
    "})();\n";

const char *dashboard_style(void)
{
    return style;
}

const char *dashboard_script(void)
{
    return script;
}
