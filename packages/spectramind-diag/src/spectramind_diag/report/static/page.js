"use strict";
// Draws figures when they come into view, and shows the chosen planet everywhere.
(() => {
  const { items, stores, planets } = JSON.parse(document.getElementById("data").textContent);
  const input = document.getElementById("planet");
  const sources = new Map(); // data source name -> [source, store]
  let chosen = planets[0];

  const unpack = (column) => {
    if (!column.values) {
      const bytes = Uint8Array.from(atob(column.base64), (c) => c.charCodeAt(0));
      column.values = new Float32Array(bytes.buffer);
      delete column.base64;
    }
    return column.values;
  };

  const show = (source, store) => {
    const row = store.planets.indexOf(chosen);
    const data = { x: source.data.x };
    for (const [name, column] of Object.entries(store.columns)) {
      const all = unpack(column);
      data[name] = row < 0
        ? new Float32Array(column.points).fill(NaN)
        : all.slice(row * column.points, (row + 1) * column.points);
    }
    source.data = data;
  };

  const mark = () => {
    for (const row of document.querySelectorAll("tr[data-planet]")) {
      row.classList.toggle("chosen", row.dataset.planet === chosen);
    }
  };

  const choose = (planet) => {
    if (planet === chosen || !planets.includes(planet)) return;
    chosen = planet;
    input.value = planet;
    for (const [source, store] of sources.values()) show(source, store);
    mark();
    document.dispatchEvent(new CustomEvent("planet", { detail: planet }));
  };

  const step = (by) => choose(planets[(planets.indexOf(chosen) + by + planets.length) % planets.length]);

  const draw = async (target) => {
    const key = target.dataset.item;
    const view = await Bokeh.embed.embed_item(items[key], target);
    const root = [...view].length ? [...view][0].model : view.model;
    for (const [name, store] of Object.entries(stores[key])) {
      const source = root.document.get_model_by_name(name);
      sources.set(name, [source, store]);
      show(source, store);
    }
    target.dataset.drawn = "yes";
  };

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        seen.unobserve(entry.target);
        draw(entry.target);
      }
    }
  }, { rootMargin: "600px" });
  for (const target of document.querySelectorAll(".plot")) seen.observe(target);
  window.addEventListener("beforeprint", () => {
    for (const target of document.querySelectorAll(".plot:not([data-drawn])")) {
      seen.unobserve(target);
      draw(target);
    }
  });

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
