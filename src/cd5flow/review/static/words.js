// Words into the page: as text alone, never as markup.

export const $ = (id) => document.getElementById(id);

export function fill(element, children) {
  element.replaceChildren(...children);
}

export function item(...children) {
  const li = document.createElement("li");
  li.append(...children);
  return li;
}

export function term(tag, words) {
  const element = document.createElement(tag);
  element.textContent = words;
  return element;
}

// A number is never parted from its unit.
export function unbroken(words) {
  const span = document.createElement("span");
  span.className = "unbroken";
  span.textContent = words;
  return span;
}

export function say(words) {
  $("status").textContent = words;
}

export function warn(words) {
  $("alert").textContent = words;
}

const TONES = {
  MEETS: "good",
  MET: "good",
  PASS: "good",
  DOES_NOT_MEET: "bad",
  NOT_MET: "bad",
  FAIL: "bad",
  BORDERLINE: "look",
  REVIEW: "look",
  NOT_EVALUABLE: "look",
  MRD_BELOW_LLOQ: "look",
  INDETERMINATE: "look",
  INCONCLUSIVE: "look",
  WARN: "look",
};

export function tone(state) {
  const span = document.createElement("span");
  span.className = `state ${TONES[state] || "plain"}`;
  span.textContent = state;
  return span;
}
