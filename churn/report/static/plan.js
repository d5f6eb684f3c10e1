// The customers of a plan: search, choose an arm, show more. Content goes in as text only.

const TOGETHER = 100; // rows shown at a time

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

async function showPeople() {
  const list = await unpack(document.getElementById("people-data").textContent);
  const body = document.getElementById("people-body");
  const search = document.getElementById("search");
  const choice = document.getElementById("arm");
  const more = document.getElementById("more");
  const hay = list.rows.map((row) => row.join("\n").normalize("NFC").toLowerCase());
  let fits = [];
  let shown = 0;
  for (const [name, label] of [["*", "everybody"], ...list.arms]) {
    const option = document.createElement("option");
    option.value = name;
    option.textContent = label;
    choice.append(option);
  }

  function add() {
    const rows = fits.slice(shown, shown + TOGETHER).map((place) => {
      const tr = document.createElement("tr");
      list.rows[place].forEach((cell, i) => {
        const td = document.createElement("td");
        if (list.numbers.includes(i)) td.className = "number";
        const text = document.createElement("bdi");
        text.textContent = cell;
        td.append(text);
        tr.append(td);
      });
      return tr;
    });
    body.append(...rows);
    shown += rows.length;
    more.hidden = shown >= fits.length;
  }

  function refresh() {
    const words = search.value.normalize("NFC").toLowerCase().split(/\s+/).filter(Boolean);
    fits = [];
    hay.forEach((text, place) => {
      if ((choice.value === "*" || list.arm[place] === choice.value) && words.every((w) => text.includes(w))) fits.push(place);
    });
    body.replaceChildren();
    shown = 0;
    add();
    const found = fits.length.toLocaleString("en-US");
    document.getElementById("shown").textContent = `${found} of ${list.rows.length.toLocaleString("en-US")} customers`;
  }

  search.addEventListener("input", refresh);
  choice.addEventListener("change", refresh);
  more.addEventListener("click", add);
  document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("live").hidden = false;
  refresh();
}

showTheme();
showPeople().then(
  () => { document.documentElement.dataset.ready = "yes"; },
  () => { document.documentElement.dataset.ready = "no"; }, // the first rows stand there all the same
);
