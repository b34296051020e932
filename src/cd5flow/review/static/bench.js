// The gate that lies on the bench: its plots, the counts while it is dragged, and what lies over it.

import { gatePath, get } from "/api.js";
import { Plot } from "/plot.js";
import { $, fill } from "/words.js";

const SOON = 800; // milliseconds after which nobody waits for a plot that lies beyond the window

export class Bench {
  constructor(asks) {
    this.asks = asks;
    this.gate = null;
    this.at = null;
    this.plots = [];
    this.chosen = null; // the plot and handle that were used last
    this.isOver = false;
    this.counting = null;
    this.settling = null;
    this.pictured = Promise.resolve(); // once the gate is on screen, or cannot be seen now
    this.turn = 0; // of several drawings that were asked for, the last is shown
  }

  clear() {
    clearTimeout(this.settling);
    this.gate = null;
    this.at = null;
    this.plots = [];
    this.chosen = null;
    fill($("views"), []);
  }

  async show(tube, name) {
    this.#letGo();
    this.gate = name;
    this.chosen = null;
    await this.#draw(tube);
  }

  // Takes what the server says of a tube: what was found anew is drawn anew.
  async stands(tube) {
    const gate = tube.gates.find((one) => one.name === this.gate);
    if (this.gate && !gate) {
      await this.show(tube, tube.gates[tube.gates.length - 1].name);
    } else if (gate && this.at !== tube.at && !this.#isBusy()) {
      await this.#draw(tube);
    }
  }

  hide() {
    const isHidden = $("views").classList.toggle("is-hidden");
    $("hide").setAttribute("aria-pressed", String(isHidden));
  }

  blasts() {
    this.isOver = !this.isOver;
    $("over").setAttribute("aria-pressed", String(this.isOver));
    $("legend").classList.toggle("has-over", this.isOver);
    this.plots.forEach((plot) => this.#lay(plot));
  }

  addCorner() {
    const plot = this.#cornered();
    plot?.addCorner(this.chosen?.plot === plot ? this.chosen.key : "corner:0");
  }

  removeCorner() {
    const plot = this.#cornered();
    if (plot && this.chosen?.plot === plot) {
      plot.removeCorner(this.chosen.key);
    }
  }

  #cornered() {
    return this.chosen?.plot.corners ? this.chosen.plot : this.plots.find((plot) => plot.corners);
  }

  #isBusy() {
    return this.settling !== null || this.plots.some((plot) => plot.isDragged);
  }

  async #draw(tube) {
    const name = this.gate;
    const gate = tube.gates.find((one) => one.name === name);
    const held = document.activeElement?.closest?.("[data-key]") ? this.chosen : null;
    this.turn += 1;
    const turn = this.turn;
    const told = await get(gatePath(tube.key, name));
    if (turn !== this.turn || name !== this.gate || this.#isBusy()) {
      return;
    }
    this.at = told.at;
    this.key = tube.key;
    $("gate-title").textContent = name === gate.title ? name : `${name}: ${gate.title}`;
    $("gate-words").textContent = [gate.why, gate.is_joined ? "joined of the gates below" : ""]
      .filter(Boolean)
      .join(" · ");
    this.#tellCount(gate);
    this.plots = told.views.map(
      (view, number) =>
        new Plot(view, number, {
          editable: tube.can_draw,
          moved: (plot) => this.#count(plot),
          released: (plot) => this.#release(plot),
          nudged: (plot) => this.#nudge(plot),
          chosen: (plot, key) => {
            this.chosen = { plot, key, number: plot.number };
          },
        }),
    );
    $("add").hidden = $("remove").hidden = !this.plots.some((plot) => plot.corners && tube.can_draw);
    $("views").classList.toggle("one", this.plots.length === 1);
    fill($("views"), this.plots.map((plot) => plot.figure));
    const earlier = new Set(told.views.flatMap((view) => view.earlier.map((one) => one.label)));
    const key = document.createElement("span");
    key.className = "key dotted";
    fill($("earlier"), earlier.size ? [key, ` ${[...earlier].join(", ")}`] : []);
    if (this.plots.length === 0) {
      $("views").textContent = "This population has no picture: it is told by others.";
    }
    if (held) {
      this.plots[held.number]?.handle(held.key)?.focus();
    }
    this.pictured = this.#picture(name, turn);
  }

  async #picture(name, turn) {
    const loads = this.plots.map((plot) => plot.picture(this.#address(plot), "density"));
    if (this.isOver) {
      this.plots.forEach((plot) => this.#lay(plot));
    }
    const figures = this.plots.map((plot) => plot.figure);
    const isLoaded = (await Promise.all(loads)).every(Boolean);
    if (!isLoaded || turn !== this.turn) {
      return;
    }
    const seen = onScreen(figures).then(() => turn === this.turn && this.asks.seen(name));
    await Promise.race([seen, new Promise((resolve) => setTimeout(resolve, SOON))]);
  }

  #address(plot, population = "") {
    const of = population ? `&of=${encodeURIComponent(population)}` : "";
    return `${gatePath(this.key, this.gate)}/${plot.number}.png?at=${this.at}${of}`;
  }

  #lay(plot) {
    plot.drop("over");
    if (this.isOver) {
      plot.picture(this.#address(plot, "blasts"), "over");
    }
  }

  #tellCount(gate) {
    const events = gate.events === null ? "not gated" : `${gate.events.toLocaleString("en")} events`;
    const share = gate.percent ? `, ${gate.percent} of ${gate.parent}` : "";
    const moved =
      gate.gained || gate.lost
        ? `; automatic ${gate.automatic.toLocaleString("en")}, ${gate.gained.toLocaleString("en")} gained, ${gate.lost.toLocaleString("en")} lost`
        : "";
    $("count").textContent = `${events}${share}${moved}`;
  }

  // While a handle is dragged: one question at a time, the newest place next.
  async #count(plot) {
    this.wanted = plot;
    if (this.counting) {
      return;
    }
    while (this.wanted) {
      const next = this.wanted;
      this.wanted = null;
      this.counting = this.asks.count(next.view.gate, next.drawing());
      try {
        const told = await this.counting;
        $("count").textContent = `${told.events.toLocaleString("en")} events, ${told.percent || "no share"} of ${next.view.parent}`;
      } catch (error) {
        $("count").textContent = error.message;
      }
      this.counting = null;
    }
  }

  #nudge(plot) {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.#release(plot), this.asks.settle);
  }

  #release(plot) {
    clearTimeout(this.settling);
    this.settling = null;
    this.asks.move(plot.view.gate, plot.drawing());
  }

  #letGo() {
    if (this.settling !== null) {
      const moved = this.plots.find((plot) => plot.isMoved);
      clearTimeout(this.settling);
      this.settling = null;
      if (moved) {
        this.#release(moved);
      }
    }
  }
}

// Resolves once a person can have seen one of the figures.
function onScreen(figures) {
  if (figures.length === 0) {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (document.visibilityState === "visible" && entries.some((entry) => entry.isIntersecting)) {
          observer.disconnect();
          resolve();
        }
      },
      { threshold: 0.3 },
    );
    figures.forEach((figure) => observer.observe(figure));
  });
}
