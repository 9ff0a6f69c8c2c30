//! The packs at hand: those of the binary, and those of a folder over them.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::asked::Role;
use super::error::PackError;
use super::pack::Pack;
use super::reader::MAX_BYTES;
use super::words::{nearest, visible};

/// Pack that applies where none was chosen.
pub const DEFAULT_PACK: &str = "generic";
/// Where built-in packs say they come from.
pub const BUILT_IN: &str = "built in";
/// Packs that may extend each other in a row.
const MAX_CHAIN: usize = 8;
/// Files read from a folder of packs.
const MAX_FILES: usize = 1000;

macro_rules! built_in {
    ($($id:literal)*) => {
        &[$(($id, include_str!(concat!("packs/", $id, ".toml"))),)*]
    };
}

/// Packs shipped with the binary.
pub(super) const PACKS: &[(&str, &str)] = built_in! {
    "generic" "amazon" "amuse" "apple" "bandcamp" "beatchain" "beatport" "believe" "cdbaby" "deezer" "distrokid"
    "emastered" "landr" "meta" "qobuz" "rapchat" "recordjet" "routenote" "soundcloud" "spotify" "symphonic" "tidal"
    "tiktok" "tunecore" "youtube" "youtube-cid"
};

/// All packs that can be chosen.
#[derive(Debug, Clone)]
pub struct PackSet {
    packs: BTreeMap<String, Arc<Pack>>,
}

impl PackSet {
    /// The built-in packs, and those of the `*.toml` files in `dir`: one with the name of a built-in pack
    /// replaces it. Any pack that cannot be used is an error.
    pub fn load(dir: Option<&Path>) -> Result<PackSet, PackError> {
        let mut packs = BTreeMap::new();
        for (id, text) in PACKS {
            let mut pack = Pack::parse(text, &format!("{BUILT_IN}/{id}.toml"))?;
            pack.origin = BUILT_IN.to_owned();
            packs.insert(pack.id.clone(), pack);
        }
        let mut own: BTreeMap<String, Pack> = BTreeMap::new();
        for path in dir.map(pack_files).transpose()?.unwrap_or_default() {
            let pack = read_pack(&path)?;
            if let Some(other) = own.get(&pack.id) {
                let other = other.origin.clone();
                return Err(PackError::Twice { origin: pack.origin, name: pack.id, other });
            }
            own.insert(pack.id.clone(), pack);
        }
        packs.extend(own);
        PackSet::of(packs)
    }

    fn of(packs: BTreeMap<String, Pack>) -> Result<PackSet, PackError> {
        let mut names: BTreeMap<String, &Pack> = BTreeMap::new();
        for pack in packs.values() {
            for name in std::iter::once(&pack.id).chain(&pack.aliases) {
                match names.insert(plain(name), pack) {
                    Some(other) if other.id != pack.id => {
                        return Err(PackError::Twice {
                            origin: pack.origin.clone(),
                            name: name.clone(),
                            other: format!("{} ({})", other.id, other.origin),
                        });
                    }
                    _ => {}
                }
            }
        }
        let mut done: BTreeMap<String, Arc<Pack>> = BTreeMap::new();
        for id in packs.keys() {
            resolve(id, &packs, &mut done, 0)?;
        }
        Ok(PackSet { packs: done })
    }

    /// Reads `path` as a pack beside the ones at hand, as [`PackSet::load`] would.
    pub fn check_file(&self, path: &Path) -> Result<Pack, PackError> {
        let pack = read_pack(path)?;
        let id = pack.id.clone();
        let mut packs: BTreeMap<String, Pack> =
            self.packs.iter().map(|(id, p)| (id.clone(), p.as_ref().clone())).collect();
        packs.insert(id.clone(), pack);
        let set = PackSet::of(packs)?;
        set.get(&id).cloned()
    }

    /// All packs, by name; the default first.
    pub fn packs(&self) -> impl Iterator<Item = &Pack> {
        let first = self.packs.get(DEFAULT_PACK);
        let rest = self.packs.values().filter(|p| p.id != DEFAULT_PACK);
        first.into_iter().chain(rest).map(Arc::as_ref)
    }

    /// The pack called `name`, by its identifier or an alias; case, hyphens and spaces do not matter.
    pub fn get(&self, name: &str) -> Result<&Pack, PackError> {
        let wanted = plain(name);
        let named = |pack: &&Arc<Pack>| {
            plain(&pack.id) == wanted || pack.aliases.iter().any(|a| plain(a) == wanted)
        };
        self.packs.values().find(named).map(Arc::as_ref).ok_or_else(|| {
            let names = self
                .packs
                .values()
                .flat_map(|p| std::iter::once(&p.id).chain(&p.aliases))
                .map(String::as_str);
            PackError::Unknown {
                name: visible(name).chars().take(64).collect(),
                suggestion: nearest(name, names).map(str::to_owned),
                known: self.packs().map(|p| p.id.clone()).collect(),
            }
        })
    }

