// The filters above the list: one drop-down of tick boxes per facet, and the range of the value at stake.

class Filters {
  constructor(list, changed) {
    this.list = list;
    this.changed = changed;
    this.filter = emptyFilter();
    this.host = document.getElementById("filters");
    this.search = document.getElementById("search");
    this.boxes = [];
    this.menus = [];
    for (const key of list.facets) {
      const { names, codes } = list.data[key];
      this.filter.codes[key] = new Set();
      const order = key === "risk_band" ? list.bands.filter((b) => names.includes(b)).map((b) => names.indexOf(b)) : null;
      this.facet(list.column.get(key).label, names, tally(codes, names.length), this.filter.codes[key], order, key);
    }
    const r = list.reasons;
    if (r.stories.length) this.facet("Reason", r.stories, tallyStories(r), this.filter.stories, null, "story");
    if (list.has("value_at_stake")) this.range();
    this.wire();
  }

  facet(label, names, counts, chosen, order, key) {
    const rows = order ?? names.map((_, i) => i).sort((a, b) => counts[b] - counts[a]);
    const boxes = rows.filter((code) => counts[code] > 0).map((code) => {
      const box = element("input", { type: "checkbox", value: names[code] });
      box.addEventListener("change", () => {
        if (box.checked) chosen.add(code); else chosen.delete(code);
        this.apply();
      });
      this.boxes.push(box);
      return element("label", {}, box, own(names[code] || "not known", { class: "name" }),
        element("span", { class: "number" }, count(counts[code])));
    });
    this.dropDown(label, key, boxes, () => (chosen.size ? `${chosen.size}` : ""));
  }

  range() {
    const field = (name, side) => {
      const input = element("input", { type: "number", step: "any", inputmode: "decimal", id: `stake-${side}` });
      input.addEventListener("input", () => {
        this.filter[side] = input.value === "" || Number.isNaN(input.valueAsNumber) ? null : input.valueAsNumber;
        this.apply();
      });
      this[side] = input;
      return element("label", {}, `${name} `, input);
    };
    this.dropDown("At stake", "stake", [field("From", "least"), field("to", "most")],
      () => (this.filter.least !== null || this.filter.most !== null ? "set" : ""));
  }

  dropDown(label, key, content, state) {
    const mark = element("span", { class: "mark" });
    const panel = element("div", { class: "panel", role: "group", "aria-label": `Filter by ${label}` }, ...content);
    const node = element("details", { class: "facet", "data-facet": key }, element("summary", {}, label, mark), panel);
    node.mark = () => {
      mark.textContent = state();
      node.classList.toggle("set", state() !== "");
    };
    node.addEventListener("toggle", () => {
      if (!node.open) return;
      for (const other of this.menus) if (other !== node) other.open = false;
      panel.style.left = ""; // from the left edge of its button, unless that leaves the page
      const over = panel.getBoundingClientRect().right - document.documentElement.clientWidth + 8;
      if (over > 0) panel.style.left = `${-over}px`;
    });
    this.menus.push(node);
    this.host.append(node);
  }

  wire() {
    let waiting = 0;
    this.search.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        this.filter.words = wordsOf(this.search.value);
        this.apply();
      }, 60);
    });
    document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());
    document.getElementById("clear").addEventListener("click", () => this.clear());
    document.addEventListener("pointerdown", (event) => {
      for (const node of this.menus) if (node.open && !node.contains(event.target)) node.open = false;
    });
    this.host.addEventListener("keydown", (event) => {
      const node = event.key === "Escape" ? event.target.closest("details") : null;
      if (!node) return;
      node.open = false;
      node.querySelector("summary").focus();
    });
  }

  apply() {
    for (const node of this.menus) node.mark();
    document.getElementById("clear").disabled = isEmpty(this.filter);
    this.changed();
  }

  clear() {
    for (const box of this.boxes) box.checked = false;
    for (const chosen of Object.values(this.filter.codes)) chosen.clear();
    this.filter.stories.clear();
    for (const side of ["least", "most"]) {
      this.filter[side] = null;
      if (this[side]) this[side].value = "";
    }
    this.search.value = "";
    this.filter.words = [];
    this.apply();
    this.search.focus(); // the button is disabled now and would lose it
  }
}

// Words to be found, each anywhere; what stands in quotes is found as it is.
function wordsOf(text) {
  const found = text.normalize("NFC").toLowerCase().matchAll(/"([^"]+)"|(\S+)/g);
  return [...found].map((m) => m[1] ?? m[2]);
}

function tally(codes, n) {
  const out = new Array(n).fill(0);
  for (const code of codes) out[code] += 1;
  return out;
}

// Customers per story that raises their risk, each once.
function tallyStories(reasons) {
  const out = new Array(reasons.stories.length).fill(0);
  for (let row = 0; row + 1 < reasons.start.length; row += 1) {
    const seen = new Set();
    for (let i = reasons.start[row]; i < reasons.start[row + 1]; i += 1) if (reasons.up[i] === 1) seen.add(reasons.story[i]);
    for (const code of seen) out[code] += 1;
  }
  return out;
}
