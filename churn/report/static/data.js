// The list as the page holds it: by column, texts by code, inflated when it is needed.

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

class List {
  constructor(payload) {
    Object.assign(this, payload);
    this.column = new Map(this.columns.map((c) => [c.key, c]));
    this.haystacks = null;
  }

  has(key) {
    return this.column.has(key);
  }

  // The value of a column in a row: a number or null, or a text.
  value(key, row) {
    const values = this.data[key];
    return Array.isArray(values) ? values[row] : values.names[values.codes[row]];
  }

  reasonsOf(row) {
    const r = this.reasons;
    const out = [];
    for (let i = r.start[row]; i < r.start[row + 1]; i += 1) {
      out.push({ up: r.up[i] === 1, story: r.stories[r.story[i]], text: r.texts[r.text[i]], push: r.push[i] });
    }
    return out;
  }

  // Whether one of the stories that raise the risk of a row is among the chosen codes.
  hasStory(row, chosen) {
    const r = this.reasons;
    for (let i = r.start[row]; i < r.start[row + 1]; i += 1) {
      if (r.up[i] === 1 && chosen.has(r.story[i])) return true;
    }
    return false;
  }

  // What the search looks through: the id, the reasons, and personal data where they are shown.
  haystack(row) {
    this.haystacks ??= new Array(this.n);
    this.haystacks[row] ??= [
      this.value("customer", row),
      ...this.columns.filter((c) => c.personal || /^(reason|keeps)_\d$/.test(c.key)).map((c) => this.value(c.key, row)),
      ...this.reasonsOf(row).map((r) => `${r.text} ${r.story}`),
    ].join("\n").normalize("NFC").toLowerCase();
    return this.haystacks[row];
  }
}

// The events of the customers, in packets of which each is inflated once.
class Timelines {
  constructor(packets, together) {
    this.packets = packets;
    this.together = together;
    this.opened = new Map();
  }

  get known() {
    return this.packets.length > 0;
  }

  async of(row) {
    const number = Math.floor(row / this.together);
    if (!this.opened.has(number)) this.opened.set(number, unpack(this.packets[number]));
    const p = await this.opened.get(number);
    const events = [];
    for (let i = p.start[row - p.first]; i < p.start[row - p.first + 1]; i += 1) {
      events.push({
        time: p.time[i], kind: p.kinds[p.kind[i]], amount: p.amount[i], text: p.texts[p.text[i]], open: p.open[i] === 1,
      });
    }
    return { events, older: p.older[row - p.first] };
  }
}
