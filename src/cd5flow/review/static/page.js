// The page: what is chosen, what is asked of the server, and where the focus goes.

import { Refused, get, post, tubePath } from "/api.js";
import { Bench } from "/bench.js";
import { listen } from "/keys.js";
import { $, fill, item, say, term, tone, unbroken, warn } from "/words.js";

const SETTLE = 350; // milliseconds without a key after which a moved handle counts as let go

const page = { queue: [], tube: null, person: null, decision: null, work: Promise.resolve(), shows: Promise.resolve() };

const bench = new Bench({
  move: (gate, drawing) => act("move", { gate, drawing, reason: reason() }, `${gate} moved`),
  count: (gate, drawing) => post(`${tubePath(page.tube.key)}/count`, { gate, drawing }),
  seen: (gate) => see("shown", gate),
  settle: SETTLE,
});

const reason = () => $("reason").value;

// One act after the other: each is told what the one before it left.
function queued(work) {
  page.work = page.work.then(work, work);
  return page.work;
}

async function act(what, said, done) {
  const key = page.tube.key;
  await queued(async () => {
    try {
      say("working …");
      await loggedIn();
      const tube = await post(`${tubePath(key)}/${what}`, { ...said, at: page.tube.at });
      take(tube);
      say(done);
    } catch (error) {
      await refused(error);
    }
  });
}

// An act by somebody who has filled in user and password, and not yet pressed Log in.
async function loggedIn() {
  const isOther = page.person?.user !== $("user").value;
  if (isOther && $("user").value && $("password").value) {
    await login();
  }
}

async function refused(error) {
  say("");
  if (!(error instanceof Refused)) {
    warn(`cannot reach the server: what you see was recorded before (${error.message})`);
    return;
  }
  warn(error.message);
  if (error.status === 401) {
    $("user").focus();
  }
  if (page.tube && error.status !== 404) {
    try {
      take(await get(tubePath(page.tube.key)));
      warn(error.message); // what stands now is shown beside it
    } catch {
      // The refusal is told already.
    }
  }
}

async function see(what, gate) {
  const key = page.tube.key;
  await queued(async () => {
    if (page.tube?.key !== key) {
      return;
    }
    try {
      page.tube = await post(`${tubePath(key)}/seen/${what}`, { gate });
      showGates();
      showSignature();
    } catch (error) {
      await refused(error);
    }
  });
}

async function readQueue() {
  const queue = await get("/api/queue");
  page.queue = queue.samples;
  page.person = queue.person;
  $("folder").textContent = queue.folder;
  fill($("figures"), queue.figures.flatMap((one) => [term("dt", one.name), term("dd", one.words)]));
  fill($("unreadable"), queue.unreadable.map((one) => item(`${one.folder}: ${one.why}`)));
  showQueue();
  showPerson();
}

function showQueue() {
  const done = page.queue.filter((one) => one.step === "done").length;
  $("progress").textContent = `${done} of ${page.queue.length} done`;
  fill(
    $("queue"),
    page.queue.map((one) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.key = one.key;
      button.setAttribute("aria-current", String(page.tube?.key === one.key));
      const head = document.createElement("span");
      head.className = "name";
      head.append(one.sample);
      const numbers = document.createElement("small");
      numbers.append(unbroken(`CD5 ${one.cd5}`), " ", unbroken(`burden ${one.burden}`));
      const left = document.createElement("small");
      const why = document.createElement("span");
      why.className = one.risk ? "risk" : "";
      why.textContent = one.risk || one.criterion;
      const step = document.createElement("span");
      step.className = one.step;
      step.textContent = one.left;
      left.append(why, " · ", step);
      button.append(head, numbers, left);
      button.addEventListener("click", () => open(one.key));
      return item(button);
    }),
  );
}

function showPerson() {
  const { person } = page;
  $("who").textContent = person ? `${person.name} (${person.user}, ${person.role})` : "Nobody has logged in";
  $("leave").hidden = !person;
  $("login").hidden = Boolean(person);
}

