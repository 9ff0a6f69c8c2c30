#!/usr/bin/env python3
"""Inventory of the music tracks below TARGET/unpacked/<package>/ (standard library + ffprobe).

usage: corpus_inventory.py TARGET PACKAGES.tsv SPLIT OUT.tsv [--min-seconds 20] [--jobs 2]

PACKAGES.tsv (tab separated, '#' comments): package, split, regex that a path must match
('-' = any), regex of paths to leave out ('-' = none).  SPLIT is a name in
the second column, or all.
Writes one row per track, sorted by path; exact duplicates (same sha256) are kept once
(first package in list order wins), and listed in OUT.tsv.duplicates.
"""
import argparse, concurrent.futures as cf, hashlib, json, os, re, struct, subprocess, sys, wave

AUDIO = (".ogg", ".oga", ".opus", ".mp3", ".flac", ".wav", ".m4a")
COLS = ["file", "package", "version", "split", "sha256", "duration", "sample_rate",
        "channels", "codec", "bytes", "licence", "artist", "title"]


def comments(buf, at):
    """Vorbis comments at buf[at:] as a dict (page boundaries inside are not undone)."""
    tags = {}
    try:
        n = struct.unpack_from("<I", buf, at)[0]
        at += 4 + n
        k = struct.unpack_from("<I", buf, at)[0]
        at += 4
        for _ in range(min(k, 64)):
            n = struct.unpack_from("<I", buf, at)[0]
            at += 4
            key, eq, val = buf[at:at + n].decode("utf-8", "replace").partition("=")
            at += n
            if eq and n < 500:
                tags.setdefault(key.lower(), " ".join(val.split()))
    except struct.error:
        pass
    return tags


def probe_ogg(path):
    """Duration, rate, channels and tags of an Ogg Vorbis or Opus file without a subprocess."""
    size = os.path.getsize(path)
    with open(path, "rb") as f:
        head = f.read(65536)
        if head[:4] != b"OggS":
            return None
        i, j = head.find(b"\x01vorbis", 0, 4096), head.find(b"OpusHead", 0, 4096)
        if i >= 0:
            ch, rate = struct.unpack_from("<BI", head, i + 11)
            codec, skip, base, at = "vorbis", 0, rate, head.find(b"\x03vorbis")
        elif j >= 0:
            ch, skip, rate = struct.unpack_from("<BHI", head, j + 9)
            codec, base, rate, at = "opus", 48000, 48000, head.find(b"OpusTags") + 1
        else:
            return None
        f.seek(max(0, size - 131072))
        tail = f.read()
    gran, k = -1, len(tail)
    while gran < 0:
        k = tail.rfind(b"OggS", 0, k)
        if k < 0 or k + 14 > len(tail):
            return None
        gran = struct.unpack_from("<q", tail, k + 6)[0]
    tags = comments(head, at + 7) if at > 0 else {}
    return dict(duration=f"{max(0, gran - skip) / base:.3f}", sample_rate=str(rate), channels=str(ch),
                codec=codec, artist=tags.get("artist", ""), title=tags.get("title", ""))


def probe_wav(path):
    try:
        with wave.open(path) as w:
            return dict(duration=f"{w.getnframes() / w.getframerate():.3f}", sample_rate=str(w.getframerate()),
                        channels=str(w.getnchannels()), codec=f"pcm{8 * w.getsampwidth()}", artist="", title="")
    except Exception:
        return None


def probe(path):
    low = path.lower()
    if low.endswith((".ogg", ".oga", ".opus")):
        r = probe_ogg(path)
        if r:
            return r
    elif low.endswith(".wav"):
        r = probe_wav(path)
        if r:
            return r
    return probe_ff(path)


def probe_ff(path):
    r = subprocess.run(["ffprobe", "-v", "error", "-show_format", "-show_streams",
                        "-select_streams", "a:0", "-of", "json", path],
                       capture_output=True, text=True, errors="replace")
    try:
        j = json.loads(r.stdout)
        st = j["streams"][0]
    except Exception:
        return None
    tags = {}
    for t in (j.get("format", {}).get("tags", {}), st.get("tags", {})):
        for k, v in t.items():
            tags[k.lower()] = " ".join(v.split())
    dur = float(st.get("duration") or j["format"].get("duration") or 0)
    return dict(duration=f"{dur:.3f}", sample_rate=st.get("sample_rate", ""),
                channels=str(st.get("channels", "")), codec=st.get("codec_name", ""),
                artist=tags.get("artist", ""), title=tags.get("title", ""))


def short(lic):
    return re.sub(r"\s+", " ", lic).strip()[:60]


