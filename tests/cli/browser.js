/* browser.js - put into a copy of a page by browser.sh: tells the page around its frame what a reader's browser makes of it */
(function () {
  'use strict';
  var said = [];
  function say(name, value) { said.push(name + '=' + value); }
  function all(selector, from) { return Array.from((from || document).querySelectorAll(selector)); }
  function rgb(text) { return (text.match(/[\d.]+/g) || []).map(Number); }
  function luminance(c) {
    var l = c.slice(0, 3).map(function (v) { v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); });
    return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2];
  }
  function behind(e) {
    for (; e; e = e.parentElement) {
      var c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  }
  function contrast(e) {
    var a = luminance(rgb(getComputedStyle(e).color)), b = luminance(behind(e));
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }
  function hasText(e) {
    return Array.from(e.childNodes).some(function (n) { return n.nodeType === 3 && n.data.trim(); });
  }
  function pale() {
    var found = all('main *').filter(function (e) {
      return e.checkVisibility() && hasText(e) && !e.closest('svg') && contrast(e) < 4.5;
    });
    return found.slice(0, 3).map(function (e) { return e.tagName + '.' + e.className + ' ' + contrast(e).toFixed(2); }).join('; ');
  }
  function unnamed() {
    return all('input,select,textarea').filter(function (e) {
      return !e.getAttribute('aria-label') && !(e.labels && e.labels.length);
    }).length + all('table').filter(function (t) { return !t.querySelector('th'); }).length +
      all('details').filter(function (d) { return !d.querySelector('summary').textContent.trim(); }).length;
  }
  function wide() {
    var over = all('main *').filter(function (e) {
      return e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.wide,.md,svg,summary');
    });
    return over.slice(0, 3).map(function (e) { return e.tagName + '.' + e.className; }).join('; ');
  }
  function shown() { return document.getElementById('found').textContent; }
  function choose(group, option) {
    var select = all('#browse select').find(function (s) { return s.parentElement.firstChild.data.trim() === group; });
    select.value = Array.from(select.options).find(function (o) { return o.text.indexOf(option) === 0; }).value;
    select.onchange();
    var now = shown();
    select.value = '';
    select.onchange();
    return now;
  }
  function look() {
    var search = document.querySelector('#browse input'), first = document.querySelector('.item');
    /* As a browser without scripts reads it. */
    var plain = new DOMParser().parseFromString(document.documentElement.outerHTML, 'text/html');
    say('plain', all('.item .part .md', plain).length > 0);
    say('shown', shown());
    say('colours on paper', getComputedStyle(document.querySelector('main *')).printColorAdjust);
    say('resources', performance.getEntriesByType('resource').length);
    say('elements', all('*').length);
    search.value = 'needle';
    search.oninput();
    say('needle', shown());
    search.value = '';
    search.oninput();
    all('details').slice(0, 40).forEach(function (d) { d.open = true; d.dispatchEvent(new Event('toggle')); });
    say('opened', first.querySelector('noscript') ? 'no' : 'yes');
    say('maths', all('math', first).length > 0);
    say('steps', all('.steps > li > b', first).map(function (b) { return b.textContent; }).join(','));
    say('dark', luminance(rgb(getComputedStyle(document.body).backgroundColor)) < 0.5);
    say('scroll', document.documentElement.scrollWidth <= innerWidth);
    say('wide', wide());
    say('pale', pale());
    say('unnamed', unnamed());
    (window.choices || []).forEach(function (c) { say(c.join('/'), choose(c[0], c[1])); });
    if (document.querySelector('.marks')) {
      all('.marks').slice(0, 2).forEach(function (f, i) {
        f.querySelectorAll('input')[i].checked = true;
        f.onchange();
      });
      say('marks', '\n' + document.querySelector('#marks textarea').value + 'end');
      say('href', document.getElementById('save').href.indexOf('data:application/x-ndjson;charset=utf-8,%7B%22gold%22') === 0);
    }
  }
  var parsed = performance.now();
  document.body.getBoundingClientRect();
  say('milliseconds', Math.round(parsed) + '+' + Math.round(performance.now() - parsed));
  try { look(); } catch (e) { say('error', e); }
  window.onbeforeunload = null;
  parent.postMessage(innerWidth + ' px\n' + said.join('\n') + '\nend of it\n', '*');
})();
