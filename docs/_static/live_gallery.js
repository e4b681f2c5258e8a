// Puts a drawing with sliders in the place of each picture gallery/NAME.svg whose activation the page defines.

(() => {
  const WIDTH = 560;
  const HEIGHT = 300;
  const LEFT = 44;
  const BOTTOM = 24;
  const POINTS = 500;
  const SVG = "http://www.w3.org/2000/svg";

  function element(parent, name, attributes = {}, text = "") {
    const made = document.createElementNS(name === "svg" || parent.namespaceURI === SVG ? SVG : "http://www.w3.org/1999/xhtml", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return parent.appendChild(made);
  }

  const short = (value) => (Number.isFinite(value) ? String(Number(value.toPrecision(5))) : String(value));

  // Whether f jumps between two points: the half with the larger step is kept, until only a jump leaves more than rounding.
  function jumps(f, low, high) {
    let [a, b] = [f(low), f(high)];
    for (let n = 0; n < 40; n++) {
      const middle = (low + high) / 2;
      const value = f(middle);
      if (Math.abs(value - a) >= Math.abs(b - value)) [high, b] = [middle, value];
      else [low, a] = [middle, value];
    }
    return Math.abs(b - a) > 1e-6;
  }

  // The curve as runs of points, broken at jumps and where there is no finite value.
  function runs(f, reach) {
    const found = [[]];
    let before = null;
    for (let n = 0; n <= POINTS; n++) {
      const x = reach * ((2 * n) / POINTS - 1);
      const point = [x, f(x)];
      if (!Number.isFinite(point[1])) found.push([]);
      else {
        if (before && Number.isFinite(before[1]) && Math.abs(point[1] - before[1]) > 0.02 && jumps(f, before[0], x)) found.push([]);
        found[found.length - 1].push(point);
      }
      before = point;
    }
    return found.filter((run) => run.length > 1);
  }

  // Round numbers, some five of them.
  function ticks(low, high) {
    const raw = (high - low) / 5;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw);
    const found = [];
    for (let tick = Math.ceil(low / step); tick * step <= high; tick++) found.push(tick * step);
    return found;
  }

  function slider(form, { name, value, low, high, factors }, note, changed) {
    const to = factors ? Math.log : (number) => number;
    const from = factors ? Math.exp : (number) => number;
    const label = element(form, "label", {}, name + note);
    const input = element(label, "input", { type: "range", min: to(low), max: to(high), step: "any" });
    const output = element(label, "output");
    const control = {
      set(number) {
        input.value = to(number);
        output.textContent = short(number);
      },
    };
    control.set(value);
    input.addEventListener("input", () => {
      const number = Number(from(Number(input.value)).toPrecision(3));
      output.textContent = short(number);
      changed(number);
    });
    return control;
  }

  function live(picture, name) {
    const activation = activations[name];
    const figure = document.createElement("figure");
    figure.className = "live-curve";
    const drawing = element(figure, "svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": picture.alt });
    const readout = element(figure, "p", { class: "readout" });
    const form = element(figure, "form");
    const p = Object.fromEntries(activation.parameters.map((parameter) => [parameter.name, parameter.value]));
    const controls = {};
    let reach = 5;
    let place = null;
    let at = null;

    const value = (x) => activation.value(x, p);
    const slope = (x) => activation.slope(x, p);

    function draw() {
      drawing.replaceChildren();
      const curves = [
        [runs(value, reach), "value"],
        [runs(slope, reach), "slope"],
      ];
      const all = curves.flatMap(([found]) => found.flat().map((point) => point[1]));
      let low = Math.max(Math.min(0, ...all), -reach);
      let high = Math.min(Math.max(1, ...all), reach);
      [low, high] = [low - 0.06 * (high - low), high + 0.06 * (high - low)];
      const across = (x) => LEFT + ((x + reach) / (2 * reach)) * (WIDTH - LEFT);
      const up = (y) => (HEIGHT - BOTTOM) * (1 - (y - low) / (high - low));
      for (const x of ticks(-reach, reach)) {
        element(drawing, "line", { class: x === 0 ? "axis" : "grid", x1: across(x), x2: across(x), y1: 0, y2: HEIGHT - BOTTOM });
        element(drawing, "text", { x: across(x), y: HEIGHT - 8, "text-anchor": "middle" }, short(x));
      }
      for (const y of ticks(low, high)) {
        element(drawing, "line", { class: y === 0 ? "axis" : "grid", x1: LEFT, x2: WIDTH, y1: up(y), y2: up(y) });
        element(drawing, "text", { x: LEFT - 6, y: up(y) + 4, "text-anchor": "end" }, short(y));
      }
      const clip = `clip-${name}`;
      element(element(drawing, "clipPath", { id: clip }), "rect", { x: LEFT, y: 0, width: WIDTH - LEFT, height: HEIGHT - BOTTOM });
      for (const [found, kind] of curves.reverse()) {
        for (const run of found) {
          const points = run.map(([x, y]) => `${across(x).toFixed(2)},${up(Math.max(Math.min(y, high + 9), low - 9)).toFixed(2)}`);
          element(drawing, "polyline", { class: kind, points: points.join(" "), "clip-path": `url(#${clip})` });
        }
      }
      place = (pixel) => ((pixel - LEFT) / (WIDTH - LEFT)) * 2 * reach - reach;
      if (at !== null && Math.abs(at) <= reach) {
        element(drawing, "line", { class: "pointer", x1: across(at), x2: across(at), y1: 0, y2: HEIGHT - BOTTOM });
      }
      const told = at === null ? "" : `x = ${short(at)}   f(x) = ${short(value(at))}   f'(x) = ${short(slope(at))}`;
      readout.textContent = told || "f(x) is thick, f'(x) thin. Point at the curve to read it.";
    }

    drawing.addEventListener("pointermove", (event) => {
      const box = drawing.getBoundingClientRect();
      at = place(((event.clientX - box.left) / box.width) * WIDTH);
      draw();
    });
    drawing.addEventListener("pointerleave", () => {
      at = null;
      draw();
    });

    // Of two parameters in order the one that is moved takes the other along.
    function moved(parameter, number) {
      p[parameter] = number;
      const [first, second] = activation.ordered || [];
      const other = parameter === first ? second : parameter === second ? first : null;
      if (other && p[first] > p[second]) {
        p[other] = number;
        controls[other].set(number);
      }
      draw();
    }

    for (const parameter of activation.parameters) {
      const note = activation.drawn ? ", if drawn so" : "";
      controls[parameter.name] = slider(form, parameter, note, (number) => moved(parameter.name, number));
    }
    slider(form, { name: "x up to", value: reach, low: 0.5, high: 50, factors: true }, "", (number) => {
      reach = number;
      draw();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    draw();
    (picture.closest("p") || picture).replaceWith(figure);
  }

  for (const picture of document.querySelectorAll("img")) {
    const name = /([a-z0-9_]+)\.svg$/.exec(picture.getAttribute("src") || "");
    if (name && name[1] in activations) live(picture, name[1]);
  }
})();
