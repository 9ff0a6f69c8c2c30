// Two sides of a match on one time axis. The position is kept in the time of the upload (ms); the line of the
// chosen segment says which moment of the reference that is. A third voice is made of the peaks of both.
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
      this.canvas = element.querySelector("canvas.over");
      this.under = element.querySelector("canvas.tiles");
      this.picture = new window.soundalikeSpectrum.Picture(data.spectrogram, () => element.dispatchEvent(new CustomEvent("drawn", { bubbles: true })));
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

  // Sound made of the peaks; loaded when somebody wants it.
  class Peaks {
    constructor(address) {
      this.address = address;
      this.side = "peaks";
      this.begin = 0;
      this.data = { duration: Infinity };
      this.audio = new Audio();
      this.audio.preload = "none";
      this.audio.dataset.side = "peaks";
    }
    async load() {
      if (this.loaded) return;
      const answer = await fetch(`${this.address}.wav`, { headers: { range: "bytes=0-43" } });
      if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
      this.begin = Number(answer.headers.get("soundalike-begin")) || 0;
      this.audio.src = `${this.address}.wav`;
      await new Promise((done, failed) => {
        this.audio.addEventListener("loadedmetadata", done, { once: true });
        this.audio.addEventListener("error", () => failed(new Error("it cannot be played")), { once: true });
        this.audio.load();
      });
      this.loaded = true;
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
      this.peaks = data.peaks ? new Peaks(data.peaks) : null;
      this.view = "wave";
      this.zoom = "whole";
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
    // The same moment in the time of a voice, s; and back, ms.
    local(side, ms) { return (side === "query" ? ms : side === "reference" ? this.there(ms) : ms - this.peaks.begin) / 1000; }
    global(side, s) { return side === "query" ? s * 1000 : side === "reference" ? this.back(s * 1000) : s * 1000 + this.peaks.begin; }
    voice(side) { return side === "peaks" ? this.peaks : this.lanes[side]; }
    get voices() { return this.peaks?.loaded ? [...Object.values(this.lanes), this.peaks] : Object.values(this.lanes); }
    get active() { return this.voice(this.side).audio; }
    get whole() {
      const q = this.lanes.query.data.duration, r = this.lanes.reference.data.duration;
      return [Math.min(0, this.back(0)), Math.max(q, this.back(r), 1)];
    }
    // What is drawn: all, the segment with some room, or some seconds around the position.
    get window() {
      const [from, to] = this.whole, [q0, q1] = this.segment;
      if (this.zoom === "match") { const room = Math.max(500, (q1 - q0) * 0.08); return [Math.max(from, q0 - room), Math.min(to, q1 + room)]; }
      if (this.zoom !== "close") return [from, to];
      const length = Math.min(10000, to - from);
      // It turns like a page.
      if (!this.page || this.position < this.page || this.position > this.page + length) this.page = Math.max(from, Math.min(to - length, this.position - length * 0.1));
      return [this.page, this.page + length];
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
      for (const b of this.root.querySelectorAll("[data-view]")) on(b, "click", () => this.show_as(b.dataset.view));
      on(this.root.querySelector(".zoom select"), "change", (e) => this.zoom_to(e.target.value));
      on(this.root, "silent", () => this.silenced());
      on(this.root, "drawn", () => this.draw());
      on(this.root.querySelector(".lanes"), "click", (e) => {
        const wave = e.target.closest(".wave");
        if (!wave || e.target.closest(".silent")) return;
        const box = wave.getBoundingClientRect(), [from, to] = this.window;
        this.pick(wave.closest(".lane").dataset.side, from + ((e.clientX - box.left) / box.width) * (to - from));
      });
      for (const voice of [...Object.values(this.lanes), this.peaks]) {
        on(voice?.audio, "ended", () => { if (voice.side === this.side) this.pause(); });
      }
      this.silenced();
      new ResizeObserver(() => this.draw()).observe(this.root);
      on(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.draw());
    }

    // What cannot be heard cannot be chosen; where both cannot, the peaks are what is left.
    silenced() {
      const { query, reference } = this.lanes;
      for (const lane of [query, reference]) {
        const b = this.root.querySelector(`.side[data-side="${lane?.side}"]`);
        if (b) b.disabled = !!lane.silent;
      }
      if (query?.silent && this.side === "query" && reference && !reference.silent) { this.side = "reference"; this.show(); }
    }
    show_as(view) {
      this.view = view;
      this.root.dataset.view = view;
      for (const b of this.root.querySelectorAll("[data-view]")) b.setAttribute("aria-pressed", String(b.dataset.view === view));
      if (view === "spectrum") {
        for (const lane of Object.values(this.lanes)) if (!lane.silent) lane.picture.load();
        this.fetch_peaks();
        if (this.zoom === "whole") { this.zoom_to("match"); return; }
      }
      this.draw();
    }
    zoom_to(zoom) {
      this.zoom = zoom;
      this.page = null;
      this.root.querySelector(".zoom select").value = zoom;
      this.draw();
    }
    async fetch_peaks() {
      if (!this.peaks || this.found) return;
      this.found = { query: { peaks: [] }, reference: { peaks: [] }, pairs: [] };
      try {
        const answer = await fetch(this.peaks.address);
        if (answer.ok) { this.found = await answer.json(); this.draw(); }
      } catch { /* The tiles are drawn all the same. */ }
    }
    // A click: within another segment, that one is chosen.
    pick(side, ms) {
      const t = this.local(side, ms) * 1000, [a, b] = side === "query" ? [0, 1] : [2, 3];
      const within = (s) => s && t >= s[a] && t < s[b];
      if (!within(this.segments[this.current])) {
        const at = this.segments.findIndex(within);
        if (at >= 0) {
          this.current = at;
          this.tune();
          this.tell();
          ms = side === "query" ? t : this.back(t);
        }
      }
      this.seek(ms);
      this.draw();
    }

    tune() {
      const { rate, keeps } = this.undo, reference = this.lanes.reference.audio;
      reference.playbackRate = Math.min(4, Math.max(0.25, rate));
      reference.preservesPitch = keeps;
      this.lanes.query.audio.playbackRate = 1;
    }
    // Puts both sides at the position; only the one that is heard sounds.
    align() {
      for (const voice of this.voices) {
        const t = this.local(voice.side, this.position);
        if (!voice.silent && Number.isFinite(t)) voice.audio.currentTime = Math.max(0, t);
      }
    }
    follow() {
      this.position = this.global(this.side, this.active.currentTime);
    }

    async toggle() { if (this.playing) this.pause(); else await this.play(); }
    async play() {
      players.forEach((other) => { if (other !== this) other.pause(); });
      focused = this;
      if (this.voice(this.side).silent) await this.other();
      if (this.voice(this.side).silent) return;
      this.tune();
      this.align();
      this.mute();
      this.playing = true;
      this.show();
      try {
        const starts = [this.active.play()];
        // The others run along unheard, so that switching has no gap.
        for (const other of this.along) if (this.reaches(other)) other.audio.play().catch(() => {});
        await Promise.all(starts);
        this.tick();
      } catch (error) {
        this.pause();
        if (error.name !== "AbortError") this.tell("This browser cannot play it: " + error.message);
      }
    }
    // Voices that keep step with the one that is heard.
    get along() {
      const steady = (a, b) => this.undo.lockstep || (a !== "reference" && b !== "reference");
      return this.voices.filter((voice) => voice.side !== this.side && !voice.silent && steady(voice.side, this.side));
    }
    reaches(voice) {
      const t = this.local(voice.side, this.position) * 1000;
      return t >= 0 && t < voice.data.duration;
    }
    pause() {
      if (this.playing) this.follow();
      this.playing = false;
      for (const voice of this.voices) voice.audio.pause();
      this.show();
    }
    mute() { for (const voice of this.voices) voice.audio.muted = voice.side !== this.side; }

    // Another voice at the same musical moment.
    async hear(side) {
      const voice = this.voice(side);
      if (side === this.side || !voice || voice.silent) return;
      if (side === "peaks" && !this.peaks.loaded) {
        try { await this.peaks.load(); } catch (error) { this.tell(`The peaks cannot be heard: ${error.message}`); return; }
      }
      if (this.playing) this.follow();
      this.side = side;
      const wanted = this.local(side, this.position);
      if (Math.abs(voice.audio.currentTime - wanted) > 0.04) voice.audio.currentTime = Math.max(0, wanted);
      this.mute();
      if (this.playing && voice.audio.paused) await voice.audio.play().catch(() => this.pause());
      if (this.playing) for (const other of this.voices) if (other !== voice && !this.along.includes(other)) other.audio.pause();
      this.tell();
      this.show();
    }
    // From the upload to the reference and back; to the peaks where one of them cannot be heard.
    other() {
      const { query, reference } = this.lanes, heard = [query, reference].filter((lane) => !lane.silent).map((lane) => lane.side);
      if (heard.length < 2 && this.peaks) heard.push("peaks");
      return this.hear(heard[(heard.indexOf(this.side) + 1) % heard.length]);
    }

    seek(ms) {
      const [from, to] = this.whole;
      this.position = Math.min(to, Math.max(from, ms));
      const voice = this.voice(this.side);
      if (!this.reaches(voice)) {
        const end = Number.isFinite(voice.data.duration) ? voice.data.duration / 1000 : voice.audio.duration || 0;
        this.position = Math.min(this.global(this.side, end), Math.max(this.global(this.side, 0), this.position));
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
      for (const other of this.along) {
        if (other.audio.paused || other.audio.seeking) continue;
        const wanted = this.local(other.side, this.position);
        if (wanted >= 0 && Math.abs(other.audio.currentTime - wanted) > 0.25) other.audio.currentTime = wanted;
      }
      this.show();
      requestAnimationFrame(() => this.tick());
    }

    tell(words) {
      const { left } = this.undo, [, , , , , cents] = this.segment;
      if (words) this.said.textContent = words;
      else if (this.side === "peaks") this.said.textContent = "Made of the fingerprints of both, not the audio: what coincides sounds in the middle, what only the upload has on the left, what only the reference has on the right.";
      else if (left && Math.abs(left) > 15) this.said.textContent = `The pitch was changed apart from the speed: the upload sounds ${Math.abs(Math.round(cents))} cents ${cents > 0 ? "higher" : "lower"}, which stays to be heard. “Pitch only” undoes that instead.`;
      else this.said.textContent = "";
    }
    show() {
      const before = this.page, [from, to] = this.window, at = (this.position - from) / (to - from);
      if (before !== this.page && this.zoom === "close") for (const lane of Object.values(this.lanes)) this.paint(lane);
      for (const lane of Object.values(this.lanes)) {
        const width = lane.canvas.clientWidth;
        lane.cursor.style.opacity = at < 0 || at > 1 ? 0 : "";
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
      const spectrum = window.soundalikeSpectrum, pen = spectrum.Picture.pen(canvas);
      const [from, to] = this.window, perPixel = (to - from) / width;
      const time = (x) => { const t = from + x * perPixel; return lane.side === "query" ? t : this.there(t); };
      const spans = this.segments.map((s) => (lane.side === "query" ? [s[0], s[1]] : [s[2], s[3]]));
      const place = (t) => ((lane.side === "query" ? t : this.back(t)) - from) / perPixel;
      spans.forEach(([a, b], at) => {
        pen.globalAlpha = (at === this.current ? 0.2 : 0.08) * (this.view === "spectrum" ? 0.6 : 1);
        pen.fillStyle = colour("--wave-on");
        pen.fillRect(place(a), 0, Math.max(1, place(b) - place(a)), height);
      });
      pen.globalAlpha = 1;
      if (this.view === "spectrum") {
        const begin = lane.side === "query" ? from : this.there(from), end = lane.side === "query" ? to : this.there(to);
        lane.picture.draw(lane.under, begin, end);
        const cents = lane.picture.index?.cents || this.found?.[lane.side].cents || 6133;
        if (this.found) lane.rings = spectrum.peaks(pen, { width, height }, this.found, lane.side, [begin, end], cents);
        return;
      }
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
