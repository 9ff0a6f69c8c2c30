// Niceties: the page is complete without them.
(function () {
  'use strict';
  var all = function (selector, root) {
    return Array.prototype.slice.call((root || document).querySelectorAll(selector));
  };
  // A link into a closed part opens it.
  function reveal() {
    var target = /^#[a-z]+\d*$/.test(location.hash) && document.querySelector(location.hash);
    for (var node = target; node; node = node.parentElement) {
      if (node.tagName === 'DETAILS') { node.open = true; }
    }
    if (target) { target.scrollIntoView(); }
  }
  window.addEventListener('hashchange', reveal);
  reveal();
  window.addEventListener('beforeprint', function () {
    all('details').forEach(function (d) { d.open = true; });
  });

  // What is wider than the screen can be moved by keys, too.
  function reach() {
    all('.scroll').forEach(function (box) {
      if (box.scrollWidth > box.clientWidth) { box.tabIndex = 0; } else { box.removeAttribute('tabindex'); }
    });
  }
  window.addEventListener('resize', reach);
  document.addEventListener('toggle', reach, true);
  reach();

  // Both sides of a match: one at a time, and the other at the same moment.
  all('.listen').forEach(function (box) {
    var players = all('audio', box);
    players.forEach(function (player) {
      player.addEventListener('play', function () {
        all('audio').forEach(function (other) { if (other !== player) { other.pause(); } });
      });
    });
    var place = box.querySelector('.switch');
    if (!place) { return; }
    var slope = parseFloat(box.dataset.slope) || 1;
    var button = document.createElement('button');
    button.type = 'button';
    button.textContent = place.textContent;
    place.replaceChildren(button);
    place.hidden = false;
    var number = function (player, name) { return parseFloat(player.dataset[name]) / 1000; };
    var last = 0;
    players.slice(0, 2).forEach(function (player, at) {
      player.addEventListener('play', function () { last = at; });
    });
    button.addEventListener('click', function () {
      var here = players[last];
      var there = players[1 - last];
      var past = here.currentTime + number(here, 'begin') - number(here, 'from');
      var wanted = number(there, 'from') - number(there, 'begin') + (last === 0 ? past * slope : past / slope);
      var put = function () { there.currentTime = Math.max(0, wanted); };
      if (there.readyState > 0) { put(); } else { there.addEventListener('loadedmetadata', put, { once: true }); }
      here.pause();
      there.play();
    });
  });

  var table = document.querySelector('table.uploads');
  if (!table || table.tBodies[0].rows.length < 2) { return; }
  var body = table.tBodies[0];
  var rows = all('tr', body);

  var bar = document.createElement('p');
  bar.className = 'tools';
  var label = document.createElement('label');
  label.textContent = 'Filter ';
  var input = document.createElement('input');
  input.type = 'search';
  label.appendChild(input);
  var shown = document.createElement('span');
  shown.setAttribute('role', 'status');
  bar.appendChild(label);
  bar.appendChild(shown);
  table.parentNode.parentNode.insertBefore(bar, table.parentNode);
  input.addEventListener('input', function () {
    var wanted = input.value.toLowerCase();
    var n = 0;
    rows.forEach(function (row) {
      var hit = row.textContent.toLowerCase().indexOf(wanted) >= 0;
      row.hidden = !hit;
      n += hit ? 1 : 0;
    });
    shown.textContent = wanted ? n + ' of ' + rows.length : '';
  });

  all('thead th', table).forEach(function (head, column) {
    var button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    head.textContent = '';
    head.appendChild(button);
    button.addEventListener('click', function () {
      var down = head.getAttribute('aria-sort') === 'ascending';
      all('th', head.parentNode).forEach(function (th) { th.removeAttribute('aria-sort'); });
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      var key = function (row) { return row.cells[column].textContent.trim(); };
      rows.slice().sort(function (a, b) {
        var x = key(a), y = key(b), m = parseFloat(x), n = parseFloat(y);
        var order = isNaN(m) || isNaN(n) ? x.localeCompare(y) : m - n;
        return down ? -order : order;
      }).forEach(function (row) { body.appendChild(row); });
    });
  });
})();