class Copyright:
    """Licence of a path, as in the package's debian/copyright (DEP-5 where it is machine
    readable; else the licence names that the text mentions, marked with '~')."""

    def __init__(self, text):
        self.stanzas, self.free = [], ""
        cur = {}
        paras = re.split(r"\n\s*\n", text)
        for p in paras:
            d, key = {}, None
            for line in p.splitlines():
                m = re.match(r"^([A-Za-z-]+):\s*(.*)$", line)
                if m:
                    key = m.group(1).lower()
                    d[key] = m.group(2)
                elif key and line[:1] in " \t":
                    d[key] += "\n" + line.strip()
            if "files" in d and "license" in d:
                pats = d["files"].split()
                self.stanzas.append((pats, short(d["license"].split("\n")[0] or "see-text")))
        names = []
        for n, rx in (("GPL-2+", r"GPL.{0,40}version 2|GPL-2"), ("GPL-3", r"GPL.{0,40}version 3|GPL-3"),
                      ("CC-BY-SA", r"CC[- ]BY[- ]SA|ShareAlike"), ("CC0", r"CC0"),
                      ("CC-BY", r"CC[- ]BY[- ]?\d|Creative Commons Attribution \d"), ("BSD", r"\bBSD\b|Redistributions in binary form"),
                      ("MIT", r"\bMIT\b|Expat|Permission is hereby granted, free of charge"), ("public-domain", r"public domain"), ("Artistic", r"Artistic"),
                      ("zlib", r"\bzlib\b"), ("OAL", r"Open Audio")):
            if re.search(rx, text, re.I | re.S):
                names.append(n)
        if not any(n.startswith("GPL") for n in names) and re.search(r"\bGPL\b|General\s+Public\s+License", text):
            names.insert(0, "GPL")
        self.free = "~" + "/".join(names) if names else "~see-copyright"

    def of(self, relpath):
        best = None
        full = relpath.lstrip("/")
        parts = full.split("/")
        cands = ["/".join(parts[i:]) for i in range(len(parts))]
        for pats, lic in self.stanzas:
            for pat in pats:
                if pat == "*":
                    if best is None:
                        best = (0, lic)
                    continue
                rx = re.compile("^" + re.escape(pat.rstrip("/")).replace(r"\*", ".*").replace(r"\?", ".") + "$")
                if any(rx.match(c) for c in cands):
                    sc = len(pat)
                    if best is None or sc >= best[0]:
                        best = (sc, lic)
        return best[1] if best else self.free


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("target"); ap.add_argument("packages"); ap.add_argument("split"); ap.add_argument("out")
    ap.add_argument("--min-seconds", type=float, default=20.0)
    ap.add_argument("--jobs", type=int, default=2)
    a = ap.parse_args()
    pk = []
    for line in open(a.packages, encoding="utf-8"):
        if line.strip() and not line.startswith("#"):
            f = line.rstrip("\n").split("\t")
            pk.append((f[0], f[1], f[2] if len(f) > 2 else "-", f[3] if len(f) > 3 else "-"))
    root = os.path.abspath(a.target)
    jobs = []
    for name, split, inc, exc in pk:
        if a.split not in ("all", split) or split == "none":
            continue
        base = os.path.join(root, "unpacked", name)
        if not os.path.isdir(base):
            print(f"warning: {name} is not unpacked", file=sys.stderr)
            continue
        done = os.path.join(base, ".done")
        ver = open(done).read().split()[1] if os.path.exists(done) else ""
        cps = []
        for dp, dn, fn in os.walk(base):
            if "copyright" in fn and "/doc/" in dp:
                cps.append(os.path.join(dp, "copyright"))
        cps.sort(key=lambda p: (f"/doc/{name}/" not in p, p))
        cp = Copyright(open(cps[0], encoding="utf-8", errors="replace").read()) if cps else Copyright("")
        for dp, dn, fn in os.walk(base):
            dn.sort()
            for f in sorted(fn):
                p = os.path.join(dp, f)
                rel = os.path.relpath(p, root)
                inner = os.path.relpath(p, base)
                if not f.lower().endswith(AUDIO) or os.path.islink(p):
                    continue
                if inc != "-" and not re.search(inc, inner):
                    continue
                if exc != "-" and re.search(exc, inner):
                    continue
                jobs.append((p, rel, name, ver, split, cp.of(inner)))
    def work(j):
        p = j[0]
        if os.path.getsize(p) < 100000:
            return None
        info = probe(p)
        if not info or float(info["duration"]) < a.min_seconds:
            return None
        h = hashlib.sha256()
        with open(p, "rb") as fh:
            for b in iter(lambda: fh.read(1 << 20), b""):
                h.update(b)
        info.update(file=j[1], package=j[2], version=j[3], split=j[4], licence=j[5],
                    sha256=h.hexdigest(), bytes=str(os.path.getsize(p)))
        return info
    with cf.ThreadPoolExecutor(a.jobs) as ex:
        rows = [r for r in ex.map(work, jobs) if r]
    seen, keep, dup = {}, [], []
    for r in rows:
        if r["sha256"] in seen:
            dup.append((r["file"], seen[r["sha256"]]))
        else:
            seen[r["sha256"]] = r["file"]
            keep.append(r)
    with open(a.out, "w", encoding="utf-8") as o:
        o.write("\t".join(COLS) + "\n")
        for r in sorted(keep, key=lambda r: r["file"]):
            o.write("\t".join(str(r[c]).replace("\t", " ") for c in COLS) + "\n")
    with open(a.out + ".duplicates", "w", encoding="utf-8") as o:
        o.write("dropped\tkept\n")
        for x, y in dup:
            o.write(f"{x}\t{y}\n")
    hours = sum(float(r["duration"]) for r in keep) / 3600
    print(f"{a.out}: {len(keep)} tracks, {hours:.2f} h, {len(dup)} exact duplicates dropped")


if __name__ == "__main__":
    main()
