// Brings the page to life: the list, the theme, paper.

const PRINTED = 50;

async function showList() {
  const live = document.getElementById("live");
  if (!live) return;
  const list = new List(await unpack(document.getElementById("list-data").textContent));
  const packets = JSON.parse(document.getElementById("timeline-data").textContent);
  const timelines = new Timelines(packets.packets, packets.together);
  document.documentElement.classList.add("alive");
  live.hidden = false;
  const sort = { key: "rank", descending: false };
  let fits = [];
  let rows = [];
  const table = new Table(list, timelines, (key) => sortBy(key, key === sort.key ? !sort.descending : startsDown(list, key)));
  const filters = new Filters(list, refresh);
  const chooser = sortChooser(list, sort, sortBy);
  document.getElementById("filters").append(chooser.node);

  function sortBy(key, descending) {
    Object.assign(sort, { key, descending });
    order();
  }

  function order() {
    rows = sorted(list, fits, sort.key, sort.descending);
    table.show(rows);
    table.showSort(sort.key, sort.descending);
    chooser.show();
  }

  function refresh() {
    fits = fitting(list, filters.filter);
    order();
    const stake = list.has("value_at_stake")
      ? `, ${amount(fits.reduce((sum, row) => sum + (list.data.value_at_stake[row] ?? 0), 0), list.currency)} at stake` : "";
    document.getElementById("shown").textContent = `${count(fits.length)} of ${count(list.n)} customers${stake}`;
  }

  document.getElementById("download").addEventListener("click", () => download(list, rows));
  const paper = () => fillPaper(list, rows, PRINTED);
  addEventListener("beforeprint", paper);
  matchMedia("print").addEventListener("change", (event) => { if (event.matches) paper(); });
  if (!list.has("rank")) sort.key = "customer";
  refresh();
}

// What matters most first: high figures, early dates, names from A.
function startsDown(list, key) {
  return ["share", "money", "number"].includes(list.column.get(key).type) && key !== "rank";
}

// On narrow screens, where the head of the table has no room: what to sort by.
function sortChooser(list, sort, choose) {
  const usable = list.columns.filter((c) => !/^(reason|keeps)_[23]$|^keeps_1$/.test(c.key));
  const select = element("select", { id: "sort" }, ...usable.map((c) => element("option", { value: c.key }, c.key === "reason_1" ? "First reason" : c.label)));
  const turn = element("button", { type: "button", class: "quiet", id: "turn" });
  select.addEventListener("change", () => choose(select.value, startsDown(list, select.value)));
  turn.addEventListener("click", () => choose(sort.key, !sort.descending));
  const node = element("div", { class: "sorter" }, element("label", { for: "sort" }, "Sort by"), select, turn);
  return {
    node,
    show() {
      select.value = sort.key;
      turn.textContent = sort.descending ? "↓" : "↑";
      turn.setAttribute("aria-label", sort.descending ? "Highest first; turn round" : "Lowest first; turn round");
    },
  };
}

function start() {
  showTheme();
  showList().then(
    () => { document.documentElement.dataset.ready = "yes"; },
    () => {
      document.documentElement.classList.remove("alive");
      const note = document.getElementById("paper-note");
      note.textContent += " This browser is too old to search and sort them here.";
      document.documentElement.dataset.ready = "no";
    },
  );
}

start();
