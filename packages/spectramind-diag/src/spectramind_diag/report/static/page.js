"use strict";
// Draws figures, those in view first, and shows the chosen planet everywhere.
(() => {
  const { items, stores, lists } = JSON.parse(document.getElementById("data").textContent);
  const planets = lists[0];
  const input = document.getElementById("planet");
  const sources = new Map(); // data source name -> [source, store]
  const clouds = []; // sources of points that are planets
  let chosen = planets[0];

  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const NOTHING = 65535; // code of a value that is not finite

  const row_of = (column, row) => {
    const { points } = column;
    if (column.values) {
      column.all ??= new Float32Array(bytes(column.values));
      return column.all.slice(row * points, (row + 1) * points);
    }
    column.all ??= new Uint16Array(bytes(column.codes));
    column.lows ??= new Float64Array(bytes(column.low));
    column.steps ??= new Float64Array(bytes(column.step));
    const [low, step] = [column.lows[row], column.steps[row]];
    return Float64Array.from(
      column.all.subarray(row * points, (row + 1) * points),
      (code) => (code === NOTHING ? NaN : low + code * step),
    );
  };

  const show = (source, store) => {
    const row = lists[store.planets].indexOf(chosen);
    const data = { x: source.data.x };
    for (const [name, column] of Object.entries(store.columns)) {
      data[name] = row < 0 ? new Float64Array(column.points).fill(NaN) : row_of(column, row);
    }
    source.data = data;
  };

  const mark = () => {
    for (const row of document.querySelectorAll("tr[data-planet]")) {
      row.classList.toggle("chosen", row.dataset.planet === chosen);
    }
  };

  const highlight = (source) => {
    const row = source.data.planet.indexOf(chosen);
    source.selected.indices = row < 0 ? [] : [row];
  };

  // A control beside a figure, reachable by keyboard.
  const control = (target, label, element) => {
    const box = document.createElement("label");
    box.className = "control";
    box.append(`${label} `, element);
    target.before(box);
    return element;
  };

  const slider = (target, label, value) => {
    const range = Object.assign(document.createElement("input"), { type: "range", min: -180, max: 180, value });
    return control(target, label, range);
  };

  // Orthographic view of a 3-D cloud from a direction given by two angles.
  const turn = (source, target) => {
    const { east, north, up } = source.data;
    const [around, tilt] = [slider(target, "turn", 30), slider(target, "tilt", 20)];
    const middle = (a) => a.reduce((sum, v) => sum + v, 0) / a.length;
    const [me, mn, mu] = [middle(east), middle(north), middle(up)];
    const project = () => {
      const [a, t] = [around.value, tilt.value].map((v) => (v * Math.PI) / 180);
      const x = new Float64Array(east.length), y = new Float64Array(east.length);
      for (let i = 0; i < east.length; i++) {
        const [e, n, u] = [east[i] - me, north[i] - mn, up[i] - mu];
        x[i] = e * Math.cos(a) - n * Math.sin(a);
        y[i] = u * Math.cos(t) + (e * Math.sin(a) + n * Math.cos(a)) * Math.sin(t);
      }
      source.data = { ...source.data, x, y };
    };
    around.addEventListener("input", project);
    tilt.addEventListener("input", project);
    project();
  };

  const recolour = (doc, source, target) => {
    const names = Object.keys(source.data).filter((name) => name.startsWith("by "));
    if (!names.length) return;
    const mapper = doc.get_model_by_name(`${source.name}:colours`);
    const bar = doc.get_model_by_name(`${source.name}:bar`);
    const select = control(target, "colour by", document.createElement("select"));
    for (const name of names) select.add(new Option(name.slice(3), name, false, name === `by ${bar.title}`));
    select.addEventListener("change", () => {
      const values = source.data[select.value];
      const finite = [...values].filter(Number.isFinite);
      source.data = { ...source.data, colour: values };
      mapper.setv({ low: Math.min(...finite), high: Math.max(...finite) });
      bar.title = select.value.slice(3);
    });
  };

  // The legend is drawn on a canvas: buttons for the keyboard and for readers of the screen, seen when focused.
  const toggles = (root, target) => {
    const box = Object.assign(document.createElement("div"), { className: "toggles" });
    for (const { label, renderers } of root.below.find((part) => part.type === "Legend")?.items ?? []) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: label.value });
      const press = () => button.setAttribute("aria-pressed", renderers.every((each) => each.visible));
      button.addEventListener("click", () => {
        const visible = button.getAttribute("aria-pressed") !== "true";
        for (const each of renderers) each.visible = visible;
      });
      for (const each of renderers) each.properties.visible.change.connect(press);
      press();
      box.append(button);
    }
    if (box.children.length) target.after(box);
  };

  const choose = (planet) => {
    if (planet === chosen || !planets.includes(planet)) return;
    chosen = planet;
    input.value = planet;
    for (const [source, store] of sources.values()) show(source, store);
    clouds.forEach(highlight);
    mark();
    document.dispatchEvent(new CustomEvent("planet", { detail: planet }));
  };

  const step = (by) => choose(planets[(planets.indexOf(chosen) + by + planets.length) % planets.length]);

  const begun = new Set();
  const draw = async (target) => {
    if (begun.has(target)) return;
    begun.add(target);
    const key = target.dataset.item;
    const view = await Bokeh.embed.embed_item(items[key], target);
    const root = [...view].length ? [...view][0].model : view.model;
    for (const [name, store] of Object.entries(stores[key])) {
      const source = root.document.get_model_by_name(name);
      sources.set(name, [source, store]);
      show(source, store);
    }
    for (const source of root.document.all_models ?? root.document._all_models.values()) {
      if (source.type !== "ColumnDataSource" || !source.data.planet) continue;
      if (source.data.up) turn(source, target);
      recolour(root.document, source, target);
      clouds.push(source);
      highlight(source);
    }
    toggles(root, target);
    target.dataset.drawn = "yes";
  };

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
  }, { rootMargin: "600px" });
  const plots = [...document.querySelectorAll(".plot")];
  for (const target of plots) seen.observe(target);
  // Printing waits for no figure, so the rest are drawn one by one while nothing else is to do.
  const idle = () => new Promise((go) => (window.requestIdleCallback ?? setTimeout)(() => go()));
  const rest = async () => {
    for (const target of plots) {
      await idle();
      await draw(target);
    }
    document.documentElement.dataset.ready = "yes";
  };
  window.addEventListener("load", rest);

  input.addEventListener("change", () => choose(input.value));
  document.getElementById("previous").addEventListener("click", () => step(-1));
  document.getElementById("next").addEventListener("click", () => step(1));
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input")) return;
    if (event.key === "[") step(-1);
    if (event.key === "]") step(1);
  });
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  for (const table of document.querySelectorAll("table.data")) {
    const body = table.tBodies[0];
    const pick = (event) => {
      const row = event.target.closest("tr[data-planet]");
      if (row) choose(row.dataset.planet);
    };
    body.addEventListener("click", pick);
    body.addEventListener("keydown", (event) => { if (event.key === "Enter") pick(event); });
    table.querySelectorAll("th button").forEach((button, column) => {
      let up = false;
      button.addEventListener("click", () => {
        up = !up;
        const value = (row) => row.cells[column].textContent.trim();
        const order = (a, b) => {
          const [x, y] = [value(a), value(b)];
          const [m, n] = [Number(x), Number(y)];
          return Number.isNaN(m) || Number.isNaN(n) ? x.localeCompare(y) : m - n;
        };
        const rows = [...body.rows].sort((a, b) => (up ? order(a, b) : order(b, a)));
        body.replaceChildren(...rows);
      });
    });
    const search = table.closest("details").querySelector(".search");
    search.addEventListener("input", () => {
      const wanted = search.value.toLowerCase();
      for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
  }
  window.smv50 = { choose, get chosen() { return chosen; } };
  mark();
})();
