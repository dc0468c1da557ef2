/* page.js - the one script of a page: shows the items of a list that have the chosen tags and hold every searched word */
(function () {
  'use strict';
  var form = document.getElementById('browse');
  if (!form) return;
  var found = document.getElementById('found');
  var selects = Array.from(form.querySelectorAll('select'));
  var search = form.querySelector('input');
  var items = Array.from(document.querySelectorAll('.item'));
  var texts; /* gathered at the first search: a page of megabytes opens without */

  function show() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var shown = 0;
    if (words.length && !texts) texts = items.map(function (d) { return d.textContent.toLowerCase(); });
    items.forEach(function (d, i) {
      var ok = selects.every(function (s) { return !s.value || d.classList.contains(s.value); }) &&
        words.every(function (w) { return texts[i].includes(w); });
      if (d.hidden === ok) d.hidden = !ok;
      shown += ok;
    });
    found.textContent = shown + ' of ' + items.length + ' shown';
  }

  search.oninput = show;
  selects.forEach(function (s) { s.onchange = show; });
  form.onsubmit = function () { return false; };
  form.hidden = false;
  show();
})();