async function open(key) {
  const sample = page.queue.find((one) => one.key === key);
  say(`opening ${sample.sample} …`);
  warn("");
  $("sample").textContent = sample.sample;
  $("bench").hidden = true;
  page.tube = null;
  try {
    const tube = await get(tubePath(key));
    page.tube = tube;
    $("reason").value = "";
    page.decision = null;
    bench.clear();
    take(tube);
    showQueue();
    const first = tube.gates.find((gate) => gate.deciding && !gate.seen) || tube.gates[0];
    $("bench").hidden = false;
    if (first) {
      await choose(first.name);
    }
    $("sample").focus({ preventScroll: true });
    say(`${tube.sample}: ${tube.answer.now.criterion.state}`);
  } catch (error) {
    await refused(error);
  }
}

function take(tube) {
  page.tube = tube;
  page.person = tube.person;
  warn("");
  $("sample").textContent = tube.sample;
  fill($("facts"), [tube.facts.join(" · ")]);
  $("unlike").hidden = tube.can_draw;
  $("unlike").textContent = tube.can_draw
    ? ""
    : `Gates cannot be moved: analysed again, ${tube.unlike.join("; ")}. Analyse the tube anew.`;
  $("unapproved").hidden = tube.unapproved.length === 0;
  $("unapproved").textContent = `Not approved by the laboratory: ${tube.unapproved.join(", ")}`;
  $("blind").hidden = !tube.blind;
  $("compare").disabled = tube.unseen.length > 0 || !tube.person;
  $("own").hidden = !tube.own_reading;
  $("own").textContent = `Your own reading, before you saw this one: ${tube.own_reading}`;
  showPerson();
  showAnswer();
  showGates();
  showSignature();
  bench.stands(tube);
}

function card(parts, now, automatic, isMoved) {
  const head = document.createElement("p");
  head.className = "verdict";
  if (now.number) {
    const number = document.createElement("span");
    number.className = "number";
    number.textContent = now.number;
    head.append(number);
  }
  head.append(tone(now.state));
  if (isMoved) {
    const beside = document.createElement("span");
    beside.className = "beside";
    const number = automatic.number ? `${automatic.number} ` : "";
    beside.textContent = `automatic: ${number}${automatic.state}`;
    head.append(beside);
  }
  const lines = document.createElement("p");
  lines.className = "quiet";
  lines.textContent = (now.lines || []).join(" · ").replaceAll(" %", "\u00a0%");
  fill(parts, [head, lines]);
}

function showAnswer() {
  const { now, automatic, is_moved: isMoved } = page.tube.answer;
  for (const name of ["cd5", "burden", "criterion"]) {
    card($(name), now[name], automatic[name], isMoved);
  }
  const why = (name, heading) => now[name].reasons.map((words) => item(term("b", heading), ` ${words}`));
  fill($("reasons"), [...why("cd5", "CD5"), ...why("burden", "Burden"), ...why("criterion", "Criterion")]);
  const checks = now.quality.checks.map((check) => item(`${check.state} ${check.code}: ${check.message}`));
  const head = document.createElement("p");
  head.append("Quality ", tone(now.quality.state));
  const list = document.createElement("ul");
  fill(list, checks);
  fill($("quality"), [head, list]);
  $("changes-box").hidden = page.tube.changes.length === 0;
  fill($("changes"), page.tube.changes.map((words) => item(words)));
}

function gateItem(gate) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = gate.name;
  button.dataset.gate = gate.name;
  button.setAttribute("aria-current", String(bench.gate === gate.name));
  button.addEventListener("click", () => choose(gate.name));
  const words = document.createElement("small");
  const mark = gate.accepted ? "accepted" : gate.seen ? "seen" : gate.deciding ? "to be seen" : "";
  const state = document.createElement("span");
  state.className = gate.accepted || gate.seen ? "mark" : "todo";
  state.textContent = mark;
  const count = gate.events === null ? "none" : gate.events.toLocaleString("en");
  const moved = gate.is_drawn ? " · by hand" : "";
  words.append(`${count}${gate.percent ? ` · ${gate.percent}` : ""}${moved}${mark ? " · " : ""}`, state);
  return item(button, words);
}

