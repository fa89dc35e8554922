/* What an accessible page has: problems, one text each.  Run in the page by a test. */
const problems = [];
const tell = (what, at) => problems.push(what + (at ? ': ' + at.outerHTML.slice(0, 120) : ''));
const shown = (at) => {
    const style = getComputedStyle(at);
    const box = at.getBoundingClientRect();
    return style.display !== 'none' && style.visibility !== 'hidden' && box.width > 1 && box.height > 1 &&
        (!at.checkVisibility || at.checkVisibility());
};
const all = (css) => Array.from(document.querySelectorAll(css));
const byId = (ids) => (ids || '').split(/\s+/).filter(Boolean)
    .map((id) => (document.getElementById(id) || {}).textContent || '').join(' ').trim();
const named = (at) => (at.getAttribute('aria-label') || '').trim() || byId(at.getAttribute('aria-labelledby'));

if (!document.documentElement.lang) tell('the page has no language');
if (!document.title.trim()) tell('the page has no title');
if (all('main').length !== 1) tell('the page has not one <main>');
const ids = all('[id]').map((at) => at.id);
ids.forEach((id, i) => { if (ids.indexOf(id) !== i) tell('the id ' + id + ' is there twice'); });
all('input:not([type=hidden]), select, textarea').forEach((at) => {
    if (!(at.labels && at.labels.length && at.labels[0].textContent.trim()) && !named(at)) tell('no label', at);
});
all('a[href], button, summary').forEach((at) => {
    if (!at.textContent.trim() && !named(at)) tell('a control without words', at);
});
all('a[href^="#"]').forEach((at) => {
    if (!document.getElementById(decodeURIComponent(at.getAttribute('href').slice(1)))) tell('leads nowhere', at);
});
all('img').forEach((at) => { if (!at.hasAttribute('alt')) tell('an image without alt', at); });
all('svg').forEach((at) => {
    const title = at.querySelector(':scope > title');
    if (at.closest('[aria-hidden=true]')) return;
    if (at.getAttribute('role') !== 'img' && at.getAttribute('role') !== 'group' && !at.getAttribute('role'))
        tell('a picture without a role', at);
    if (!named(at) && !(title && title.textContent.trim())) tell('a picture without a name', at);
});
all('progress, [role=region], nav').forEach((at) => { if (!named(at)) tell('no name', at); });
let level = 0;
all('h1, h2, h3, h4, h5, h6').forEach((at) => {
    const now = Number(at.tagName[1]);
    if (now > level + 1) tell('a heading leaves levels out', at);
    level = now;
});
if (all('h1').length !== 1) tell('the page has not one <h1>');
all('table').forEach((at) => {
    if (!at.caption || !at.caption.textContent.trim()) tell('a table without caption', at);
    if (!at.tHead || !at.tHead.querySelector('th[scope=col]')) tell('a table without heads', at);
    Array.from(at.tBodies).forEach((body) => Array.from(body.rows).forEach((row) => {
        if (!row.querySelector('th[scope=row]')) tell('a row without head', row);
        if (at.tHead && row.cells.length !== at.tHead.rows[0].cells.length) tell('a row of another width', row);
    }));
});

/* Contrast as WCAG 2.1 has it. */
const parse = (colour) => {
    const part = (colour.match(/[\d.]+/g) || []).map(Number);
    return {r: part[0], g: part[1], b: part[2], a: part.length > 3 ? part[3] : 1};
};
const over = (top, under) => ({
    r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a),
    b: top.b * top.a + under.b * (1 - top.a), a: 1});
const ground = (at) => {
    const layers = [];
    for (let up = at; up; up = up.parentElement) {
        const colour = parse(getComputedStyle(up).backgroundColor);
        if (colour.a > 0) layers.push(colour);
        if (colour.a === 1) break;
    }
    const canvas = matchMedia('(prefers-color-scheme: dark)').matches ? {r: 18, g: 18, b: 18, a: 1}
        : {r: 255, g: 255, b: 255, a: 1};
    return layers.reverse().reduce((under, top) => over(top, under), canvas);
};
const luminance = (colour) => {
    const channel = (value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : Math.pow((share + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * channel(colour.r) + 0.7152 * channel(colour.g) + 0.0722 * channel(colour.b);
};
let texts = 0;
const seen = new Set();
all('body *').forEach((at) => {
    const words = Array.from(at.childNodes).some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!words || !shown(at) || at.closest('script, style, title, desc, option')) return;
    const style = getComputedStyle(at);
    const colour = at.ownerSVGElement ? style.fill : style.color;
    if (!/^rgb/.test(colour)) return;
    const under = ground(at);
    const top = over(parse(colour), under);
    const light = [luminance(top), luminance(under)].sort((a, b) => b - a);
    const ratio = (light[0] + 0.05) / (light[1] + 0.05);
    texts++;
    const key = colour + JSON.stringify(under) + at.tagName;
    if (ratio < 4.5 && !seen.has(key)) {
        seen.add(key);
        tell('a contrast of ' + ratio.toFixed(2), at);
    }
});
if (texts < 3) tell('the page has hardly any text');
if (document.documentElement.scrollWidth > innerWidth)
    tell('the page scrolls sideways: ' + document.documentElement.scrollWidth + ' of ' + innerWidth);
return problems;
