// One picture of a gate: the server's density below, the gate as lines and handles above.

const SVG = "http://www.w3.org/2000/svg";
const SIZE = 480;
const LEFT = 76;
const BOTTOM = 50;
const TOP = 10;
const RIGHT = 12;
const WIDE = SIZE - LEFT - RIGHT;
const TALL = SIZE - TOP - BOTTOM;
const STEPS = 200; // of an axis that an arrow key takes one of
const MANY = 10;

export function make(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, String(value));
  }
  element.append(...children);
  return element;
}

// Places of the shown scale to units of the picture, and back.
class Frame {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }

  across(place) {
    return LEFT + (WIDE * (place - this.x.low)) / (this.x.high - this.x.low);
  }

  up(place) {
    return TOP + TALL - (TALL * (place - this.y.low)) / (this.y.high - this.y.low);
  }

  place(point) {
    const x = this.x.low + ((point.x - LEFT) / WIDE) * (this.x.high - this.x.low);
    const y = this.y
      ? this.y.low + ((TOP + TALL - point.y) / TALL) * (this.y.high - this.y.low)
      : 0;
    return [within(x, this.x), this.y ? within(y, this.y) : 0];
  }
}

const within = (place, axis) => Math.min(axis.high, Math.max(axis.low, place));
const clamped = (unit, low, high) => Math.min(high, Math.max(low, unit));

export class Plot {
  // view: as the server tells it; number: of the picture; handlers: moved, released, chosen.
  constructor(view, number, handlers) {
    this.view = view;
    this.number = number;
    this.handlers = handlers;
    this.frame = new Frame(view.x, view.y);
    this.edges = new Map(view.edges.map((edge) => [edge.key, { ...edge }]));
    this.corners = view.corners ? view.corners.map((corner) => [...corner]) : null;
    this.isMoved = false;
    this.isDragged = false;
    this.editable = handlers.editable;
    this.figure = document.createElement("figure");
    this.svg = make("svg", {
      viewBox: `0 0 ${SIZE} ${SIZE}`,
      role: "group",
      "aria-label": `Plot of ${view.gate}: ${view.x.label}${view.y ? ` and ${view.y.label}` : ""}`,
    });
    const clip = make("clipPath", { id: `frame-${number}` });
    clip.append(make("rect", { x: LEFT, y: TOP, width: WIDE, height: TALL }));
    this.svg.append(clip);
    this.shapes = make("g", { class: "shapes", "clip-path": `url(#frame-${number})` });
    this.handles = make("g", { class: "handles" });
    const caption = document.createElement("figcaption");
    caption.textContent = view.parent === "all" ? `${view.gate} among all events` : `${view.gate} among ${view.parent}`;
    this.figure.append(this.svg, caption);
    this.#drawGround();
    this.#drawShape();
  }

  picture(address, kind) {
    const image = make("image", {
      x: LEFT,
      y: TOP,
      width: WIDE,
      height: TALL,
      preserveAspectRatio: "none",
      class: kind,
      "aria-hidden": "true",
    });
    const loaded = new Promise((resolve) => {
      image.addEventListener("load", () => resolve(true));
      image.addEventListener("error", () => resolve(false));
    });
    image.setAttribute("href", address);
    this.svg.insertBefore(image, this.shapes);
    return loaded;
  }

  drop(kind) {
    for (const image of this.svg.querySelectorAll(`image.${kind}`)) {
      image.remove();
    }
  }

  drawing() {
    if (this.corners) {
      return { corners: this.corners };
    }
    const edges = {};
    for (const edge of this.edges.values()) {
      if (edge.isMoved) {
        edges[edge.key] = edge.at;
      }
    }
    return { edges };
  }

  handle(key) {
    return this.handles.querySelector(`[data-key="${CSS.escape(key)}"]`);
  }

  addCorner(key) {
    const at = this.#cornerOf(key) ?? 0;
    const next = this.corners[(at + 1) % this.corners.length];
    const middle = this.corners[at].map((place, axis) => (place + next[axis]) / 2);
    this.corners.splice(at + 1, 0, middle);
    this.#changed(`corner:${at + 1}`);
  }

  removeCorner(key) {
    const at = this.#cornerOf(key);
    if (at === null || this.corners.length <= 3) {
      return;
    }
    this.corners.splice(at, 1);
    this.#changed(`corner:${at % this.corners.length}`);
  }

