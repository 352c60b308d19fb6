(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;

  /** The place in a sorted list of the value nearest to another. */
  function nearest(sorted, value) {
    let [low, high] = [0, sorted.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (sorted[middle] <= value) low = middle;
      else high = middle;
    }
    return high >= 0 && Math.abs(sorted[high] - value) < Math.abs(sorted[low] - value) ? high : low;
  }

  /** One video's section: chart, slider, thumbnail, and its moments. */
  class Section {
    constructor(element, video) {
      Object.assign(this, { element, video });
      const find = (what) => element.querySelector(what);
      [this.scrub, this.playhead, this.image, this.reading] = [".scrub", ".playhead", ".viewer img", ".reading"].map(find);
      this.buttons = [...element.querySelectorAll(".moment")];
      this.chart = new Chart(find(".chart"), video, data.range);
      this.chart.on("point", (seconds) => this.show(seconds));
      this.chart.on("click", (seconds) => this.clicked(seconds));
      this.chart.on("zoom", () => this.mark());
      this.scrub.addEventListener("input", () => this.show((this.scrub.value / 1000) * video.seconds));
      this.scrub.addEventListener("keydown", (event) => event.key === "Enter" && this.clicked(this.seconds));
      this.buttons.forEach((button, place) => {
        button.addEventListener("click", () => this.choose(place, true));
        const image = button.querySelector("img");
        if (image) image.src = video.thumbnails[nearest(video.frames, Number(button.dataset.frame))];
      });
      const highest = video.moments.reduce((best, one, place) => (this.score(one[2]) > this.score(video.moments[best][2]) ? place : best), 0);
      if (this.buttons.length) this.choose(highest, false);
      else this.show(0);
    }

    score(seconds) {
      return this.video.s[nearest(this.video.t, seconds)];
    }

    /** Read the curve at a time: the thumbnail nearest to it, and the score. */
    show(seconds) {
      const { video } = this;
      this.seconds = Math.min(Math.max(seconds, 0), video.seconds);
      const [score, gap] = [this.score(this.seconds), video.gaps.find(([from, to]) => from <= this.seconds && this.seconds < to)];
      const reading = gap ? `not scorable: ${gap[2]}` : score === null || score === undefined ? "no score" : `score ${score.toPrecision(3)}`;
      this.reading.replaceChildren(Object.assign(document.createElement("b"), { textContent: clock(this.seconds) }), ` · ${reading}`);
      if (this.image && video.frames.length) {
        this.image.src = video.thumbnails[nearest(video.shown, this.seconds)];
        this.image.alt = `${video.name} near ${clock(this.seconds)}`;
      }
      this.scrub.value = Math.round((1000 * this.seconds) / (video.seconds || 1));
      this.scrub.setAttribute("aria-valuetext", `${clock(this.seconds)}, ${reading}`);
      this.mark();
    }

    /** Draw the line at the time that is shown. */
    mark() {
      const place = this.chart.place(this.seconds ?? 0);
      this.playhead.hidden = place === null;
      if (place !== null) this.playhead.style.left = `${place}px`;
    }

    /** A click into a moment opens it; anywhere else it only shows the time. */
    clicked(seconds) {
      const room = (this.chart.view[1] - this.chart.view[0]) / 200;
      const place = this.video.moments.findIndex(([from, to]) => from - room <= seconds && seconds < to + room);
      if (place >= 0) this.choose(place, true);
      else this.show(seconds);
    }

    choose(place, asked) {
      this.buttons.forEach((button, other) => {
        button.setAttribute("aria-expanded", String(other === place));
        document.getElementById(button.getAttribute("aria-controls")).hidden = other !== place;
      });
      const key = this.buttons[place].getAttribute("aria-controls");
      this.show(this.video.moments[place][2]);
      if (!asked) return;
      history.replaceState(null, "", `#${key}`);
      this.buttons[place].scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  const sections = [...document.querySelectorAll("section.video")].map((element, place) => new Section(element, data.videos[place]));

  // Charts are drawn when they come into sight: a page of a hundred videos opens at once.
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      watcher.unobserve(entry.target);
      const section = sections.find((one) => one.element === entry.target);
      section.chart.draw();
      section.mark();
    }
  }, { rootMargin: "400px" });
  sections.forEach((section) => watcher.observe(section.element));
  const drawn = () => sections.filter((section) => section.chart.drawn);
  addEventListener("resize", () => drawn().forEach((section) => { section.chart.draw(); section.mark(); }));

  // An address with #v2-5c20b5386a28 opens that event.
  function follow() {
    for (const section of sections) {
      const place = section.buttons.findIndex((button) => `#${button.getAttribute("aria-controls")}` === location.hash);
      if (place < 0) continue;
      section.choose(place, false);
      section.element.scrollIntoView();
    }
  }
  addEventListener("hashchange", follow);
  follow();

  // The switch between map and plain frame holds for all moments.
  document.addEventListener("change", (event) => {
    if (!event.target.classList.contains("with-map")) return;
    document.body.classList.toggle("plainly", !event.target.checked);
    document.querySelectorAll(".with-map").forEach((box) => { box.checked = event.target.checked; });
  });

  // Sorting: a heading that is pressed again turns round.
  const table = document.getElementById("overview");
  table?.querySelectorAll("thead button").forEach((button) => {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const column = [...head.parentNode.children].indexOf(head);
      const words = column === 0;
      const now = head.getAttribute("aria-sort");
      const up = now === "none" ? words : now === "descending";
      head.parentNode.querySelectorAll("[aria-sort]").forEach((one) => one.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const value = (row) => row.children[column].dataset.value;
      const compare = words
        ? (a, b) => value(a).localeCompare(value(b), undefined, { numeric: true })
        : (a, b) => Number(value(a)) - Number(value(b));
      const body = table.tBodies[0];
      body.append(...[...body.rows].sort((a, b) => (up ? 1 : -1) * compare(a, b)));
    });
  });

  // Dark or light: what the system wants, until the button is pressed.
  const button = document.getElementById("theme");
  const wanted = matchMedia("(prefers-color-scheme: dark)");
  function remembered(theme) {
    try {  // a file opened from disk may have no storage
      if (theme) localStorage.setItem("oddframe-theme", theme);
      return localStorage.getItem("oddframe-theme");
    } catch { return null; }
  }
  let chosen = remembered();
  function dress(printing = false) {
    const dark = !printing && (chosen ? chosen === "dark" : wanted.matches);
    root.dataset.theme = dark ? "dark" : "light";
    button.textContent = dark ? "Light" : "Dark";
    button.setAttribute("aria-pressed", String(dark));
    drawn().forEach((section) => section.chart.draw());
  }
  button.addEventListener("click", () => {
    chosen = root.dataset.theme === "dark" ? "light" : "dark";
    remembered(chosen);
    dress();
  });
  wanted.addEventListener("change", () => dress());
  addEventListener("beforeprint", () => { sections.forEach((section) => section.chart.draw()); dress(true); });
  addEventListener("afterprint", () => dress());
  dress();
})();
