// Which rows are shown and in which order; knows nothing of the page.

function emptyFilter() {
  return { words: [], codes: {}, stories: new Set(), least: null, most: null };
}

function isEmpty(filter) {
  return !filter.words.length && !filter.stories.size && filter.least === null && filter.most === null
    && Object.values(filter.codes).every((chosen) => !chosen.size);
}

// The rows that fit: within one filter any chosen value, across filters all of them; every word must be found.
function fitting(list, filter) {
  const facets = Object.entries(filter.codes).filter(([, chosen]) => chosen.size)
    .map(([key, chosen]) => [list.data[key].codes, chosen]);
  const stake = list.data.value_at_stake;
  const rows = [];
  for (let row = 0; row < list.n; row += 1) {
    if (!facets.every(([codes, chosen]) => chosen.has(codes[row]))) continue;
    if (filter.stories.size && !list.hasStory(row, filter.stories)) continue;
    if (filter.least !== null && !(stake[row] !== null && stake[row] >= filter.least)) continue;
    if (filter.most !== null && !(stake[row] !== null && stake[row] <= filter.most)) continue;
    if (filter.words.length) {
      const text = list.haystack(row);
      if (!filter.words.every((word) => text.includes(word))) continue;
    }
    rows.push(row);
  }
  return rows;
}

const collator = new Intl.Collator("en", { numeric: true });

// Sorted by a column; equal rows stay in the order of the list, unknown values come last either way.
function sorted(list, rows, key, descending) {
  const sign = descending ? -1 : 1;
  const values = list.data[key];
  let compare;
  let known = (row) => values[row] !== null && values[row] !== "";
  if (key === "risk_band" && list.bands.length) {
    const place = values.names.map((name) => list.bands.indexOf(name)); // by danger, not by letter
    compare = (a, b) => place[values.codes[b]] - place[values.codes[a]];
    known = () => true;
  } else if (!Array.isArray(values)) {
    const order = values.names.map((_, i) => i).sort((a, b) => collator.compare(values.names[a], values.names[b]));
    const place = new Array(order.length);
    order.forEach((code, i) => { place[code] = i; });
    compare = (a, b) => place[values.codes[a]] - place[values.codes[b]];
    known = (row) => values.names[values.codes[row]] !== "";
  } else if (list.column.get(key).type === "text") {
    compare = (a, b) => collator.compare(values[a], values[b]);
  } else {
    compare = (a, b) => values[a] - values[b];
  }
  const there = rows.filter(known);
  const unknown = rows.filter((row) => !known(row));
  there.sort((a, b) => sign * compare(a, b) || a - b);
  return [...there, ...unknown];
}
