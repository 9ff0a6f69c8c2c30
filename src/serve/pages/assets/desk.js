// The desk: keys, decisions, sending. Pages say all there is to see without it.
"use strict";

(() => {
  const $ = (what, where = document) => where.querySelector(what);
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const post = async (address, body) => {
    const answer = await fetch(address, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
    });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.detail || said.title || `the service answered ${answer.status}`);
    return said;
  };
  const typing = (e) => e.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]");

  // A word at the bottom, with something that can be done about it.
  const toast = (words, button, act) => {
    const box = $(".toast");
    box.replaceChildren(document.createTextNode(words));
    if (button) {
      const b = document.createElement("button");
      b.textContent = button;
      b.addEventListener("click", act);
      box.append(b);
    }
    box.hidden = false;
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => { box.hidden = true; }, 12000);
  };

  // What is wider than the screen can be moved by keys, too.
  const reach = () => all(".scroll, .sideways").forEach((box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; else box.removeAttribute("tabindex");
  });
  addEventListener("resize", reach);
  document.addEventListener("toggle", reach, true);
  reach();

  // The queue: rows by key.
  const queue = () => {
    const rows = all(".row .open");
    const move = (by) => {
      const at = rows.indexOf(document.activeElement);
      const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))];
      if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
    };
    document.addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey || typing(e)) return;
      if (e.key === "j") move(1);
      else if (e.key === "k") move(-1);
      else if (e.key === "/" && $(".filters input[name=q]")) { e.preventDefault(); $(".filters input[name=q]").focus(); }
    });
    const form = $(".filters");
    if (form) {
      all("select", form).forEach((s) => s.addEventListener("change", () => form.requestSubmit()));
      form.addEventListener("submit", () => all("input, select", form).forEach((f) => { if (!f.value && f.name !== "status") f.disabled = true; }));
    }
  };

  // An upload: decisions, notes, parts that are drawn when somebody looks.
  const item = (page) => {
    const id = page.dataset.upload, address = page.dataset.decide, panel = $(".decide-on"), form = $(".because-form");
    let chosen = null;
    const open = (action) => {
      if (action === "reopen") { undo(); return; }
      chosen = action;
      all(".choice").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.action === action)));
      all("[data-for]", form).forEach((part) => { part.hidden = !part.dataset.for.split(" ").includes(action); });
      all("input[name=offered]", form).forEach((r) => { r.checked = false; });
      $(".follows", form).textContent = $(`template[data-follows=${action}]`, form).content.textContent;
      $(".wrong", form).hidden = true;
      form.hidden = false;
      const first = $(`[data-for=${action}] input[name=offered]`, form);
      (first || form.elements.reason).focus();
      if (panel.getBoundingClientRect().top < 0) panel.scrollIntoView({ block: "start" });
    };
    const close = () => {
      form.hidden = true;
      const was = chosen;
      chosen = null;
      all(".choice").forEach((b) => b.setAttribute("aria-pressed", "false"));
      if (was) $(`.choice[data-action=${was}]`)?.focus();
    };
    const wrong = (words) => { const p = $(".wrong", form); p.textContent = words; p.hidden = false; };
    const decide = async (body) => {
      const seen = page.dataset.revision === undefined ? {} : { revision: Number(page.dataset.revision) };
      const done = await post(address, { ...body, ...seen });
      const refused = done.refused?.length ? `, ${done.refused.length} not: ${done.refused[0].detail}` : "";
      sessionStorage.setItem("decided", JSON.stringify({ id, action: body.action, title: page.dataset.title + refused, revision: done.upload?.revision }));
    };
    const undo = async () => {
      if (!id || !$(".undo-decision")) return;
      try {
        await decide({ action: "reopen", reason: "taken back at the desk" });
        sessionStorage.removeItem("decided");
        location.reload();
      } catch (error) { toast(error.message); }
    };
    all(".choice").forEach((b) => b.addEventListener("click", () => open(b.dataset.action)));
    $(".undo-decision")?.addEventListener("click", undo);
    $("[data-cancel]", form).addEventListener("click", close);
    let sending = false;
    form.addEventListener("submit", async (e) => {
      e.preventDefault();
      if (!chosen || sending) return;
      const offered = form.elements.offered?.value || $("input[name=offered]:checked", form)?.value || "";
      const words = form.elements.reason.value.trim();
      const reason = [offered, words].filter(Boolean).join("; ");
      if (!reason) { wrong("A decision needs a reason: choose one, or write it."); form.elements.reason.focus(); return; }
      const body = { action: chosen, reason };
      const until = form.elements.until.value.trim();
      if (until && ["pass", "park"].includes(chosen)) body.until = until;
      const reach = $("input[name=reach]:checked", form);
      if (chosen === "pass" && reach) body.reach = reach.value;
      sending = true;
      try {
        await decide(body);
        if (page.dataset.next) location.href = `/uploads/${page.dataset.next}`;
        else location.reload();
      } catch (error) { wrong(error.message); } finally { sending = false; }
    });
    $(".note-form")?.addEventListener("submit", async (e) => {
      e.preventDefault();
      const text = e.target.elements.text.value.trim();
      if (!text) return;
      try { await post(`/v1/uploads/${id}/notes`, { text }); location.reload(); } catch (error) { toast(error.message); }
    });
    all("details[data-part]").forEach((d) => d.addEventListener("toggle", async () => {
      const part = $(".part", d);
      if (!d.open || part.dataset.state) return;
      part.dataset.state = "waiting";
      part.textContent = "Drawing …";
      try {
        const answer = await fetch(d.dataset.part);
        if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
        part.innerHTML = await answer.text();
        part.dataset.state = "done";
        reach();
      } catch (error) { part.textContent = `It could not be drawn: ${error.message}`; delete part.dataset.state; }
    }));
    keys(page, { open, close, undo, form, chosen: () => chosen });
  };

  const keys = (page, { open, close, undo, form, chosen }) => {
    const go = (to) => { if (to) location.href = `/uploads/${to}`; };
    document.addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey) return;
      if (e.key === "Escape" && chosen()) { close(); return; }
      if (typing(e)) return;
      if (chosen()) {
        // Reasons by number, Enter to enter.
        const offered = all(`[data-for=${chosen()}] input[name=offered]`, form);
        if (/^[1-9]$/.test(e.key) && offered[e.key - 1]) { offered[e.key - 1].checked = true; offered[e.key - 1].focus(); e.preventDefault(); return; }
        if (e.key === "Enter" && !e.target.closest("button")) { e.preventDefault(); form.requestSubmit(); return; }
      }
      const players = window.soundalikePlayers, player = players?.focused;
      const acts = {
        p: () => open("pass"), h: () => open("hold"), r: () => open("reject"), a: () => open("park"), z: () => undo(),
        j: () => go(page.dataset.next), k: () => go(page.dataset.previous), x: () => player?.other(), y: () => player?.hear(player.side === "peaks" ? "query" : "peaks"),
        s: () => player?.show_as(player.view === "wave" ? "spectrum" : "wave"), b: () => player?.restart(),
        "[": () => player?.jump(player.current - 1), "]": () => player?.jump(player.current + 1),
      };
      if (e.key === " " && !e.target.closest("button, a, summary, input")) { e.preventDefault(); player?.toggle(); }
      else if (e.key === "ArrowLeft" && !e.target.closest("input")) player?.nudge(-5000);
      else if (e.key === "ArrowRight" && !e.target.closest("input")) player?.nudge(5000);
      else if (/^[1-9]$/.test(e.key)) {
        const found = players?.focus(e.key - 1);
        if (found && players.all[e.key - 1] === found) found.root.closest(".match-card").scrollIntoView({ block: "start" });
      } else if (acts[e.key]) { e.preventDefault(); acts[e.key](); }
    });
  };

  // What was decided on the page before.
  const told = () => {
    const text = sessionStorage.getItem("decided");
    if (!text) return;
    sessionStorage.removeItem("decided");
    const last = JSON.parse(text), done = { pass: "Passed", hold: "Held", reject: "Rejected", park: "Parked" }[last.action];
    if (!done) return;
    toast(`${done}: ${last.title}`, last.id ? "Undo" : "", async () => {
      try {
        await post(`/v1/uploads/${last.id}/decisions`, { action: "reopen", reason: "taken back at the desk", revision: last.revision });
        location.href = `/uploads/${last.id}`;
      } catch (error) { toast(error.message); }
    });
  };

  // A cluster: its members one after the other, from the moment that they share.
  const cluster = (section) => {
    const rows = all("[data-audio]", section), audio = new Audio(), play = $(".play", section), said = $(".said", section);
    let at = 0, loaded = -1, form = "";
    const load = () => {
      loaded = at;
      audio.src = rows[at].dataset.audio + form;
      audio.currentTime = rows[at].dataset.begin / 1000;
    };
    const show = () => {
      rows.forEach((r, i) => { r.dataset.on = String(i === at); });
      play.setAttribute("aria-pressed", String(!audio.paused));
      $(".words", play).textContent = audio.paused ? "Play" : "Pause";
    };
    const start = async () => {
      if (loaded !== at) { form = ""; load(); }
      said.textContent = "";
      await audio.play().catch(() => {});
      show();
    };
    const choose = (i) => { at = (i + rows.length) % rows.length; start(); };
    audio.addEventListener("error", async () => {
      if (!form) { form = "?form=wav"; load(); audio.play().catch(() => {}); return; }
      const answer = await fetch(rows[at].dataset.audio).then((a) => a.json()).catch(() => ({}));
      said.textContent = answer.detail || "It cannot be played.";
      show();
    });
    ["play", "pause", "ended"].forEach((name) => audio.addEventListener(name, show));
    audio.addEventListener("ended", () => { if (at + 1 < rows.length) choose(at + 1); });
    audio.addEventListener("timeupdate", () => { $(".time", section).textContent = window.soundalikePlayers.clock(audio.currentTime * 1000); });
    const toggle = () => { if (audio.paused) start(); else audio.pause(); };
    play.addEventListener("click", toggle);
    $(".following", section).addEventListener("click", () => choose(at + 1));
    rows.forEach((r, i) => $(".hear", r).addEventListener("click", () => choose(i)));
    document.addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey || typing(e)) return;
      if (e.key === " " && !e.target.closest("button, a, summary")) { e.preventDefault(); toggle(); }
      else if (e.key === "x") choose(at + 1);
    });
    show();
  };

  // Sending.
  const send = (page) => {
    const checks = page.dataset.page === "check";
    const form = checks ? $("#check") : $("#send"), file = form.elements.audio, drop = $(".drop"), list = $(".jobs ol");
    const size = (n) => (n < 1e6 ? `${Math.ceil(n / 1e3)} kB` : `${(n / 1e6).toFixed(1)} MB`);
    const chosen = () => $(".chosen").replaceChildren(...[...file.files].map((f) => { const li = document.createElement("li"); li.textContent = `${f.name}, ${size(f.size)}`; return li; }));
    file.addEventListener("change", chosen);
    for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (e) => { e.preventDefault(); drop.dataset.over = "true"; });
    for (const name of ["dragleave", "drop"]) drop.addEventListener(name, (e) => { e.preventDefault(); drop.dataset.over = "false"; });
    drop.addEventListener("drop", (e) => { if (e.dataTransfer.files.length) { file.files = e.dataTransfer.files; chosen(); } });
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      const body = new FormData(), declared = {};
      for (const f of file.files) body.append("audio", f, f.name);
      for (const name of ["title", "artist", "album", "isrc", "label", "account", "ai", "rights"]) {
        const value = form.elements[name]?.value.trim();
        if (value) declared[name] = value;
      }
      if (Object.keys(declared).length) body.append("declared", JSON.stringify(declared));
      if (checks) {
        body.append("check", JSON.stringify({ services: all("input[name=service]:checked", form).map((box) => box.value), samples: form.elements.samples.value }));
        for (const f of form.elements.receipt.files) body.append("receipt", f, f.name);
      }
      const manifest = form.elements.manifest?.files[0];
      if (manifest) body.append("manifest", manifest, manifest.name);
      const names = [...file.files].map((f) => f.name).join(", ");
      transfer(body, names, page.dataset.reviews === "true");
      form.reset();
      chosen();
    });
    const transfer = (body, names, reviews) => {
      const li = document.createElement("li"), p = document.createElement("p"), bar = document.createElement("progress"), out = document.createElement("p");
      p.textContent = names;
      bar.max = 1;
      bar.setAttribute("aria-label", "Progress");
      li.append(p, bar, out);
      list.prepend(li);
      $(".jobs").hidden = false;
      const request = new XMLHttpRequest();
      request.open("POST", checks ? "/v1/checks" : "/v1/uploads");
      request.upload.addEventListener("progress", (e) => { if (e.lengthComputable) { bar.value = (0.5 * e.loaded) / e.total; out.textContent = "Sending"; } });
      const failed = (words) => { bar.remove(); out.textContent = words; out.className = "wrong"; };
      request.addEventListener("error", () => failed("The service cannot be reached."));
      request.addEventListener("load", () => {
        let said = {};
        try { said = JSON.parse(request.responseText); } catch { /* not ours */ }
        if (request.status >= 400) { failed(said.detail || said.title || `the service answered ${request.status}`); return; }
        if (checks) { location.href = `/check/${said.id}`; return; }
        follow(said.id, bar, out, reviews, failed);
      });
      request.send(body);
    };
    const follow = async (job, bar, out, reviews, failed) => {
      for (;;) {
        const said = await fetch(`/v1/jobs/${job}`).then((a) => a.json()).catch(() => null);
        if (said?.state === "failed") { failed(said.message); return; }
        if (said?.state === "done") {
          bar.value = 1;
          out.replaceChildren();
          const counts = Object.entries(said.summary?.verdicts || {}).map(([level, n]) => `${n} ${level}`);
          if (said.summary?.errors) counts.push(`${said.summary.errors} unreadable`);
          out.append(`Done: ${counts.join(", ") || "nothing to judge"}. `);
          if (reviews) said.uploads.forEach((u, i) => { const a = document.createElement("a"); a.href = `/uploads/${u}`; a.textContent = said.uploads.length > 1 ? `Upload ${i + 1}` : "See what was found"; out.append(a, " "); });
          return;
        }
        out.textContent = said?.state === "running" ? (said.files ? `Looking: ${said.files_done} of ${said.files}` : "Looking") : "Waiting for its turn";
        if (said?.files) bar.value = 0.5 + (0.5 * said.files_done) / said.files;
        await new Promise((r) => setTimeout(r, 400));
      }
    };
  };

  // A check that is being worked on.
  const checking = async (page) => {
    for (;;) {
      const said = await fetch(`/v1/jobs/${page.dataset.job}`).then((a) => a.json()).catch(() => null);
      if (said?.state === "done" || said?.state === "failed") { location.reload(); return; }
      await new Promise((r) => setTimeout(r, 500));
    }
  };

  const page = $("[data-page]");
  if ($(".filters") || $(".rows")) queue();
  if (page?.dataset.page === "item" && $(".because-form")) item(page);
  if ($("[data-cluster]")) cluster($("[data-cluster]"));
  if (["send", "check"].includes(page?.dataset.page)) send(page);
  if (page?.dataset.page === "checking") checking(page);
  told();
})();
