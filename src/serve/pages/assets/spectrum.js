// Spectrogram tiles of one side of a match, and the peaks over them: rings coincide, dots do not.
"use strict";

(() => {
  const colour = (name, where = document.documentElement) => getComputedStyle(where).getPropertyValue(name).trim();
  const TILES = 48; // kept for each side

  class Picture {
    constructor(address, redraw) {
      this.address = address;
      this.redraw = redraw;
      this.tiles = new Map();
    }
    async load() {
      if (this.asked) return;
      this.asked = true;
      try {
        const answer = await fetch(this.address);
        if (answer.ok) { this.index = await answer.json(); this.redraw(); }
      } catch { /* The peaks are drawn all the same. */ }
    }
    tile(scale, at) {
      const key = `${scale}/${at}`;
      let image = this.tiles.get(key);
      if (image) { this.tiles.delete(key); this.tiles.set(key, image); return image; }
      image = new Image();
      image.addEventListener("load", () => this.redraw());
      image.src = `${this.address}/${key}`;
      this.tiles.set(key, image);
      if (this.tiles.size > TILES) this.tiles.delete(this.tiles.keys().next().value);
      return image;
    }
    // Draws what lies from `from` to `to`, ms of this side, over the width of the canvas. `to` may lie before `from`: never.
    draw(canvas, from, to) {
      const width = canvas.clientWidth, height = canvas.clientHeight, pen = Picture.pen(canvas);
      this.drawn = 0;
      if (!this.index || !width || !(to > from)) return;
      const { column_ms: column, columns, tile } = this.index;
      let scale = 0;
      // As fine as the screen shows.
      while (scale + 1 < columns.length && (to - from) / (column * 2 ** (scale + 1)) >= width) scale += 1;
      const step = column * 2 ** scale, last = Math.ceil(columns[scale] / tile) - 1;
      const first = Math.max(0, Math.floor(from / step / tile)), end = Math.min(last, Math.floor(to / step / tile));
      pen.imageSmoothingEnabled = true;
      for (let at = first; at <= end; at += 1) {
        const image = this.tile(scale, at);
        if (!image.complete || !image.naturalWidth) continue;
        const x = (at * tile * step - from) / (to - from) * width, w = image.naturalWidth * step / (to - from) * width;
        pen.drawImage(image, x, 0, w, height);
        this.drawn += 1;
      }
    }
    static pen(canvas) {
      const dots = Math.min(2, window.devicePixelRatio || 1);
      canvas.width = Math.round(canvas.clientWidth * dots);
      canvas.height = Math.round(canvas.clientHeight * dots);
      const pen = canvas.getContext("2d");
      pen.scale(dots, dots);
      return pen;
    }
  }

  // Peaks of one side between `from` and `to`, ms of that side.
  const peaks = (pen, { width, height }, said, side, [from, to], cents) => {
    const all = said[side].peaks, column = side === "query" ? 0 : 1;
    const met = new Map(said.pairs.map((pair) => [pair[column], pair[2]]));
    const place = ([ms, c]) => [((ms - from) / (to - from)) * width, height - (c / cents) * height];
    const close = (to - from) / width < 40;
    pen.fillStyle = colour("--lone");
    all.forEach((peak, at) => {
      if (met.has(at) || peak[0] < from || peak[0] > to) return;
      const [x, y] = place(peak);
      pen.fillRect(x - 1, y - 1, 2, 2);
    });
    const colours = Picture.colours();
    pen.lineWidth = 1.6;
    let rings = 0;
    all.forEach((peak, at) => {
      if (!met.has(at) || peak[0] < from || peak[0] > to) return;
      const [x, y] = place(peak);
      pen.strokeStyle = pen.fillStyle = colours[met.get(at) % colours.length];
      pen.beginPath();
      pen.arc(x, y, close ? 3.4 : 1.8, 0, 7);
      if (close) pen.stroke(); else pen.fill();
      rings += 1;
    });
    return rings;
  };

  // The colours of segments, as style sheets have them.
  Picture.colours = () => {
    if (!Picture.probe) {
      Picture.probe = [0, 1, 2, 3, 4, 5].map((at) => {
        const span = document.createElement("span");
        span.className = `s${at}`;
        span.hidden = true;
        document.body.append(span);
        return span;
      });
    }
    return Picture.probe.map((span) => colour("--seg", span));
  };

  window.soundalikeSpectrum = { Picture, peaks };
})();
