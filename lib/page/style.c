/* style.c - how a page looks, and what a script adds where there is one. */
#include "pilot/page.h"

/* Contrast of every pair of text and ground is at least 4.5 (WCAG AA), in the dark too. */
static const char style[] =
    ":root{color-scheme:light dark;--ground:#fff;--text:#1c1f23;--quiet:#575d65;--line:#d5d9de;"
    "--soft:#f4f6f8;--accent:#0b5a9d;--good:#17693b;--bad:#a3262a;--good-soft:#eef7f1;"
    "--bad-soft:#fcf0f0}\n"
    "@media(prefers-color-scheme:dark){:root{--ground:#14171a;--text:#e6e8ea;--quiet:#a9b1ba;"
    "--line:#3a4048;--soft:#1e2328;--accent:#82bdf5;--good:#7fcf9d;--bad:#f29b9d;"
    "--good-soft:#16261d;--bad-soft:#2c1a1b}}\n"
    "*{box-sizing:border-box}\n"
    "html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}\n"
    "@media(prefers-reduced-motion:reduce){html{scroll-behavior:auto}}\n"
    "body{margin:0 auto;max-width:68rem;padding:0 1.25rem 4rem;background:var(--ground);"
    "color:var(--text);font:1rem/1.55 system-ui,-apple-system,\"Segoe UI\",Roboto,"
    "\"Helvetica Neue\",\"Noto Sans\",\"DejaVu Sans\",sans-serif;overflow-wrap:anywhere}\n"
    "h1{font-size:1.9rem;line-height:1.2;margin:2rem 0 .5rem}\n"
    "h2{font-size:1.35rem;line-height:1.3;margin:2.75rem 0 .75rem;padding-top:.75rem;"
    "border-top:1px solid var(--line)}\n"
    "h3{font-size:1.1rem;margin:2rem 0 .5rem}\nh4{font-size:1rem;margin:1.5rem 0 .5rem}\n"
    "p,ul{max-width:46rem;margin:.6rem 0}\nli{margin:.3rem 0}\n"
    "a{color:var(--accent)}\n"
    ":focus-visible{outline:3px solid var(--accent);outline-offset:2px}\n"
    ".skip{position:absolute;left:-100rem}\n"
    ".skip:focus{left:1rem;top:.5rem;background:var(--ground);padding:.5rem 1rem;z-index:9}\n"
    ".contents ul{list-style:none;padding:0;margin:1rem 0;display:flex;flex-wrap:wrap;"
    "gap:.15rem 1.1rem;max-width:none}\n"
    ".note,figcaption,.quiet{color:var(--quiet)}\n.note,figcaption{font-size:.9rem}\n"
    ".alert{border-left:.3rem solid var(--bad);background:var(--bad-soft);padding:.6rem .9rem}\n"
    ".verdicts{list-style:none;padding:0;max-width:52rem}\n"
    ".verdicts li{border-left:.3rem solid var(--quiet);background:var(--soft);"
    "padding:.6rem .9rem;margin:.6rem 0}\n"
    ".verdicts .good{border-color:var(--good);background:var(--good-soft)}\n"
    ".verdicts .bad{border-color:var(--bad);background:var(--bad-soft)}\n"
    ".verdicts p{margin:.4rem 0 0}\n.verdicts b{display:block}\n.good b{color:var(--good)}\n.bad "
    "b{color:var(--bad)}\n"
    ".table,.picture{overflow-x:auto;max-width:100%;margin:1rem 0 .25rem}\n"
    "table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}\n"
    "caption{text-align:left;font-weight:600;padding:.25rem 0 .4rem}\n"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .9rem .3rem 0;"
    "border-bottom:1px solid var(--line);overflow-wrap:normal}\n"
    "tbody th{font-weight:400;min-width:8rem;max-width:22rem;overflow-wrap:anywhere}\n"
    "thead th{border-bottom:2px solid var(--text);font-weight:600}\n"
    "th.n,td.n{text-align:right;white-space:nowrap}\n"
    "thead th.n{white-space:normal}\n"
    ".csv{margin:.2rem 0 1.2rem;font-size:.9rem}\n"
    "figure{margin:1rem 0}\n.picture svg{display:block;max-width:100%;height:auto}\n"
    "pre{background:var(--soft);padding:.75rem 1rem;overflow-x:auto;font-size:.85rem;"
    "line-height:1.45}\ncode{font-family:ui-monospace,Menlo,Consolas,\"DejaVu Sans Mono\","
    "monospace}\n"
    "details{margin:.75rem 0}\nsummary{cursor:pointer;padding:.35rem 0;color:var(--accent)}\n"
    ".search{display:block;margin:1rem 0 0;font-size:.9rem}\n"
    ".search input{font:inherit;color:inherit;background:var(--ground);border:1px solid "
    "var(--quiet);border-radius:.25rem;padding:.35rem .6rem;margin-left:.6rem;max-width:100%}\n"
    "svg .found{stroke:var(--bad);stroke-opacity:1;stroke-width:4}\n"
    "svg g.found{stroke-width:1}svg g.found text{font-weight:700;stroke:none}\n"
    "td:not(.n){min-width:7rem}\n"
    "[hidden]{display:none!important}\n"
    "@media(max-width:40rem){body{padding:0 .9rem 3rem}h1{font-size:1.5rem}h2{font-size:1.2rem}"
    "th,td{padding-right:.7rem}tbody th{min-width:9rem}}\n"
    "@media print{:root{--ground:#fff;--text:#000;--quiet:#444;--line:#bbb;--soft:#f4f4f4;"
    "--accent:#000;--good:#17693b;--bad:#a3262a;--good-soft:#fff;--bad-soft:#fff}"
    "@page{margin:16mm}body{max-width:none;padding:0;font-size:10pt}"
    ".skip,.contents,.csv,.search{display:none}h2,h3,h4,caption{break-after:avoid}"
    "figure,tr,.verdicts li,.alert{break-inside:avoid}thead{display:table-header-group}"
    ".table,.picture{overflow:visible}table{font-size:8.5pt}"
    "details:not([open]){display:none}.picture svg{max-height:215mm}a{text-decoration:none}}\n";

/* Nothing is lost without it: a box that filters the rows of a table by what their first cell
 * holds. */
static const char script[] =
    "'use strict';\n"
    "document.querySelectorAll('table[data-search]').forEach(function(t){\n"
    "var l=document.createElement('label'),i=document.createElement('input'),"
    "s=document.createElement('span');\n"
    "l.className='search';l.textContent=t.dataset.search;i.type='search';s.className='quiet';"
    "s.setAttribute('role','status');l.append(i,' ',s);t.parentNode.before(l);\n"
    "var p=t.dataset.picture,rows=Array.from(t.tBodies[0].rows),names=rows.map(function(r){"
    "return r.cells[0].textContent.toLowerCase()});\n"
    "i.addEventListener('input',function(){var q=i.value.trim().toLowerCase(),n=0;\n"
    "rows.forEach(function(r,k){var on=names[k].indexOf(q)>=0;r.hidden=!on;n+=on;\n"
    "if(p)['','-narrow'].forEach(function(w){var e=document.getElementById(p+w+'-'+k);"
    "if(e)e.classList.toggle('found',q!==''&&on)})});\n"
    "s.textContent=q?n+' of '+rows.length:''})});\n";

const char *pilot_page_style(void)
{
    return style;
}

const char *pilot_page_script(void)
{
    return script;
}
