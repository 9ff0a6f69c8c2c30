"""Plausible declarations for the planted batch: what a distributor's manifest would say.

Families tell the stories of documented cases; what they declare never depends on how their audio
was changed.
  many_names       one account, other titles and artists, within an hour (one tune under 49 names)
  other_registrant one recording from several accounts, artists and ISRC registrants, over months
  one_artist       one artist uploads the same under new titles ("sped up", "night version")
  redelivery       same title, artist and ISRC delivered again, days apart: legitimate
  versions         radio edit, instrumental, remaster of one artist and account: legitimate
  transfer         same ISRC from another account and label: a catalogue that moved
"""
import datetime

COLUMNS = ["filename", "title", "artist", "isrc", "upc", "label", "account", "received_at", "ai"]
START = datetime.datetime(2026, 9, 1, 6, 0, tzinfo=datetime.timezone.utc)
# Story, how many of 40 families tell it, whether the audio may be changed beyond encoding, level and length.
STORIES = [("many_names", 14, True), ("other_registrant", 8, True), ("one_artist", 7, True), ("redelivery", 5, False),
           ("versions", 3, False), ("transfer", 3, False)]
A = ("Quiet Golden Paper Neon Hollow Northern Velvet Broken Distant Electric Silver Midnight Amber Gentle Wild Frozen "
     "Crimson Lunar Salt Secret").split()
B = ("Harbor Rain Mirror Garden Signal Window River Engine Summer Ocean Lantern Forest Circle Letter Desert Station "
     "Meadow Shadow Orbit Tide").split()
FIRST = "Mara Jonas Aiko Lena Tomas Ines Pavel Noor Elio Freya Idris Sana Oskar Vera Nils Tara Milo Ruth Kofi Ana".split()
LAST = "Vale Lindqvist Moreau Okafor Haas Ferrer Kim Duarte Novak Sato Bell Iqbal Roth Stone Marin Falk Osei Lund Ray Cole".split()
VERSIONS = ["Radio Edit", "Instrumental", "Remastered", "Extended Mix", "Clean", "Single Version"]
TWISTS = ["Sped Up", "Slowed", "Night Version", "Lofi Edit", "Dream Version", "Reverb", "Late Drive", "Study Version"]


def title(rng):
    return rng.choice([f"{rng.choice(A)} {rng.choice(B)}", f"{rng.choice(B)} of {rng.choice(B)}", rng.choice(A)])


def artist(rng):
    return rng.choice([f"{rng.choice(FIRST)} {rng.choice(LAST)}", f"{rng.choice(A)} {rng.choice(B)}s", f"DJ {rng.choice(LAST)}"])


def registrant(rng):
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    return rng.choice(["US", "GB", "DE", "SE", "FR", "QZ"]) + "".join(rng.choice(letters + "0123456789") for _ in range(3))


def isrc(rng, owner):
    return f"{owner}{rng.choice(['24', '25', '26'])}{rng.randrange(100000):05d}"


def upc(rng):
    digits = [rng.randrange(10) for _ in range(11)]
    return "".join(map(str, digits)) + str(-(3 * sum(digits[::2]) + sum(digits[1::2])) % 10)


def stamp(seconds):
    return (START + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def account(rng):
    return f"acc-{rng.randrange(1000, 9999)}"


def family(story, size, rng):
    """The rows of one family, without file names."""
    base = dict(title=title(rng), artist=artist(rng), label=f"{rng.choice(B)} Records", account=account(rng))
    owner, begin = registrant(rng), rng.randrange(60 * 86400)
    code, ai, rows = isrc(rng, owner), rng.choice(["", "", "none", "partly", "all"]), []
    for i in range(size):
        row = dict(base, isrc=code, upc=upc(rng), ai=ai)
        at = begin + i * rng.randrange(2 * 86400, 9 * 86400)
        if story == "many_names":
            row |= dict(title=title(rng), artist=artist(rng), isrc=isrc(rng, owner) if rng.random() < 0.8 else "")
            at = begin + rng.randrange(3600)
        elif story == "other_registrant":
            row |= dict(title=title(rng), artist=artist(rng), label=f"{rng.choice(A)} Music", account=account(rng),
                        isrc=isrc(rng, registrant(rng)))
        elif story == "one_artist":
            row |= dict(title=base["title"] if i == 0 else f"{base['title']} ({rng.choice(TWISTS)})", isrc=isrc(rng, owner))
        elif story == "versions":
            row |= dict(title=base["title"] if i == 0 else f"{base['title']} ({VERSIONS[i % len(VERSIONS)]})",
                        isrc=isrc(rng, owner))
        elif story == "transfer" and i:
            row |= dict(account=rows[1]["account"] if len(rows) > 1 else account(rng), label="Second Harbor Group")
        rows.append(row | dict(received_at=stamp(at)))
    return rows


def singles(count, rng):
    """The rows of unrelated uploads: accounts of one to six tracks, titles now and then the same."""
    rows = []
    while len(rows) < count:
        acc, who, owner, begin = account(rng), artist(rng), registrant(rng), rng.randrange(80 * 86400)
        label, product, ai = f"{rng.choice(B)} {rng.choice(['Records', 'Audio', 'Sounds'])}", upc(rng), rng.choice(["", "", "", "none", "partly"])
        for k in range(min(rng.randint(1, 6), count - len(rows))):
            rows.append(dict(title=title(rng), artist=who, isrc=isrc(rng, owner) if rng.random() < 0.9 else "", upc=product,
                             label=label, account=acc, received_at=stamp(begin + k * rng.randrange(20, 200)), ai=ai))
    return rows