function showGates() {
  const focused = document.activeElement?.dataset?.gate;
  fill($("gates"), page.tube.gates.filter((gate) => gate.deciding).map(gateItem));
  fill($("others"), page.tube.gates.filter((gate) => !gate.deciding).map(gateItem));
  $("more").hidden = !page.tube.gates.some((gate) => !gate.deciding);
  if (focused) {
    document.querySelector(`[data-gate="${CSS.escape(focused)}"]`)?.focus();
  }
  $("undo").disabled = !page.tube.can_undo;
  $("redo").disabled = !page.tube.can_redo;
}

// Of gates that are chosen in quick succession each is shown, so that each is seen.
function choose(name) {
  const show = async () => {
    await bench.pictured;
    try {
      await bench.show(page.tube, name);
      showGates();
      bringIntoView($("views"));
    } catch (error) {
      await refused(error);
    }
  };
  page.shows = page.shows.then(show, show);
  return page.shows;
}

// In a narrow window the plot lies below the list that it was chosen from.
function bringIntoView(element) {
  const { top, bottom, height } = element.getBoundingClientRect();
  const visible = Math.min(bottom, window.innerHeight) - Math.max(top, 0);
  if (visible < height / 2 && visible < window.innerHeight / 2) {
    $("gate-title").scrollIntoView({ block: "start" });
  }
}

function showSignature() {
  const { review, unseen, digest, is_changed: isChanged } = page.tube;
  const state = isChanged ? "gates were moved since this version" : review.left;
  $("review").textContent = `State: ${review.state}; ${state}`;
  fill(
    $("signatures"),
    review.signatures.map((one) =>
      item(`${one.name} (${one.user}): ${one.meaning}, ${one.at}${one.comment ? `, ${one.comment}` : ""}`),
    ),
  );
  $("digest").textContent = digest.slice(0, 8);
  $("sign").disabled = unseen.length > 0 || !review.can_sign;
  const gates = unseen.length > 3 ? `${unseen.length} gates` : unseen.join(", ");
  const still = unseen.length ? `Still to be seen: ${gates}` : "";
  $("still").textContent = review.can_sign ? still : "Signing is not part of this installation.";
  $("amend").disabled = !isChanged;
}

async function login() {
  const answered = await post("/api/person", { user: $("user").value, password: $("password").value });
  page.person = answered.person;
  $("password").value = "";
  showPerson();
  await readQueue(); // what is told may differ by who asks
  if (page.tube) {
    take(await get(tubePath(page.tube.key)));
  }
}

// What a person may say with a signature now, as far as the page knows; the server decides.
function preset(decision) {
  page.decision = decision;
  const meaning = decision === "rejected" ? decision : confirmed();
  $("meaning").value = meaning;
  $(($("user").value ? "password" : "user")).focus();
  say(`meaning set to ${meaning}; sign to put your name to it`);
}

// Whoever is first has analysed; another person after that approves, also where the first still sits here.
function confirmed() {
  const who = $("user").value || page.person?.user;
  const { movers, signatures } = page.tube.review;
  const looked = signatures.filter((one) => ["analysed", "reviewed"].includes(one.meaning));
  const others = [...movers, ...looked.map((one) => one.user)].filter((one) => one !== who);
  return others.length > 0 || signatures.some((one) => one.user === who) ? "approved" : "analysed";
}

async function writeVersion() {
  await act("version", { reason: reason() }, "a new version is written, with the gates as they stand");
}

async function sign() {
  const key = page.tube.key;
  await queued(async () => {
    try {
      say("signing …");
      const tube = await post(`${tubePath(key)}/sign`, {
        user: $("user").value,
        password: $("password").value,
        meaning: $("meaning").value,
        criterion: $("decided").value,
        reason: reason(),
        digest: page.tube.digest,
        at: page.tube.at,
      });
      $("password").value = "";
      $("user").value = ""; // a second signature is another person's
      page.decision = null;
      take(tube);
      await readQueue();
      say(`signed: ${tube.review.state}`);
      $("next").focus();
    } catch (error) {
      $("password").value = "";
      await refused(error);
    }
  });
}

