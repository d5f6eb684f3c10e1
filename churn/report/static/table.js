// The table of the list: only the rows in sight are in the document, whatever the length of the list.

const BEYOND = 8; // rows kept on either side of what is in sight
const SHOWN_COLUMNS = [
  { key: "rank", label: "#", type: "number", width: "2.5rem" },
  { key: "customer", label: "Customer", width: "7.2rem" },
  { key: "churn_probability", label: "Risk", width: "5.3rem" },
  { key: "stage", label: "Stage", width: "5.1rem", optional: true },
  { key: "value_at_stake", label: "At stake", type: "number", width: "5.1rem" },
  { key: "expected_profit", label: "Profit", type: "number", width: "4.8rem" },
  { key: "last_order", label: "Last order", width: "6.1rem" },
  { key: "days_overdue", label: "Overdue", type: "number", width: "5.1rem" },
  { key: "reason_1", label: "First reason", width: "" },
];

class Table {
  constructor(list, timelines, sort) {
    Object.assign(this, { list, timelines, onSort: sort });
    this.rows = [];
    this.open = new Set();
    this.heights = new Map(); // of opened details
    this.made = new Map(); // row: its nodes in the document
    this.active = 0; // place in `rows` where the keyboard is
    this.columns = SHOWN_COLUMNS.filter((c) => list.has(c.key) && list.data[c.key] && !this.unknown(c.key));
    document.getElementById("table").classList.toggle("many", this.columns.length > 8);
    this.viewport = document.getElementById("viewport");
    this.body = document.getElementById("body");
    this.above = this.spacer();
    this.below = this.spacer();
    this.body.append(this.above, this.below);
    this.observer = new ResizeObserver((entries) => this.measured(entries));
    this.head();
    this.viewport.addEventListener("scroll", () => this.later(), { passive: true });
    new ResizeObserver(() => { this.rowHeight = 0; this.later(); }).observe(this.viewport);
    this.body.addEventListener("click", (event) => this.clicked(event));
    this.body.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("focusin", (event) => {
      const row = event.target.closest("tr.row");
      if (row) this.active = Number(row.dataset.place);
    });
  }

  unknown(key) {
    const values = this.list.data[key];
    return Array.isArray(values) && this.list.n > 0 && values.every((v) => v === null);
  }

  spacer() {
    return element("tr", { class: "spacer", "aria-hidden": "true" }, element("td", { colspan: this.columns.length }));
  }

  head() {
    for (const c of this.columns) {
      document.getElementById("widths").append(element("col", { style: c.width ? `width:${c.width}` : null, class: `col-${c.key}` }));
      const button = element("button", { type: "button" }, c.label, element("span", { class: "arrow", "aria-hidden": "true" }));
      button.addEventListener("click", () => this.onSort(c.key));
      const meaning = this.list.column.get(c.key).meaning;
      document.getElementById("head").append(element("th", {
        scope: "col", role: "columnheader", "data-key": c.key, class: c.type === "number" ? "number" : null, title: meaning || null,
      }, button));
    }
  }

  showSort(key, descending) {
    for (const th of document.getElementById("head").children) {
      if (th.dataset.key === key) th.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    }
  }

  show(rows) {
    this.rows = rows;
    this.active = 0;
    this.viewport.scrollTop = 0;
    document.getElementById("table").setAttribute("aria-rowcount", rows.length + 1);
    document.getElementById("nobody").hidden = rows.length > 0;
    for (const nodes of this.made.values()) this.drop(nodes);
    this.made.clear();
    this.draw();
  }

  drop(nodes) {
    nodes.row.remove();
    if (nodes.details) {
      this.observer.unobserve(nodes.details.inner);
      nodes.details.remove();
    }
  }

