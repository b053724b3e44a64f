"use strict";
// Draws figures, those in view first, and shows the chosen planet everywhere.
(() => {
  const { items, stores, lists } = JSON.parse(document.getElementById("data").textContent);
  const planets = lists[0];
  const input = document.getElementById("planet");
  const figures = []; // those drawn: {legend, switched: [[source, store]], clouds: [source]}
  let chosen = planets[0];

  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

  // ---- Values of many planets, as packed.py packs them

  const NOTHING = 65535; // code of a value that is not finite

  const unpack = async (text) => {
    const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  };
  const unpacking = unpack(document.getElementById("values").textContent);
  let values; // before anything is drawn

  const numbers = (Type, start, count) => new Type(values.slice(start, start + count * Type.BYTES_PER_ELEMENT));

  const valuesOf = ({ rows, points, ...start }, row) => {
    if ("values" in start) return numbers(Float32Array, start.values + 4 * row * points, points);
    const [low] = numbers(Float64Array, start.low + 8 * row, 1);
    const [step] = numbers(Float64Array, start.step + 8 * row, 1);
    const lowBytes = new Uint8Array(values, start.codes + row * points, points);
    const highBytes = new Uint8Array(values, start.codes + (rows + row) * points, points);
    let code = 0;
    return Float64Array.from(lowBytes, (byte, i) => {
      code = (code + byte + 256 * highBytes[i]) & 0xffff;
      return code === NOTHING ? NaN : low + code * step;
    });
  };

  // ---- The chosen planet

  const showIn = ({ legend, switched, clouds }) => {
    const empty = new Set();
    for (const [source, store] of switched) {
      const row = lists[store.planets].indexOf(chosen);
      const data = { x: source.data.x };
      for (const [name, column] of Object.entries(store.columns)) {
        data[name] = row < 0 ? new Float64Array(column.points).fill(NaN) : valuesOf(column, row);
      }
      source.data = data;
      if (!Object.keys(store.columns).some((name) => data[name].some(Number.isFinite))) empty.add(source);
    }
    for (const source of clouds) {
      const row = source.data.planet.indexOf(chosen);
      source.selected.indices = row < 0 ? [] : [row];
    }
    // A second visit, say, that this planet does not have.
    for (const item of legend?.items ?? []) {
      item.visible = !item.renderers.every((each) => empty.has(each.data_source));
    }
  };

  const markRows = () => {
    for (const row of document.querySelectorAll("tr[data-planet]")) {
      row.classList.toggle("chosen", row.dataset.planet === chosen);
    }
  };

  const choose = (planet) => {
    if (planet === chosen || !planets.includes(planet)) return;
    chosen = planet;
    input.value = planet;
    figures.forEach(showIn);
    markRows();
    document.dispatchEvent(new CustomEvent("planet", { detail: planet }));
  };

  const step = (by) => choose(planets[(planets.indexOf(chosen) + by + planets.length) % planets.length]);

  // ---- Controls beside a figure, all within reach of the keyboard

  const control = (target, label, element) => {
    const box = make("label", { className: "control" });
    box.append(`${label} `, element);
    target.before(box);
    return element;
  };

  const slider = (target, label, value) =>
    control(target, label, make("input", { type: "range", min: -180, max: 180, value }));

  // Orthographic view of 3-D clouds and their frame from a direction given by two angles.
  const turn = (sources, target) => {
    const [around, tilt] = [slider(target, "turn", 30), slider(target, "tilt", 20)];
    const project = () => {
      const [a, t] = [around.value, tilt.value].map((degrees) => (degrees * Math.PI) / 180);
      for (const source of sources) {
        const { east, north, up } = source.data;
        const x = east.map((e, i) => e * Math.cos(a) - north[i] * Math.sin(a));
        const away = east.map((e, i) => e * Math.sin(a) + north[i] * Math.cos(a));
        const y = up.map((u, i) => u * Math.cos(t) + away[i] * Math.sin(t));
        source.data = { ...source.data, x, y };
      }
    };
    around.addEventListener("input", project);
    tilt.addEventListener("input", project);
    project();
  };

  const recolour = (source, target) => {
    const names = Object.keys(source.data).filter((name) => name.startsWith("by "));
    if (!names.length) return;
    const mapper = source.document.get_model_by_name(`${source.name}:colours`);
    const select = control(target, "colour by", make("select"));
    for (const name of names) select.add(new Option(name.slice(3), name));
    select.addEventListener("change", () => {
      const values = source.data[select.value];
      const finite = [...values].filter(Number.isFinite);
      source.data = { ...source.data, colour: values };
      mapper.setv({ low: Math.min(...finite), high: Math.max(...finite) });
    });
  };

  // As many columns as fit, and as much height as the rows take.
  const fitLegend = (plot, legend, target) => {
    const names = legend.items.map((item) => item.label.value.length);
    legend.ncols = Math.max(1, Math.floor(target.clientWidth / (6 * Math.max(...names) + 50)));
    plot.height = 290 + 25 * Math.ceil(names.length / legend.ncols);
  };

  // The legend cannot be reached by keyboard or read to anyone: buttons stand in, seen when focused.
  const toggles = (legend, target) => {
    const box = make("div", { className: "toggles" });
    for (const item of legend?.visible ? legend.items : []) {
      const button = make("button", { type: "button", textContent: item.label.value });
      const tell = () => {
        button.hidden = !item.visible;
        button.setAttribute("aria-pressed", item.renderers.every((each) => each.visible));
      };
      button.addEventListener("click", () => {
        const visible = button.getAttribute("aria-pressed") !== "true";
        for (const each of item.renderers) each.visible = visible;
      });
      for (const model of [item, ...item.renderers]) model.properties.visible.change.connect(tell);
      tell();
      box.append(button);
    }
    if (box.children.length) target.after(box);
  };

  // ---- Drawing

  const begun = new Set();
  const draw = async (target) => {
    if (begun.has(target)) return;
    begun.add(target);
    const key = target.dataset.item;
    const [view] = await Bokeh.embed.embed_item(items[key], target);
    values ??= await unpacking;
    const plot = view.model;
    const sources = [...plot.document.all_models].filter((model) => model.type === "ColumnDataSource");
    const figure = {
      legend: plot.below.find((part) => part.type === "Legend"),
      switched: Object.entries(stores[key]).map(([name, store]) => [plot.document.get_model_by_name(name), store]),
      clouds: sources.filter((source) => source.data.planet),
    };
    showIn(figure);
    figures.push(figure);
    if (figure.legend) fitLegend(plot, figure.legend, target);
    const turned = sources.filter((source) => source.data.up);
    if (turned.length) turn(turned, target);
    for (const source of figure.clouds) recolour(source, target);
    toggles(figure.legend, target);
    if (matchMedia("(hover: hover)").matches) plot.toolbar.tools.find((tool) => tool.type === "PanTool").active = true;
    target.dataset.drawn = "yes";
  };

  const plots = [...document.querySelectorAll(".plot")];
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
  }, { rootMargin: "600px" });
  for (const target of plots) seen.observe(target);

  // Printing waits for no figure, so the rest are drawn one by one while nothing else is to do.
  const idle = () => new Promise((go) => (window.requestIdleCallback ?? setTimeout)(() => go()));
  window.addEventListener("load", async () => {
    for (const target of plots) {
      await idle();
      await draw(target);
    }
    document.documentElement.dataset.ready = "yes";
  });

  // ---- The bar at the top

  input.addEventListener("change", () => choose(input.value));
  document.getElementById("previous").addEventListener("click", () => step(-1));
  document.getElementById("next").addEventListener("click", () => step(1));
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select")) return;
    if (event.key === "[") step(-1);
    if (event.key === "]") step(1);
  });
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const preferred = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    root.dataset.theme = (root.dataset.theme ?? preferred) === "dark" ? "light" : "dark";
  });

  // ---- Tables

  const compare = (x, y) => {
    const [m, n] = [Number(x), Number(y)];
    if (Number.isNaN(m) || Number.isNaN(n)) return Number.isNaN(m) - Number.isNaN(n) || x.localeCompare(y);
    return m - n;
  };

  const sortable = (table) => {
    const heads = [...table.tHead.rows[0].cells];
    for (const [column, head] of heads.entries()) {
      head.firstElementChild.addEventListener("click", () => {
        const sign = head.ariaSort === "ascending" ? -1 : 1;
        for (const each of heads) each.ariaSort = null;
        head.ariaSort = sign > 0 ? "ascending" : "descending";
        const value = (row) => row.cells[column].textContent;
        const rows = [...table.tBodies[0].rows].sort((a, b) => sign * compare(value(a), value(b)));
        table.tBodies[0].replaceChildren(...rows);
      });
    }
  };

  for (const table of document.querySelectorAll("table.data")) {
    const [body] = table.tBodies;
    const pick = (event) => {
      const row = event.target.closest("tr[data-planet]");
      if (row) choose(row.dataset.planet);
    };
    body.addEventListener("click", pick);
    body.addEventListener("keydown", (event) => { if (event.key === "Enter") pick(event); });
    sortable(table);
    const search = table.closest("details").querySelector(".search");
    search?.addEventListener("input", () => {
      const wanted = search.value.toLowerCase();
      for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
  }

  window.smv50 = { choose, get chosen() { return chosen; } };
  markRows();
})();
