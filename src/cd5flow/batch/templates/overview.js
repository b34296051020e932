"use strict";
(() => {
  const table = document.getElementById("table");
  if (!table) return;
  // A body a sample: its row and that of its reasons are moved and hidden as one.
  const samples = Array.from(table.tBodies);
  const find = document.getElementById("find");
  const apartOnly = document.getElementById("apart-only");
  const shown = document.getElementById("shown");
  const boxes = Array.from(document.querySelectorAll("#states input"));
  const heads = Array.from(table.tHead.rows[0].cells);
  const words = new Map();
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  let order = "";

  const text = (sample) => {
    if (!words.has(sample)) words.set(sample, sample.textContent.toLowerCase());
    return words.get(sample);
  };

  const report = () => {
    const visible = samples.reduce((sum, sample) => sum + (sample.hidden ? 0 : 1), 0);
    shown.textContent = `${visible} of ${samples.length} samples shown${order}`;
  };

  const filter = () => {
    const wanted = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const left = new Map();
    for (const box of boxes) {
      if (!left.has(box.dataset.question)) left.set(box.dataset.question, new Set());
      if (box.checked) left.get(box.dataset.question).add(box.value);
    }
    for (const sample of samples) {
      sample.hidden =
        (apartOnly.checked && !("apart" in sample.dataset)) ||
        Array.from(left).some(([question, states]) => !states.has(sample.dataset[question])) ||
        wanted.some((word) => !text(sample).includes(word));
    }
    report();
  };

  const key = (sample, place) => {
    const cell = sample.rows[0].cells[place];
    return "key" in cell.dataset ? cell.dataset.key : cell.textContent.trim();
  };

  // What is unknown stays last, whichever way the others are sorted.
  const sort = (place) => {
    const head = heads[place];
    const down = head.getAttribute("aria-sort") === "ascending";
    const numbers = head.dataset.sort === "number";
    const keyed = samples.map((sample, at) => {
      const value = key(sample, place);
      return { sample, at, unknown: value === "", value: numbers ? Number(value) : value };
    });
    keyed.sort((a, b) => {
      if (a.unknown || b.unknown) return a.unknown - b.unknown || a.at - b.at;
      const way = numbers ? a.value - b.value : collator.compare(a.value, b.value);
      return (down ? -way : way) || a.at - b.at;
    });
    for (const one of heads) if (one.dataset.sort) one.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    table.append(...keyed.map((one) => one.sample));
    order = `, sorted by ${head.textContent.trim()}, ${down ? "descending" : "ascending"}`;
    report();
  };

  heads.forEach((head, place) => {
    if (!head.dataset.sort) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent.trim();
    button.addEventListener("click", () => sort(place));
    head.replaceChildren(button);
    head.setAttribute("aria-sort", "none");
  });

  let waiting = 0;
  find.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, samples.length > 500 ? 150 : 0);
  });
  for (const box of [...boxes, apartOnly]) box.addEventListener("change", filter);
  document.getElementById("reset").addEventListener("click", () => {
    find.value = "";
    apartOnly.checked = false;
    for (const box of boxes) box.checked = true;
    filter();
  });

  document.documentElement.classList.add("live");
  document.getElementById("controls").hidden = false;
  filter();
})();