    /// The packs that say what platforms of users' uploads take as references.
    pub fn programs(&self) -> impl Iterator<Item = &Pack> {
        self.packs().filter(|pack| pack.role == Role::Program)
    }

    /// The packs of a list such as `spotify,cdbaby`, in that order, each once.
    pub fn select(&self, list: &str) -> Result<Vec<Pack>, PackError> {
        let mut chosen: Vec<Pack> = Vec::new();
        for name in list.split(',').map(str::trim).filter(|n| !n.is_empty()) {
            let pack = self.get(name)?;
            if chosen.iter().all(|p| p.id != pack.id) {
                chosen.push(pack.clone());
            }
        }
        if chosen.is_empty() { Err(PackError::NoneNamed) } else { Ok(chosen) }
    }
}

/// Names compare without case and punctuation.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn resolve(
    id: &str,
    packs: &BTreeMap<String, Pack>,
    done: &mut BTreeMap<String, Arc<Pack>>,
    depth: usize,
) -> Result<Arc<Pack>, PackError> {
    if let Some(pack) = done.get(id) {
        return Ok(Arc::clone(pack));
    }
    let Some(pack) = packs.get(id) else {
        return Err(PackError::Extends {
            origin: id.to_owned(),
            message: "there is no such pack".to_owned(),
        });
    };
    let wrong = |message: String| PackError::Extends { origin: pack.origin.clone(), message };
    if depth >= MAX_CHAIN {
        return Err(wrong(format!("{id}: packs extend each other in a circle")));
    }
    let mut pack = pack.clone();
    pack.base = match &pack.extends {
        Some(base) if !packs.contains_key(base) => {
            return Err(wrong(format!("{id} extends `{base}`, which is not there")));
        }
        Some(base) => Some(resolve(base, packs, done, depth + 1)?),
        None => None,
    };
    let pack = Arc::new(pack);
    done.insert(id.to_owned(), Arc::clone(&pack));
    Ok(pack)
}

