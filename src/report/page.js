/* page.js - the one script of a page: shows the items of a list that have the chosen tags and hold every searched
   word, and gathers a reader's marks as lines of JSON */
(function () {
  'use strict';
  var form = document.getElementById('browse');
  if (!form) return;
  var found = document.getElementById('found');
  var selects = Array.from(form.querySelectorAll('select'));
  var search = form.querySelector('input');
  var items = Array.from(document.querySelectorAll('.item'));
  var asked = Array.from(document.querySelectorAll('.marks'));
  var words = ['', 'right', 'wrong', 'unsure'];
  var saved = true;
  var texts; /* gathered at the first search: a page of megabytes opens without */

  /* The content of an item is one text until it is opened. */
  function fill(item) {
    var text = item.querySelector('noscript');
    if (!text) return;
    text.insertAdjacentHTML('beforebegin', text.textContent);
    text.remove();
  }

  function textOf(item) {
    var text = item.querySelector('noscript');
    var inside = text ? text.textContent.replace(/<[^>]*>/g, '').replace(/&lt;/g, '<').replace(/&gt;/g, '>')
      .replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&') : '';
    return (text ? item.querySelector('summary').textContent + ' ' + inside : item.textContent).toLowerCase();
  }

  function show() {
    var terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var shown = 0;
    if (terms.length && !texts) texts = items.map(textOf);
    items.forEach(function (d, i) {
      var ok = selects.every(function (s) { return !s.value || d.classList.contains(s.value); }) &&
        terms.every(function (w) { return texts[i].includes(w); });
      if (d.hidden === ok) d.hidden = !ok;
      shown += ok;
    });
    found.textContent = shown + ' of ' + items.length + ' shown';
  }

  function gather() {
    var box = document.getElementById('marks');
    var lines = '';
    var n = 0;
    asked.forEach(function (f) {
      var chosen = f.querySelector('input:checked').value;
      var list = f.closest('.item').classList;
      words.forEach(function (w) { list.toggle('m-' + w, w === chosen); });
      if (!chosen) return;
      lines += JSON.stringify(Object.assign(JSON.parse(f.dataset.row), {mark: chosen})) + '\n';
      n++;
    });
    box.querySelector('summary').textContent = n ? n + ' marked' : 'no marks yet';
    box.querySelector('textarea').value = lines;
    document.getElementById('save').href = 'data:application/x-ndjson;charset=utf-8,' + encodeURIComponent(lines);
    box.hidden = false;
  }

  if (asked.length) {
    asked.forEach(function (f) {
      f.hidden = false;
      f.onchange = function () { saved = false; gather(); };
    });
    document.getElementById('save').onclick = function () { saved = true; };
    window.onbeforeunload = function () { return saved ? undefined : true; };
    gather();
  }
  document.addEventListener('toggle', function (e) { if (e.target.open && e.target.matches('.item')) fill(e.target); }, true);
  search.oninput = show;
  selects.forEach(function (s) { s.onchange = show; });
  form.onsubmit = function () { return false; };
  form.hidden = false;
  show();
})();
