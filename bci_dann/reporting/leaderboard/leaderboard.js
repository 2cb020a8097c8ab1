(() => {
  const body = document.querySelector("tbody");
  const rows = [...body.rows];
  const heads = [...document.querySelectorAll("th")];
  const filters = [...document.querySelectorAll("#filters select")];

  function filter() {
    for (const row of rows) {
      row.hidden = filters.some((one) => one.value && row.dataset[one.name] !== one.value);
    }
    const shown = rows.filter((row) => !row.hidden);
    const text = shown.length === 1 ? "1 row" : `${shown.length} rows`;
    document.getElementById("shown").textContent = text;
    const places = new Set(shown.map((row) => `${row.dataset.dataset}\n${row.dataset.protocol}`));
    document.getElementById("mixed").hidden = places.size < 2;
    const wanted = filters.filter((one) => one.value).map((one) => [one.name, one.value]);
    history.replaceState(null, "", `#${new URLSearchParams(wanted)}`);
  }

  function sort(head) {
    const place = heads.indexOf(head);
    const isNumber = head.classList.contains("number");
    const first = isNumber ? "descending" : "ascending";
    const second = isNumber ? "ascending" : "descending";
    const order = head.getAttribute("aria-sort") === first ? second : first;
    heads.forEach((one) => one.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const value = (row) => row.cells[place].dataset.value;
    rows.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === "" || y === "") return (x === "") - (y === ""); // missing values come last
      return sign * (isNumber ? x - y : x.localeCompare(y, "en", { numeric: true }));
    });
    body.append(...rows);
  }

  heads.forEach((head) => head.firstChild.addEventListener("click", () => sort(head)));
  filters.forEach((one) => one.addEventListener("change", filter));
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  const asked = new URLSearchParams(location.hash.slice(1));
  filters.forEach((one) => {
    const value = asked.get(one.name);
    if (value !== null && [...one.options].some((option) => option.value === value)) {
      one.value = value;
    }
  });
  // what can be compared, unless a link asks for something else
  if (!location.hash && rows.length) {
    filters[0].value = rows[0].dataset.dataset;
    filters[1].value = rows[0].dataset.protocol;
  }
  filter();
  sort(heads[1]);
})();