/// The pack files of a folder, in order of their names.
pub fn pack_files(dir: &Path) -> Result<Vec<PathBuf>, PackError> {
    let error = |source| PackError::Io { path: dir.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(error)? {
        let path = entry.map_err(error)?.path();
        if path.extension().is_some_and(|e| e == "toml") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    if files.len() > MAX_FILES {
        let source = std::io::Error::other(format!("more than {MAX_FILES} packs"));
        return Err(PackError::Io { path: dir.to_owned(), source });
    }
    Ok(files)
}

fn read_pack(path: &Path) -> Result<Pack, PackError> {
    let error = |source| PackError::Io { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(error)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(error)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(PackError::TooLarge { path: path.to_owned(), limit: MAX_BYTES });
    }
    let origin = visible(&path.to_string_lossy());
    let text = String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let line = 1 + e.as_bytes()[..at].iter().filter(|b| **b == b'\n').count();
        PackError::Syntax { origin: origin.clone(), line, message: "not UTF-8 text".to_owned() }
    })?;
    Pack::parse(text.trim_start_matches('\u{feff}'), &origin)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::level::Level;
    use crate::policy::facts::FactsBuilder;
    use crate::policy::observation::Rule;

    fn with_files(files: &[(&str, &str)]) -> Result<PackSet, PackError> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        PackSet::load(Some(dir.path()))
    }

    fn head(id: &str, more: &str) -> String {
        format!("id='{id}'\ntitle='{id}'\nversion='1'\nverified_on='2026-01-01'\n{more}\n")
    }

    #[test]
    fn every_built_in_pack_is_whole() {
        let set = PackSet::load(None).unwrap();
        let ids: BTreeSet<&str> = set.packs().map(|p| p.id.as_str()).collect();
        assert_eq!(ids.len(), PACKS.len());
        for pack in set.packs() {
            assert!(!pack.rules.is_empty(), "{}", pack.id);
            for rule in &pack.rules {
                assert!(!rule.source.publication.is_empty() && !rule.source.date.is_empty());
            }
            // Whatever is observed has a level somewhere.
            for rule in Rule::ALL {
                assert!(!pack.entries(*rule).is_empty(), "{}: {}", pack.id, rule.id());
            }
        }
    }

    #[test]
    fn the_default_rejects_nothing_but_what_its_user_blocked() {
        let set = PackSet::load(None).unwrap();
        let rejecting = set.get(DEFAULT_PACK).unwrap().rules.iter();
        let rejecting: Vec<_> =
            rejecting.filter(|r| r.level == Level::Reject).map(|r| r.rule).collect();
        assert_eq!(rejecting, [Rule::Audio005]);
    }

    #[test]
    fn no_pack_for_distribution_rejects_on_a_part() {
        let set = PackSet::load(None).unwrap();
        let part = FactsBuilder::default()
            .number("query_match_pct", 94.0)
            .number("asset_match_pct", 94.0)
            .number("matched_s", 200.0)
            .flag("same_party", false)
            .done();
        for pack in set.packs().filter(|p| p.role != Role::Program) {
            for rule in [Rule::Audio001, Rule::Audio002, Rule::Audio003, Rule::Audio004] {
                let level = pack.assess(rule, &part).map(|(_, r)| r.level);
                assert!(level < Some(Level::Reject), "{} {}", pack.id, rule.id());
            }
        }
    }

    #[test]
    fn a_missing_disclosure_never_rejects_and_is_a_note_at_spotify() {
        let set = PackSet::load(None).unwrap();
        for pack in set.packs() {
            let worst = pack.entries(Rule::Disc001).iter().map(|(_, r)| r.level).max();
            assert!(worst < Some(Level::Reject), "{}", pack.id);
        }
        let own = &set.get("spotify").unwrap().rules;
        assert!(own.iter().any(|r| r.rule == Rule::Disc001));
        assert!(own.iter().all(|r| r.rule != Rule::Disc001 || r.level == Level::Clear));
    }

    #[test]
    fn packs_are_found_by_any_of_their_names() {
        let set = PackSet::load(None).unwrap();
        let ids = |list: &str| -> Vec<String> {
            set.select(list).unwrap().into_iter().map(|p| p.id).collect()
        };
        assert_eq!(ids("Spotify, CD-Baby,cdbaby"), ["spotify", "cdbaby"]);
        assert_eq!(ids("applemusic,apple-music,Apple"), ["apple"]);
        let error = set.select("spotfy").unwrap_err().to_string();
        assert!(error.contains("did you mean `spotify`?") && error.contains("tunecore"), "{error}");
        assert!(matches!(set.select(" , "), Err(PackError::NoneNamed)));
    }

    #[test]
    fn a_folder_replaces_and_adds_packs() {
        let rule = "[[sources]]\nid='A'\npublication='us'\ntag='P'\n[[rules]]\nrule='META-001'\nlevel='reject'\ntext='No.'\nsource='A'";
        let house = head("house", &format!("extends='spotify'\n{rule}"));
        let set =
            with_files(&[("a.toml", &house), ("s.toml", &head("spotify", "extends='generic'"))])
                .unwrap();
        assert!(set.get("spotify").unwrap().rules.is_empty(), "replaced");
        let facts = Default::default();
        let (owner, entry) = set.get("house").unwrap().assess(Rule::Meta001, &facts).unwrap();
        assert_eq!((owner.id.as_str(), entry.level), ("house", Level::Reject));
        let (owner, _) = set.get("house").unwrap().assess(Rule::Meta005, &facts).unwrap();
        assert_eq!(owner.id, "generic", "inherited through spotify");
    }

    #[test]
    fn circles_and_double_names_are_refused() {
        let a = head("a", "extends='b'");
        let b = head("b", "extends='a'");
        let error = with_files(&[("a.toml", &a), ("b.toml", &b)]).unwrap_err().to_string();
        assert!(error.contains("circle"), "{error}");
        let error = with_files(&[("a.toml", &a)]).unwrap_err().to_string();
        assert!(error.contains("extends `b`"), "{error}");
        let b = head("b", "");
        let error = with_files(&[("1.toml", &b), ("2.toml", &b)]).unwrap_err().to_string();
        assert!(error.contains("already names"), "{error}");
        let alias = head("mine", "aliases=['spotify']");
        assert!(matches!(with_files(&[("m.toml", &alias)]), Err(PackError::Twice { .. })));
    }

    #[test]
    fn a_file_that_is_too_large_or_no_text_is_refused() {
        let large = format!("#{}", "x".repeat(MAX_BYTES as usize));
        assert!(matches!(with_files(&[("a.toml", &large)]), Err(PackError::TooLarge { .. })));
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.toml"), b"id = 'x'\n\xff\n").unwrap();
        let error = PackSet::load(Some(dir.path())).unwrap_err().to_string();
        assert!(error.contains("a.toml:2: not UTF-8"), "{error}");
    }
}
