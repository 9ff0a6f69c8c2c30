//! Names: inline as in ERN 3, or by reference into the party list as in ERN 4.

use std::collections::HashMap;

use roxmltree::Node;

use super::node::{all, child, children, content, first, remoteness};

/// Most artists or contributors taken from one recording.
const MAX_NAMES: usize = 200;
/// Most roles of one credit.
const MAX_ROLES: usize = 20;

/// The party list of a message.
#[derive(Debug, Default)]
pub(super) struct Parties {
    names: HashMap<String, String>,
}

/// A credit: who, in which role, and the element it stands in.
pub(super) struct Credit<'a, 'i> {
    pub name: String,
    pub role: Option<String>,
    pub node: Node<'a, 'i>,
}

impl Parties {
    pub fn read(root: Node<'_, '_>) -> Parties {
        let mut parties = Parties::default();
        for party in all(root, "PartyList/Party") {
            let reference = first(party, &["PartyReference"]);
            if let (Some(reference), Some(name)) = (reference, name_of(party)) {
                parties.names.entry(reference).or_insert(name);
            }
        }
        parties
    }

    /// The name behind a reference.
    pub fn name(&self, reference: &str) -> Option<&String> {
        self.names.get(reference)
    }

    /// The names that a reference element `path` under `node` leads to, the default one first.
    pub fn referenced(&self, node: Node<'_, '_>, path: &str) -> Option<String> {
        let mut references = all(node, path);
        references.sort_by_key(|reference| remoteness(*reference));
        references.into_iter().find_map(|r| self.name(&content(r)?).cloned())
    }

    /// Credits under `node` in elements called `element`, in the order of their sequence numbers.
    pub fn credits<'a, 'i>(&self, node: Node<'a, 'i>, element: &'a str) -> Vec<Credit<'a, 'i>> {
        let mut nodes: Vec<_> = children(node, element).take(MAX_NAMES).collect();
        nodes.sort_by_key(|node| {
            node.attribute("SequenceNumber").and_then(|n| n.parse::<u32>().ok()).unwrap_or(u32::MAX)
        });
        nodes.into_iter().filter_map(|node| self.credit(node)).collect()
    }

    fn credit<'a, 'i>(&self, node: Node<'a, 'i>) -> Option<Credit<'a, 'i>> {
        let reference = first(node, &["ArtistPartyReference", "ContributorPartyReference"]);
        let referenced = reference.and_then(|r| self.name(&r).cloned());
        let name = referenced.or_else(|| name_of(node))?;
        Some(Credit { name, role: roles(node).into_iter().next(), node })
    }
}

/// All roles of a credit. ERN 3 and 4 name the element differently, 4.3.2 puts a value inside, and a
/// role that the list lacks is `UserDefined` with the word in an attribute.
pub(super) fn roles(node: Node<'_, '_>) -> Vec<String> {
    const NAMES: &[&str] = &[
        "ArtistRole",
        "DisplayArtistRole",
        "ResourceContributorRole",
        "IndirectResourceContributorRole",
        "ContributorRole",
        "Role",
    ];
    let elements =
        node.children().filter(|c| c.is_element() && NAMES.contains(&c.tag_name().name()));
    elements
        .take(MAX_ROLES)
        .filter_map(|role| {
            let value = child(role, "Value").unwrap_or(role);
            let text = content(value).or_else(|| content(role))?;
            let own = [value, role].iter().find_map(|r| r.attribute("UserDefinedValue"));
            let own = own.filter(|_| text.eq_ignore_ascii_case("UserDefined"));
            own.and_then(crate::declare::text::value).or(Some(text))
        })
        .collect()
}

/// The full name of a party, or its parts joined.
fn name_of(party: Node<'_, '_>) -> Option<String> {
    first(party, &["PartyName/FullName", "PartyName/FullNameIndexed", "FullName"]).or_else(|| {
        let name = child(party, "PartyName")?;
        let part = |tag| first(name, &[tag]);
        let parts = [part("NamesBeforeKeyName"), part("KeyName"), part("NamesAfterKeyName")];
        let joined = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        (!joined.is_empty()).then_some(joined).or_else(|| content(name))
    })
}