  later() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.draw(); });
  }

  // Height of a row, the same for all, as the style sheet has it at this width.
  height() {
    if (!this.rowHeight) {
      const style = getComputedStyle(this.viewport).getPropertyValue("--row-height");
      this.rowHeight = parseFloat(style) * parseFloat(getComputedStyle(document.documentElement).fontSize);
    }
    return this.rowHeight;
  }

  // Opened details as [place in the list, height], in order.
  opened() {
    if (!this.open.size) return [];
    const out = [];
    this.rows.forEach((row, place) => { if (this.open.has(row)) out.push([place, this.heights.get(row) ?? 300]); });
    return out;
  }

  top(place, opened = this.opened()) {
    return place * this.height() + opened.reduce((sum, [p, h]) => sum + (p < place ? h : 0), 0);
  }

  // The place that lies at a distance from the top.
  at(y, opened) {
    let above = 0;
    for (const [place, h] of opened) {
      const end = (place + 1) * this.height() + above; // of its row; its details follow
      if (y < end) break;
      if (y < end + h) return place;
      above += h;
    }
    return Math.floor((y - above) / this.height());
  }

  draw() {
    const opened = this.opened();
    const headHeight = this.headHeight();
    const y = Math.max(0, this.viewport.scrollTop);
    const first = Math.max(0, Math.min(this.at(y, opened), this.rows.length - 1) - BEYOND);
    const last = Math.min(this.rows.length, this.at(y + this.viewport.clientHeight - headHeight, opened) + 1 + BEYOND);
    const wanted = this.rows.slice(first, last);
    const keep = new Set(wanted);
    const focused = this.body.contains(document.activeElement);
    for (const [row, nodes] of this.made) {
      if (keep.has(row)) continue;
      this.drop(nodes);
      this.made.delete(row);
    }
    let cursor = this.above.nextSibling;
    wanted.forEach((row, i) => {
      if (!this.made.has(row)) this.made.set(row, { row: this.rowNode(row), details: null });
      const nodes = this.made.get(row);
      nodes.row.dataset.place = first + i;
      nodes.row.setAttribute("aria-rowindex", first + i + 2);
      if (this.open.has(row) && !nodes.details) nodes.details = this.detailsNode(row);
      for (const node of [nodes.row, nodes.details]) {
        if (!node) continue;
        if (node === cursor) cursor = cursor.nextSibling;
        else this.body.insertBefore(node, cursor);
      }
    });
    const whole = this.top(this.rows.length, opened);
    this.stretch(this.above, this.top(first, opened));
    this.stretch(this.below, Math.max(0, whole - this.top(last, opened)));
    this.tabStop(first, last);
    if (focused && !this.body.contains(document.activeElement)) this.viewport.focus({ preventScroll: true });
  }

  stretch(node, height) {
    node.firstChild.style.height = `${height}px`;
    node.hidden = height === 0;
  }

  headHeight() {
    return document.getElementById("head").offsetHeight;
  }

  // One row can be reached by Tab: the active one, or the first in sight.
  tabStop(first, last) {
    const inside = this.active >= first && this.active < last;
    const stop = inside ? this.active : Math.min(first + BEYOND, last - 1);
    for (const { row } of this.made.values()) {
      row.querySelector("button").tabIndex = Number(row.dataset.place) === stop ? 0 : -1;
    }
  }

  rowNode(row) {
    const open = this.open.has(row);
    const tr = element("tr", { class: "row", role: "row" });
    tr.dataset.row = row;
    for (const c of this.columns) tr.append(this.cell(c, row, open));
    return tr;
  }

  cell(c, row, open) {
    const td = element("td", { role: "cell", class: `${c.type === "number" ? "number " : ""}cell-${c.key}` });
    const text = figure(this.list, c.key, row);
    if (c.key === "customer") {
      const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
      td.append(element("button", { type: "button", class: "opener", "aria-expanded": String(open) }, own(shown)));
    } else if (c.key === "churn_probability") {
      const band = this.list.has("risk_band") ? this.list.value("risk_band", row) : "";
      td.append(element("span", { class: "share" }, text), " ",
        element("span", { class: `band band-${this.list.bands.includes(band) ? band : "other"}` }, band));
    } else if (c.key === "last_order" && !text) {
      td.append("none");
    } else if (c.key === "days_overdue") {
      td.append(overdue(this.list.value(c.key, row)));
    } else if (c.key === "reason_1") {
      td.append(element("span", { class: "clamp" }, own(text.slice(0, 300))));
    } else {
      td.append(own(text));
    }
    return td;
  }

  detailsNode(row) {
    const inner = detailsOf(this.list, this.timelines, row);
    const tr = element("tr", { class: "opened", role: "row" }, element("td", { colspan: this.columns.length, role: "cell" }, inner));
    tr.inner = inner;
    inner.dataset.row = row;
    this.observer.observe(inner);
    return tr;
  }

  measured(entries) {
    let changed = false;
    for (const { target } of entries) {
      const row = Number(target.dataset.row);
      const height = target.closest("tr")?.getBoundingClientRect().height ?? 0;
      if (!height || this.heights.get(row) === height) continue;
      this.heights.set(row, height);
      changed = true;
    }
    if (changed) this.later();
  }

  clicked(event) {
    const tr = event.target.closest("tr.row");
    if (!tr) return;
    if (!event.target.closest("button") && String(getSelection())) return; // somebody marks a text
    this.toggle(Number(tr.dataset.row));
  }

  toggle(row) {
    const open = !this.open.has(row);
    if (open) this.open.add(row); else this.open.delete(row);
    const nodes = this.made.get(row);
    if (nodes) {
      nodes.row.classList.toggle("is-open", open);
      nodes.row.querySelector("button").setAttribute("aria-expanded", String(open));
      if (!open && nodes.details) {
        this.observer.unobserve(nodes.details.inner);
        nodes.details.remove();
        nodes.details = null;
      }
    }
    this.draw();
  }

  key(event) {
    const tr = event.target.closest("tr.row");
    const page = Math.max(1, Math.floor(this.viewport.clientHeight / this.height()) - 1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Escape") {
      const place = Number((tr ?? event.target.closest("tr.opened")?.previousSibling)?.dataset.place);
      if (this.open.has(this.rows[place])) {
        this.toggle(this.rows[place]);
        this.go(place);
      }
    } else if (tr && step !== undefined && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      this.go(Math.max(0, Math.min(this.rows.length - 1, this.active + step)));
    }
  }

  // Bring a row into sight and put the keyboard there.
  go(place) {
    this.active = place;
    const top = this.top(place);
    const sight = this.viewport.clientHeight - this.headHeight();
    if (top < this.viewport.scrollTop) this.viewport.scrollTop = top;
    else if (top + this.height() > this.viewport.scrollTop + sight) this.viewport.scrollTop = top + this.height() - sight;
    this.draw();
    this.made.get(this.rows[place])?.row.querySelector("button").focus({ preventScroll: true });
  }
}
