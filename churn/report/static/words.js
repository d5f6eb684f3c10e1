// Elements and figures. Content goes in as text only, never as HTML: ids and texts are anybody's.

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

// Text of unknown direction, kept from turning round what stands beside it.
function own(text, attributes = {}) {
  return element("bdi", attributes, String(text));
}

const count = (value) => Math.round(value).toLocaleString("en-US");

function amount(value, currency) {
  if (value === null || value === undefined) return "";
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : 2;
  const number = size.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const sign = value < 0 && Number(number.replaceAll(",", "")) !== 0 ? "-" : "";
  return `${sign}${currency}${currency.length > 1 ? " " : ""}${number}`;
}

// Nobody is lost for sure: 99 % at most, as on the terminal.
function risk(value) {
  return value === null ? "" : `${Math.min(Math.round(100 * value), 99)} %`;
}

// Half days go to the even number, as on the terminal and on paper.
function overdue(days) {
  if (days === null) return "";
  const whole = days % 1 === 0.5 ? 2 * Math.round(days / 2) : Math.round(days);
  return days < 1 ? "–" : `${whole} d`;
}

function figure(list, key, row) {
  const value = list.value(key, row);
  if (value === null || value === "") return "";
  switch (list.column.get(key).type) {
    case "share": return risk(value);
    case "money": return amount(value, list.currency);
    case "number": return value.toLocaleString("en-US", { maximumFractionDigits: 1 });
    default: return value;
  }
}
