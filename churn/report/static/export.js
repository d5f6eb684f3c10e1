// What is shown, as a CSV file made in the browser, and as the first rows on paper.

// A spreadsheet program must not read an id or a text as a formula; numbers stay numbers.
function csvCell(value, isText) {
  if (value === null || value === undefined) return "";
  let text = String(value);
  if (isText && /^\s*[=+\-@\t\r\n＝＋－＠]/.test(text)) text = `'${text}`;
  return /[",\r\n;]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csvOf(list, rows) {
  const isText = list.columns.map((c) => c.type === "text" || c.type === "code");
  const lines = [list.columns.map((c) => csvCell(c.key, true)).join(",")];
  for (const row of rows) lines.push(list.columns.map((c, i) => csvCell(list.value(c.key, row), isText[i])).join(","));
  return `\ufeff${lines.join("\r\n")}\r\n`;
}

function download(list, rows) {
  const url = URL.createObjectURL(new Blob([csvOf(list, rows)], { type: "text/csv;charset=utf-8" }));
  const name = `at_risk_${list.name}_${list.asOf}`.replace(/[^\p{L}\p{N}_.-]+/gu, "_");
  const link = element("a", { href: url, download: `${name}.csv` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function fillPaper(list, rows, most) {
  const cells = (row) => [
    figure(list, "rank", row), figure(list, "customer", row).slice(0, 80),
    `${figure(list, "churn_probability", row)} ${list.has("risk_band") ? list.value("risk_band", row) : ""}`,
    list.has("value_at_stake") ? figure(list, "value_at_stake", row) : "",
    list.has("last_order") ? figure(list, "last_order", row) || "none" : "",
    list.has("days_overdue") ? overdue(list.value("days_overdue", row)) : "",
    ["reason_1", "reason_2", "reason_3"].filter((k) => list.has(k)).map((k) => list.value(k, row).slice(0, 200)).filter(Boolean).join("; "),
  ];
  const classes = ["number", null, null, "number", "short", "number", null];
  document.getElementById("paper-body").replaceChildren(...rows.slice(0, most).map((row) => element("tr", {},
    ...cells(row).map((text, i) => element("td", { class: classes[i] }, own(text))))));
  const part = rows.length < list.n ? `${count(rows.length)} that were shown of ${count(list.n)}` : `${count(list.n)}`;
  document.getElementById("paper-note").textContent = rows.length > most
    ? `The first ${most} of ${part} listed customers; at_risk.csv beside this file has all of them.`
    : `All ${part} listed customers.`;
}