  #cornerOf(key) {
    return key && key.startsWith("corner:") ? Number(key.slice(7)) : null;
  }

  #changed(key) {
    this.isMoved = true;
    this.#drawShape();
    this.handle(key)?.focus();
    this.handlers.moved(this);
    this.handlers.released(this);
  }

  #drawGround() {
    const { x, y } = this.view;
    const ground = make("g", { class: "ground", "aria-hidden": "true" });
    ground.append(make("rect", { x: LEFT, y: TOP, width: WIDE, height: TALL, class: "frame" }));
    for (const tick of x.ticks) {
      const at = this.frame.across(tick.at);
      ground.append(make("line", { x1: at, x2: at, y1: TOP + TALL, y2: TOP + TALL + 6 }));
      ground.append(text(tick.text, { x: at, y: TOP + TALL + 20, "text-anchor": "middle" }));
    }
    for (const place of x.between) {
      const at = this.frame.across(place);
      ground.append(make("line", { x1: at, x2: at, y1: TOP + TALL, y2: TOP + TALL + 3 }));
    }
    ground.append(
      text(x.label, { x: LEFT + WIDE / 2, y: SIZE - 8, "text-anchor": "middle", class: "label" }),
    );
    if (y) {
      for (const tick of y.ticks) {
        const at = this.frame.up(tick.at);
        ground.append(make("line", { x1: LEFT - 6, x2: LEFT, y1: at, y2: at }));
        ground.append(text(tick.text, { x: LEFT - 9, y: at + 4, "text-anchor": "end" }));
      }
      for (const place of y.between) {
        const at = this.frame.up(place);
        ground.append(make("line", { x1: LEFT - 3, x2: LEFT, y1: at, y2: at }));
      }
    }
    const label = y ? y.label : "events (root scale)";
    ground.append(
      text(label, {
        x: 0,
        y: 0,
        transform: `translate(18 ${TOP + TALL / 2}) rotate(-90)`,
        "text-anchor": "middle",
        class: "label",
      }),
    );
    this.svg.append(ground, this.shapes, this.handles);
  }

  #drawShape() {
    const focused = this.handles.contains(document.activeElement)
      ? document.activeElement.dataset.key
      : null;
    this.shapes.replaceChildren();
    this.handles.replaceChildren();
    for (const one of this.view.earlier) {
      one.shapes.forEach((shape) => this.#drawLines(shape, "earlier"));
    }
    if (this.view.automatic) {
      this.#drawLines(this.view.automatic, "automatic");
    }
    const stands = {
      edges: [...this.edges.values()],
      corners: this.corners,
      outline: this.isMoved ? null : this.view.outline,
    };
    this.#drawLines(stands, "stands");
    if (this.editable) {
      for (const edge of this.edges.values()) {
        this.handles.append(this.#edgeHandle(edge));
      }
      (this.corners || []).forEach((corner, i) => this.handles.append(this.#cornerHandle(corner, i)));
    }
    if (focused) {
      this.handle(focused)?.focus();
    }
  }

  #drawLines(shape, kind) {
    const closed = shape.outline || shape.corners;
    if (closed) {
      const points = closed.map(([x, y]) => `${this.frame.across(x)},${this.frame.up(y)}`).join(" ");
      this.shapes.append(make("polygon", { points, class: `${kind} halo` }));
      this.shapes.append(make("polygon", { points, class: kind }));
      return;
    }
    // A side without a bound reaches to the border; with both axes bounded the lines are a box.
    const ends = { x: [LEFT, LEFT + WIDE], y: [TOP, TOP + TALL] };
    for (const edge of shape.edges) {
      const isLow = edge.name.endsWith("low");
      if (edge.along === "x") {
        ends.x[isLow ? 0 : 1] = clamped(this.frame.across(edge.at), LEFT, LEFT + WIDE);
      } else {
        ends.y[isLow ? 1 : 0] = clamped(this.frame.up(edge.at), TOP, TOP + TALL);
      }
    }
    const isSeveral = shape.edges.filter((edge) => edge.along === "x").length > 2;
    for (const edge of shape.edges) {
      const line =
        edge.along === "x"
          ? this.#across(edge.at, isSeveral || !this.view.y ? [TOP, TOP + TALL] : ends.y)
          : this.#upright(edge.at, ends.x);
      this.shapes.append(make("line", { ...line, class: `${kind} halo` }));
      this.shapes.append(make("line", { ...line, class: kind }));
    }
  }

  #across(place, [from, to]) {
    const at = clamped(this.frame.across(place), LEFT, LEFT + WIDE);
    return { x1: at, x2: at, y1: from, y2: to };
  }

  #upright(place, [from, to]) {
    const at = clamped(this.frame.up(place), TOP, TOP + TALL);
    return { x1: from, x2: to, y1: at, y2: at };
  }

  #edgeHandle(edge) {
    const isAcross = edge.along === "x";
    const axis = isAcross ? this.view.x : this.view.y;
    const at = isAcross
      ? clamped(this.frame.across(edge.at), LEFT, LEFT + WIDE)
      : clamped(this.frame.up(edge.at), TOP, TOP + TALL);
    const middle = isAcross ? TOP + TALL / 2 : LEFT + WIDE / 2;
    const grip = make(
      "g",
      this.#slider(edge.key, edge.name, axis, edge.at, isAcross ? "horizontal" : "vertical"),
      make("line", {
        class: "reach",
        ...(isAcross
          ? { x1: at, x2: at, y1: TOP, y2: TOP + TALL }
          : { x1: LEFT, x2: LEFT + WIDE, y1: at, y2: at }),
      }),
      make("rect", {
        class: "grip",
        x: (isAcross ? at : middle) - (isAcross ? 6 : 14),
        y: (isAcross ? middle : at) - (isAcross ? 14 : 6),
        width: isAcross ? 12 : 28,
        height: isAcross ? 28 : 12,
        rx: 5,
      }),
    );
    this.#listen(grip, edge.key, (place) => {
      edge.at = place[isAcross ? 0 : 1];
      edge.isMoved = true;
    });
    grip.addEventListener("keydown", (event) => {
      const by = steps(event, isAcross ? ["ArrowRight", "ArrowUp"] : ["ArrowUp", "ArrowRight"], [
        "ArrowLeft",
        "ArrowDown",
      ]);
      if (by) {
        event.preventDefault();
        edge.at = within(edge.at + (by * (axis.high - axis.low)) / STEPS, axis);
        edge.isMoved = true;
        this.#nudged();
      }
    });
    return grip;
  }

  #cornerHandle(corner, i) {
    const key = `corner:${i}`;
    const x = clamped(this.frame.across(corner[0]), LEFT, LEFT + WIDE);
    const y = clamped(this.frame.up(corner[1]), TOP, TOP + TALL);
    const grip = make(
      "g",
      this.#slider(key, `corner ${i + 1}`, this.view.x, corner[0], "horizontal"),
      make("circle", { class: "reach", cx: x, cy: y, r: 14 }),
      make("circle", { class: "grip", cx: x, cy: y, r: 6 }),
    );
    const words = `${tell(this.view.x, corner[0])} across, ${tell(this.view.y, corner[1])} up`;
    grip.setAttribute("aria-valuetext", words);
    this.#listen(grip, key, (place) => {
      this.corners[i] = place;
    });
    grip.addEventListener("keydown", (event) => {
      const right = steps(event, ["ArrowRight"], ["ArrowLeft"]);
      const up = steps(event, ["ArrowUp"], ["ArrowDown"]);
      if (right || up) {
        event.preventDefault();
        const moved = this.corners[i];
        const { x: across, y: upright } = this.view;
        this.corners[i] = [
          within(moved[0] + (right * (across.high - across.low)) / STEPS, across),
          within(moved[1] + (up * (upright.high - upright.low)) / STEPS, upright),
        ];
        this.#nudged();
      } else if (event.key === "Insert") {
        event.preventDefault();
        this.addCorner(key);
      } else if (event.key === "Delete") {
        event.preventDefault();
        this.removeCorner(key);
      }
    });
    return grip;
  }

  #slider(key, edge, axis, at, orientation) {
    return {
      role: "slider",
      tabindex: 0,
      class: "handle",
      "data-key": key,
      "aria-label": `${edge} of ${this.view.gate}`,
      "aria-orientation": orientation,
      "aria-valuemin": axis.low.toPrecision(6),
      "aria-valuemax": axis.high.toPrecision(6),
      "aria-valuenow": at.toPrecision(6),
      "aria-valuetext": tell(axis, at),
    };
  }

  #nudged() {
    this.isMoved = true;
    this.#drawShape();
    this.handlers.moved(this);
    this.handlers.nudged(this);
  }

  #listen(grip, key, take) {
    grip.addEventListener("focus", () => this.handlers.chosen(this, key));
    grip.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) {
        return;
      }
      event.preventDefault();
      this.handle(key)?.focus({ preventScroll: true });
      this.#drag(event.pointerId, take);
    });
  }

  // The picture itself listens: a handle is drawn anew while it is dragged.
  #drag(pointer, take) {
    let last = null;
    let isAsked = false;
    let hasMoved = false;
    this.isDragged = true;
    const draw = () => {
      isAsked = false;
      if (last) {
        take(this.#placeOf(last));
        last = null;
        this.isMoved = true;
        this.#drawShape();
        this.handlers.moved(this);
      }
    };
    const move = (event) => {
      if (event.pointerId !== pointer) {
        return;
      }
      hasMoved = true;
      last = event;
      if (!isAsked) {
        isAsked = true;
        requestAnimationFrame(draw);
      }
    };
    const end = (event) => {
      if (event.pointerId !== pointer) {
        return;
      }
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
      draw();
      this.isDragged = false;
      if (hasMoved) {
        this.handlers.released(this);
      }
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  }

  #placeOf(event) {
    // Pixels of the screen are no units of the picture, which is scaled to its column.
    const point = new DOMPoint(event.clientX, event.clientY);
    return this.frame.place(point.matrixTransform(this.svg.getScreenCTM().inverse()));
  }
}

function steps(event, more, less) {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return 0;
  }
  const size = event.shiftKey ? MANY : 1;
  return more.includes(event.key) ? size : less.includes(event.key) ? -size : 0;
}

function text(words, attributes) {
  const element = make("text", attributes);
  element.textContent = words;
  return element;
}

// Where a place lies, in the words of the marks beside it: nothing is rounded that is recorded.
function tell(axis, place) {
  const share = (100 * (place - axis.low)) / (axis.high - axis.low);
  const marks = axis.ticks.filter((tick) => tick.at <= place);
  const below = marks.length ? `above ${marks[marks.length - 1].text}, ` : "";
  return `${below}${share.toFixed(1)} % of ${axis.label}`;
}
