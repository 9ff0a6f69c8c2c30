// Two sides of a match on one time axis. The position is kept in the time of the upload (ms); the line of the
// chosen segment says which moment of the reference that is.
"use strict";

(() => {
  const clock = (ms) => {
    const t = Math.max(0, Math.round(ms / 100)) / 10;
    const s = Math.floor(t % 60);
    return `${Math.floor(t / 60)}:${String(s).padStart(2, "0")}.${Math.round((t % 1) * 10) % 10}`;
  };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  class Lane {
    constructor(element, data) {
      this.element = element;
      this.data = data;
      this.side = element.dataset.side;
      this.canvas = element.querySelector("canvas");
      this.cursor = element.querySelector(".cursor");
      this.at = element.querySelector(".at");
      this.peaks = null;
      this.audio = new Audio();
      this.audio.preload = "metadata";
      this.audio.dataset.side = this.side;
      this.form = "";
      if (data.silent) this.silence(data.silent);
      else this.load();
    }
    silence(words) {
      const note = this.element.querySelector(".silent");
      note.textContent = words;
      note.hidden = false;
      this.cursor.hidden = true;
      this.silent = true;
      this.element.dispatchEvent(new CustomEvent("silent", { bubbles: true }));
    }
    async load() {
      // What a browser cannot play comes as WAV.
      this.audio.addEventListener("error", () => {
        if (!this.form) { this.form = "?form=wav"; this.source(); }
      });
      this.source();
      try {
        const answer = await fetch(this.data.waveform);
        const said = await answer.json();
        if (!answer.ok) { this.silence(said.detail || said.title); return; }
        this.peaks = said;
        this.element.dispatchEvent(new CustomEvent("drawn", { bubbles: true }));
      } catch { /* The sound may play all the same. */ }
    }
    source() {
      const at = this.audio.currentTime;
      this.audio.src = this.data.audio + this.form;
      if (at > 0) this.audio.currentTime = at;
    }
  }

  class Player {
    constructor(root) {
      this.root = root;
      const data = JSON.parse(root.dataset.player);
      this.segments = data.segments;
      this.current = data.first;
      this.lanes = {};
      for (const element of root.querySelectorAll(".lane")) {
        this.lanes[element.dataset.side] = new Lane(element, data[element.dataset.side]);
      }
      this.side = "query";
      this.playing = false;
      this.button = root.querySelector(".play");
      this.select = root.querySelector(".undo select");
      this.loop = root.querySelector(".loop input");
      this.said = root.querySelector(".said");
      this.position = this.segment[0];
      this.listen();
      this.show();
    }

    get segment() {
      const [q0, q1, r0, r1, tempo, cents] = this.segments[this.current] || [0, 1, 0, 1, 1, 0];
      return [q0, Math.max(q1, q0 + 1), r0, Math.max(r1, r0 + 1), tempo, cents];
    }
    // Reference time for each unit of upload time: above 1 where the upload plays faster.
    get slope() { const [q0, q1, r0, r1] = this.segment; return (r1 - r0) / (q1 - q0); }
    there(ms) { const [q0, , r0] = this.segment; return r0 + (ms - q0) * this.slope; }
    back(ms) { const [q0, , r0] = this.segment; return q0 + (ms - r0) / this.slope; }
    get active() { return this.lanes[this.side].audio; }
    get window() {
      const q = this.lanes.query.data.duration, r = this.lanes.reference.data.duration;
      return [Math.min(0, this.back(0)), Math.max(q, this.back(r), 1)];
    }

    // How the reference is played so that it sounds like the upload.
    get undo() {
      const [, , , , , cents] = this.segment;
      const pitch = Math.pow(2, cents / 1200), tempo = this.slope;
      const together = Math.abs(1200 * Math.log2(tempo) - cents) < 35;
      switch (this.select.value) {
        case "none": return { rate: 1, keeps: true, lockstep: Math.abs(tempo - 1) < 0.002 };
        case "pitch": return { rate: pitch, keeps: false, lockstep: Math.abs(tempo - pitch) < 0.002 };
        case "speed": return { rate: tempo, keeps: true, lockstep: true };
        default: return { rate: tempo, keeps: !together, lockstep: true, left: together ? 0 : cents };
      }
    }

    listen() {
      const on = (what, name, f) => what && what.addEventListener(name, f);
      on(this.button, "click", () => this.toggle());
      on(this.root.querySelector(".back"), "click", () => this.restart());
      for (const b of this.root.querySelectorAll(".side")) on(b, "click", () => this.hear(b.dataset.side));
      for (const b of this.root.querySelectorAll(".jump")) on(b, "click", () => this.jump(Number(b.dataset.segment)));
      on(this.select, "change", () => { this.tune(); this.align(); this.tell(); });
      on(this.root, "silent", () => { this.root.querySelector('.side[data-side="reference"]').disabled = !!this.lanes.reference?.silent; });
      on(this.root, "drawn", () => this.draw());
      on(this.root.querySelector(".lanes"), "click", (e) => {
        const wave = e.target.closest(".wave");
        if (!wave || e.target.closest(".silent")) return;
        const box = wave.getBoundingClientRect(), [from, to] = this.window;
        this.seek(from + ((e.clientX - box.left) / box.width) * (to - from));
      });
      for (const lane of Object.values(this.lanes)) {
        on(lane.audio, "ended", () => { if (lane.side === this.side) this.pause(); });
      }
      if (this.lanes.reference.silent) this.root.querySelector('.side[data-side="reference"]').disabled = true;
      new ResizeObserver(() => this.draw()).observe(this.root);
      on(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.draw());
    }

    tune() {
      const { rate, keeps } = this.undo, reference = this.lanes.reference.audio;
      reference.playbackRate = Math.min(4, Math.max(0.25, rate));
      reference.preservesPitch = keeps;
      this.lanes.query.audio.playbackRate = 1;
    }
    // Puts both sides at the position; only the one that is heard sounds.
    align() {
      const q = this.position / 1000, r = this.there(this.position) / 1000;
      const put = (audio, t) => { if (Number.isFinite(t)) audio.currentTime = Math.max(0, t); };
      put(this.lanes.query.audio, q);
      if (!this.lanes.reference.silent) put(this.lanes.reference.audio, r);
    }
    follow() {
      const t = this.active.currentTime * 1000;
      this.position = this.side === "query" ? t : this.back(t);
    }

    async toggle() { if (this.playing) this.pause(); else await this.play(); }
    async play() {
      players.forEach((other) => { if (other !== this) other.pause(); });
      focused = this;
      this.tune();
      this.align();
      this.mute();
      this.playing = true;
      this.show();
      try {
        const starts = [this.active.play()];
        const other = this.lanes[this.side === "query" ? "reference" : "query"];
        // The other side runs along unheard, so that switching has no gap.
        if (this.undo.lockstep && !other.silent && this.reaches(other)) other.audio.play().catch(() => {});
        await Promise.all(starts);
        this.tick();
      } catch (error) {
        this.pause();
        if (error.name !== "AbortError") this.tell("This browser cannot play it: " + error.message);
      }
    }
    reaches(lane) {
      const t = lane.side === "query" ? this.position : this.there(this.position);
      return t >= 0 && t < lane.data.duration;
    }
    pause() {
      if (this.playing) this.follow();
      this.playing = false;
      for (const lane of Object.values(this.lanes)) lane.audio.pause();
      this.show();
    }
    mute() { for (const lane of Object.values(this.lanes)) lane.audio.muted = lane.side !== this.side; }

    // The other side at the same musical moment.
    async hear(side) {
      if (side === this.side || this.lanes[side].silent) return;
      if (this.playing) this.follow();
      this.side = side;
      const lane = this.lanes[side];
      const wanted = (side === "query" ? this.position : this.there(this.position)) / 1000;
      if (Math.abs(lane.audio.currentTime - wanted) > 0.04) lane.audio.currentTime = Math.max(0, wanted);
      this.mute();
      if (this.playing && lane.audio.paused) await lane.audio.play().catch(() => this.pause());
      if (this.playing && !this.undo.lockstep) this.lanes[side === "query" ? "reference" : "query"].audio.pause();
      this.show();
    }
    other() { return this.hear(this.side === "query" ? "reference" : "query"); }

    seek(ms) {
      const [from, to] = this.window;
      this.position = Math.min(to, Math.max(from, ms));
      if (!this.reaches(this.lanes[this.side])) {
        const t = this.side === "query" ? [0, this.lanes.query.data.duration] : [this.back(0), this.back(this.lanes.reference.data.duration)];
        this.position = Math.min(t[1], Math.max(t[0], this.position));
      }
      focused = this;
      this.align();
      this.show();
    }
    nudge(ms) { if (this.playing) this.follow(); this.seek(this.position + ms); }
    restart() { this.seek(this.segment[0]); }
    jump(at) {
      if (at < 0 || at >= this.segments.length) return;
      if (this.playing) this.follow();
      this.current = at;
      this.tune();
      this.seek(this.segment[0]);
      this.draw();
      this.tell();
    }

    tick() {
      if (!this.playing) return;
      this.follow();
      const [q0, q1] = this.segment;
      if (this.loop.checked && this.position >= q1) { this.position = q0; this.align(); }
      const other = this.lanes[this.side === "query" ? "reference" : "query"];
      if (this.undo.lockstep && !other.silent && !other.audio.paused && !other.audio.seeking) {
        const wanted = (other.side === "query" ? this.position : this.there(this.position)) / 1000;
        if (wanted >= 0 && Math.abs(other.audio.currentTime - wanted) > 0.25) other.audio.currentTime = wanted;
      }
      this.show();
      requestAnimationFrame(() => this.tick());
    }

    tell(words) {
      const { left } = this.undo, [, , , , , cents] = this.segment;
      if (words) this.said.textContent = words;
      else if (left && Math.abs(left) > 15) this.said.textContent = `The pitch was changed apart from the speed: the upload sounds ${Math.abs(Math.round(cents))} cents ${cents > 0 ? "higher" : "lower"}, which stays to be heard. “Pitch only” undoes that instead.`;
      else this.said.textContent = "";
    }
    show() {
      const [from, to] = this.window, at = (this.position - from) / (to - from);
      for (const lane of Object.values(this.lanes)) {
        const width = lane.canvas.clientWidth;
        lane.cursor.style.transform = `translateX(${(at * width).toFixed(1)}px)`;
        lane.element.dataset.on = String(lane.side === this.side);
        const t = lane.side === "query" ? this.position : this.there(this.position);
        lane.at.textContent = t < 0 || t > lane.data.duration ? "–" : clock(t);
      }
      this.button.setAttribute("aria-pressed", String(this.playing));
      this.button.setAttribute("aria-label", this.playing ? "Pause" : "Play");
      this.button.querySelector(".words").textContent = this.playing ? "Pause" : "Play";
      for (const b of this.root.querySelectorAll(".side")) b.setAttribute("aria-pressed", String(b.dataset.side === this.side));
      for (const b of this.root.querySelectorAll(".jump")) b.setAttribute("aria-pressed", String(Number(b.dataset.segment) === this.current));
      const start = this.root.querySelector(".from");
      if (start) start.textContent = clock(this.segment[0]);
      this.root.dataset.position = String(Math.round(this.position));
    }

    draw() {
      for (const lane of Object.values(this.lanes)) this.paint(lane);
      this.show();
    }
    paint(lane) {
      const { canvas, peaks } = lane, width = canvas.clientWidth, height = canvas.clientHeight;
      if (!width) return;
      const dots = Math.min(2, window.devicePixelRatio || 1);
      canvas.width = Math.round(width * dots);
      canvas.height = Math.round(height * dots);
      const pen = canvas.getContext("2d");
      pen.scale(dots, dots);
      const [from, to] = this.window, perPixel = (to - from) / width;
      const time = (x) => { const t = from + x * perPixel; return lane.side === "query" ? t : this.there(t); };
      const spans = this.segments.map((s) => (lane.side === "query" ? [s[0], s[1]] : [s[2], s[3]]));
      const place = (t) => ((lane.side === "query" ? t : this.back(t)) - from) / perPixel;
      spans.forEach(([a, b], at) => {
        pen.globalAlpha = at === this.current ? 0.2 : 0.08;
        pen.fillStyle = colour("--wave-on");
        pen.fillRect(place(a), 0, Math.max(1, place(b) - place(a)), height);
      });
      pen.globalAlpha = 1;
      if (!peaks) return;
      const middle = height / 2, matched = colour("--wave-on"), plain = colour("--wave");
      for (let x = 0; x < width; x += 2) {
        const a = Math.floor(time(x) / peaks.bin_ms), b = Math.max(a + 1, Math.floor(time(x + 2) / peaks.bin_ms));
        let peak = 0;
        for (let i = Math.max(0, a); i < Math.min(b, peaks.peaks.length); i += 1) peak = Math.max(peak, peaks.peaks[i]);
        if (b <= 0 || a >= peaks.peaks.length) continue;
        const t = time(x), size = Math.max(0.5, (peak / 255) * (middle - 3));
        pen.fillStyle = spans.some(([p, q]) => t >= p && t < q) ? matched : plain;
        pen.fillRect(x, middle - size, 1.4, 2 * size);
      }
    }
  }

  const players = [];
  let focused = null;
  document.querySelectorAll("[data-player]").forEach((root) => players.push(new Player(root)));
  focused = players[0] || null;
  window.soundalikePlayers = {
    all: players,
    get focused() { return focused; },
    focus(at) { if (players[at]) { if (focused !== players[at]) focused?.pause(); focused = players[at]; } return focused; },
    clock,
  };
})();