async function compare() {
  await act("compare", {}, "your reading is recorded; here is the first one");
  await readQueue();
}

async function acceptGate() {
  const gates = page.tube.gates.filter((gate) => gate.deciding);
  const name = bench.gate;
  await queued(async () => {
    try {
      await loggedIn();
      take(await post(`${tubePath(page.tube.key)}/seen/accepted`, { gate: name }));
      const at = gates.findIndex((gate) => gate.name === name);
      const next = gates[at + 1];
      if (next) {
        await choose(next.name);
        $("gate-title").focus();
        say(`${name} accepted; ${next.name}, gate ${at + 2} of ${gates.length}`);
      } else {
        say(`${name} accepted; it was the last gate that decides`);
        $("confirm").focus();
      }
    } catch (error) {
      await refused(error);
    }
  });
}

function stepGate(by) {
  const names = page.tube.gates.map((gate) => gate.name);
  const at = names.indexOf(bench.gate);
  const next = names[Math.min(names.length - 1, Math.max(0, at + by))];
  if (next && next !== bench.gate) {
    choose(next).then(() => $("gate-title").focus());
  }
}

function nextSample() {
  const at = page.queue.findIndex((one) => one.key === page.tube?.key);
  const rest = [...page.queue.slice(at + 1), ...page.queue.slice(0, Math.max(0, at))];
  const next = rest.find((one) => one.step !== "done");
  if (next) {
    open(next.key);
  } else {
    say("no sample is left to do");
  }
}

const undo = () => act("step/undo", {}, "undone");
const redo = () => act("step/redo", {}, "done again");

const actions = {
  accept: acceptGate,
  undo,
  redo,
  hide: () => bench.hide(),
  over: () => bench.blasts(),
  add: () => bench.addCorner(),
  remove: () => bench.removeCorner(),
  confirm: async () => {
    if (page.tube.is_changed) {
      await writeVersion();
    }
    preset("confirmed");
  },
  amend: async () => {
    await writeVersion();
    preset("confirmed");
  },
  reject: () => preset("rejected"),
  compare,
  sign,
  next: nextSample,
  login: () =>
    queued(async () => {
      try {
        await login();
        say("logged in");
        $("sample").focus({ preventScroll: true });
      } catch (error) {
        await refused(error);
      }
    }),
  leave: async () => {
    page.person = (await post("/api/person/leave", {})).person;
    showPerson();
  },
};

for (const [name, action] of Object.entries(actions)) {
  $(name).addEventListener("click", () => (page.tube || ["next", "login", "leave"].includes(name)) && action());
}
$("user").addEventListener("input", () => {
  if (page.tube && page.decision === "confirmed") {
    $("meaning").value = confirmed();
  }
});
// Enter logs in; once it was decided what is said, it goes on to Sign, which is pressed on purpose.
$("password").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !$("password").value) {
    return;
  }
  event.preventDefault();
  if (page.decision && !$("sign").disabled) {
    $("sign").focus();
  } else {
    actions.login();
  }
});
$("signature").addEventListener("submit", (event) => event.preventDefault());
listen({
  a: acceptGate,
  n: () => stepGate(1),
  p: () => stepGate(-1),
  u: undo,
  r: redo,
  h: () => bench.hide(),
  b: () => bench.blasts(),
}, () => Boolean(page.tube));

// Another window may have changed what is shown here.
document.addEventListener("visibilitychange", async () => {
  if (document.visibilityState === "visible" && page.tube) {
    try {
      const tube = await get(tubePath(page.tube.key));
      if (tube.at !== page.tube.at || tube.digest !== page.tube.digest) {
        take(tube);
        say("another window changed this tube; here it is now");
      }
    } catch (error) {
      await refused(error);
    }
  }
});

readQueue().then(
  () => say(`${page.queue.length} samples, the riskiest first`),
  (error) => refused(error),
);
