// One customer opened in place: why, what else is known, and what happened.

const IN_ROW = new Set(["customer", "rank", "churn_probability", "risk_band", "reason_1", "reason_2", "reason_3", "keeps_1", "keeps_2"]);

function detailsOf(list, timelines, row) {
  const id = list.value("customer", row);
  const node = element("div", { class: "details", role: "group", "aria-label": `Details of ${id.slice(0, 80)}` });
  const why = element("div", { class: "why" }, element("h3", {}, "Why"), reasonsNode(list, row));
  if (id.length > 40) why.append(element("p", { class: "whole-id" }, own(id)));
  const facts = element("dl", { class: "facts" });
  for (const column of list.columns) {
    if (IN_ROW.has(column.key)) continue;
    const text = figure(list, column.key, row);
    if (text === "") continue;
    facts.append(element("div", column.meaning ? { title: column.meaning } : {}, element("dt", {}, column.label), element("dd", {}, own(text))));
  }
  why.append(facts);
  const past = element("div", { class: "past" }, element("h3", {}, "What happened"));
  node.append(why, past);
  if (!timelines.known) {
    past.append(element("p", { class: "missing" }, "timeline.parquet is not in this night's folder. churn score CONFIG writes it."));
  } else {
    timelines.of(row).then((found) => past.append(...timelineNodes(list, found)));
  }
  return node;
}

function reasonsNode(list, row) {
  const told = list.reasonsOf(row);
  if (!told.length) {
    for (const [prefix, up] of [["reason", true], ["keeps", false]]) {
      for (const n of [1, 2, 3]) {
        const key = `${prefix}_${n}`;
        if (list.has(key) && list.value(key, row)) told.push({ up, text: list.value(key, row) });
      }
    }
  }
  const items = told.map((r) => element("li", { class: r.up ? "up" : "down" },
    element("span", { class: "sign" }, r.up ? "raises" : "lowers"), own(r.text)));
  return items.length ? element("ul", { class: "reasons" }, ...items) : element("p", { class: "missing" }, "No reasons are written.");
}

function timelineNodes(list, { events, older }) {
  if (!events.length) return [element("p", { class: "missing" }, "Nothing is known before this night.")];
  const items = events.map((e) => element("li", { class: `kind-${/^[a-z]+$/.test(e.kind) ? e.kind : "other"}` },
    element("time", { datetime: e.time }, e.time.slice(0, 10)),
    own(e.text, { class: "text" }),
    e.open ? element("span", { class: "still-open" }, "open") : null));
  const out = [element("ol", { class: "timeline" }, ...items)];
  if (older > 0) out.push(element("p", { class: "older" }, `${count(older)} older not shown.`));
  return out;
}
