//! Looking into a message by local names: prefixes and namespaces vary, the names do not.

use roxmltree::Node;

use crate::declare::text;

/// Children of `node` called `name`.
pub(super) fn children<'a, 'i>(
    node: Node<'a, 'i>,
    name: &'a str,
) -> impl Iterator<Item = Node<'a, 'i>> + use<'a, 'i> {
    node.children().filter(move |child| child.tag_name().name() == name && child.is_element())
}

/// First child of `node` called `name`.
pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &'a str) -> Option<Node<'a, 'i>> {
    children(node, name).next()
}

/// Elements reached from `node` by child names, `A/B/C`.
pub(super) fn all<'a, 'i>(node: Node<'a, 'i>, path: &'a str) -> Vec<Node<'a, 'i>> {
    let mut nodes = vec![node];
    for name in path.split('/') {
        nodes = nodes.into_iter().flat_map(|node| children(node, name)).collect();
    }
    nodes
}

/// The text of `node`, cleaned; `None` where it is blank, as ids in official samples are.
pub(super) fn content(node: Node<'_, '_>) -> Option<String> {
    let direct = node.children().filter(Node::is_text).filter_map(|text| text.text());
    let mut joined = String::new();
    for part in direct {
        joined.push_str(part);
        // Cleaning keeps far less.
        if joined.len() > 64 << 10 {
            break;
        }
    }
    text::value(&joined)
}

/// The first text that one of `paths` leads to. For each path, what is meant for the whole world or
/// marked as default goes before what is meant for one country.
pub(super) fn first(node: Node<'_, '_>, paths: &[&str]) -> Option<String> {
    paths.iter().find_map(|path| {
        let mut nodes: Vec<_> = all(node, path);
        nodes.sort_by_key(|node| remoteness(*node));
        nodes.into_iter().find_map(content)
    })
}

/// How specific to one country or language `node` (or its parent) is: 0 for the default.
pub(super) fn remoteness(node: Node<'_, '_>) -> u8 {
    let own = |node: Node<'_, '_>| {
        if node.attribute("IsDefault").and_then(text::flag) == Some(true) {
            return 0;
        }
        match node.attribute("ApplicableTerritoryCode") {
            None => 1,
            Some(code) if code.eq_ignore_ascii_case("Worldwide") => 1,
            Some(_) => 2,
        }
    };
    let parent = node.parent_element().map_or(1, own);
    match (own(node), parent) {
        (0, _) | (_, 0) => 0,
        (own, parent) => own.max(parent),
    }
}

/// The `…DetailsByTerritory` blocks of ERN 3, the worldwide one first.
pub(super) fn territories<'a, 'i>(node: Node<'a, 'i>, name: &'a str) -> Vec<Node<'a, 'i>> {
    let mut blocks: Vec<_> = children(node, name).collect();
    blocks.sort_by_key(|block| {
        let mut codes = children(*block, "TerritoryCode").filter_map(content);
        !codes.any(|code| code.eq_ignore_ascii_case("Worldwide"))
    });
    blocks
}

/// The first text that one of `paths` leads to from one of `nodes`.
pub(super) fn first_of(nodes: &[Node<'_, '_>], paths: &[&str]) -> Option<String> {
    nodes.iter().find_map(|node| first(*node, paths))
}

/// Whether the child `name` says yes.
pub(super) fn is_true(node: Node<'_, '_>, name: &str) -> bool {
    flag(node, name) == Some(true)
}

/// Yes or no as the child `name` says.
pub(super) fn flag(node: Node<'_, '_>, name: &str) -> Option<bool> {
    text::flag(&content(child(node, name)?)?)
}

/// Whether the message marks itself so: `<IsBackfill>true</IsBackfill>` or a block of details.
pub(super) fn is_marked(node: Node<'_, '_>, name: &str) -> bool {
    child(node, name).is_some_and(|mark| match content(mark) {
        Some(text) => text::flag(&text) != Some(false),
        None => mark.has_children() && mark.children().any(|c| c.is_element()),
    })
}
