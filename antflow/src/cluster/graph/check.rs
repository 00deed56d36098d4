use std::collections::{BTreeMap, BTreeSet};

use super::error::Mistakes;
use super::node::{COORDINATOR_FN, INPUT};
use super::{Catalog, FanIn, Input, Node, Pull};
use crate::cluster::nearest::suggestion;
use crate::cluster::{NodeId, Role};

type Places<'g> = BTreeMap<&'g NodeId, usize>;

/// Finds everything that is wrong with nodes that could be read.
pub(super) fn nodes(nodes: &[Node], catalog: &Catalog, mistakes: &mut Mistakes) {
    if nodes.is_empty() {
        mistakes.add("nodes", "empty: a graph has one node at least");
    }
    let mut places = Places::new();
    for (place, node) in nodes.iter().enumerate() {
        if places.contains_key(&node.id) {
            mistakes.add(
                at(node),
                "the name is taken by an earlier node: names are unique in a graph",
            );
        } else {
            places.insert(&node.id, place);
        }
        name(node.id.as_str(), &at(node), mistakes);
        name(node.role.as_str(), &at(node), mistakes);
    }
    for node in nodes {
        parents(node, &places, mistakes);
        fan_in(node, mistakes);
        role(node, catalog, mistakes);
        bounds(node, mistakes);
        match &node.input {
            Input::Handler => {}
            Input::Pull(pull) => sources(node, pull, &places, catalog, mistakes),
            Input::Custom { adapter, .. } => custom(node, adapter, catalog, mistakes),
        }
    }
    if let Some(circle) = circle(nodes, &places) {
        mistakes.add(
            "depends_on",
            format!("the nodes `{}` wait for each other", circle.join("` -> `")),
        );
    } else {
        upstream(nodes, &places, mistakes);
    }
}

fn at(node: &Node) -> String {
    format!("node `{}`", node.id)
}

/// Names become parts of topics and of file names.
fn name(name: &str, at: &str, mistakes: &mut Mistakes) {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '#' | ':');
    if name.is_empty() || name.len() > 128 || !name.chars().all(fits) {
        mistakes.add(
            at,
            format!("`{name}` is no name: use up to 128 of the characters `a-z A-Z 0-9 _ - . # :`"),
        );
    }
}

fn parents(node: &Node, places: &Places<'_>, mistakes: &mut Mistakes) {
    let mut seen = BTreeSet::new();
    for parent in node.depends_on.iter().flatten() {
        if !seen.insert(parent) {
            mistakes.add(at(node), format!("depends on `{parent}` twice"));
        }
        known("depends on", node, parent, places, mistakes);
    }
}

fn known(verb: &str, node: &Node, other: &NodeId, places: &Places<'_>, mistakes: &mut Mistakes) {
    if !places.contains_key(other) {
        let near = suggestion(other.as_str(), places.keys().map(|id| id.as_str()));
        mistakes.add(
            at(node),
            format!("{verb} `{other}`, which is no node{near}"),
        );
    } else if *other == node.id {
        mistakes.add(at(node), format!("{verb} itself"));
    }
}

fn fan_in(node: &Node, mistakes: &mut Mistakes) {
    let parents = node.parents().len();
    match node.fan_in {
        Some(FanIn::Any) if parents == 0 => mistakes.add(
            at(node),
            "waits for `any` of no parents and would never start: name them in `depends_on`",
        ),
        Some(FanIn::Count(count)) if count == 0 || count as usize > parents => mistakes.add(
            at(node),
            format!(
                "waits for `count:{count}` of {parents} parents: write a number from 1 to {parents}"
            ),
        ),
        _ => {}
    }
}

fn role(node: &Node, catalog: &Catalog, mistakes: &mut Mistakes) {
    match (node.role.as_str(), &node.function) {
        (COORDINATOR_FN, None) => mistakes.add(at(node), "names no function: write `io.fn`"),
        (COORDINATOR_FN, Some(function)) => {
            if let Some(known) = catalog.functions()
                && !known.contains(&function.name)
            {
                let near = suggestion(&function.name, known.iter().map(String::as_str));
                let name = &function.name;
                mistakes.add(
                    at(node),
                    format!("no coordinator has the function `{name}`{near}"),
                );
            }
        }
        (_, Some(_)) => mistakes.add(
            at(node),
            format!("`io.fn` is for the type `{COORDINATOR_FN}`"),
        ),
        (INPUT, None) => {
            if !node.parents().is_empty() || node.input != Input::Handler {
                mistakes.add(
                    at(node),
                    "is an `input`, whose artifacts the submitter appends: it has no parents and no adapter",
                );
            }
        }
        (role, None) => {
            if let Some(known) = catalog.roles()
                && !known.contains(role)
            {
                let near = suggestion(role, known.iter().map(Role::as_str));
                mistakes.add(at(node), format!("no worker has the role `{role}`{near}"));
            }
        }
    }
}

fn bounds(node: &Node, mistakes: &mut Mistakes) {
    if node.concurrency == 0 {
        mistakes.add(
            at(node),
            "`concurrency` is 0: at least one batch is processed at once",
        );
    }
    for (key, bound) in [
        ("timeout_sec", node.timeout),
        ("batch_timeout_sec", node.batch_timeout),
    ] {
        if bound.is_some_and(|bound| bound.is_zero()) {
            mistakes.add(at(node), format!("`{key}` is 0: nothing is that fast"));
        }
    }
    for key in ["input_adapter", "input_args"] {
        if node.input_inline.contains_key(key) {
            mistakes.add(
                at(node),
                format!("`{key}` is set beside the input: it is written from there"),
            );
        }
    }
}

fn sources(
    node: &Node,
    pull: &Pull,
    places: &Places<'_>,
    catalog: &Catalog,
    mistakes: &mut Mistakes,
) {
    if node.sources().is_empty() {
        mistakes.add(
            at(node),
            "reads the artifacts of no node: name them in `from_nodes` or `depends_on`",
        );
    }
    let mut seen = BTreeSet::new();
    for source in &pull.from_nodes {
        if !seen.insert(source) {
            mistakes.add(at(node), format!("reads `{source}` twice"));
        }
        known("reads", node, source, places, mistakes);
    }
    if let Some(rechunk) = &pull.rechunk {
        if rechunk.size == 0 {
            mistakes.add(
                at(node),
                "rechunks to `size` 0: a batch has one item at least",
            );
        }
        if catalog.is_strict() && rechunk.meta_list_key.is_none() {
            mistakes.add(
                at(node),
                "rechunks without `meta_list_key`, which has to be written out here",
            );
        }
    }
    if let Some(part) = pull.partition
        && part.index >= part.of
    {
        mistakes.add(
            at(node),
            format!(
                "reads share {} of {}: shares are counted from 0",
                part.index, part.of
            ),
        );
    }
    if pull.poll.is_some_and(|poll| poll.is_zero()) {
        mistakes.add(
            at(node),
            "`poll_ms` is 0 and would never rest: write at least 1",
        );
    }
}

fn custom(node: &Node, adapter: &str, catalog: &Catalog, mistakes: &mut Mistakes) {
    if let Some(known) = catalog.adapters()
        && !known.contains(adapter)
    {
        let own = [super::PULL, super::RECHUNK];
        let near = suggestion(adapter, known.iter().map(String::as_str).chain(own));
        mistakes.add(
            at(node),
            format!("the input adapter `{adapter}` is unknown{near}"),
        );
    }
}

/// Parents and sources of each node that exist, by place.
fn before<'g>(node: &'g Node, places: &'g Places<'g>) -> impl Iterator<Item = usize> + 'g {
    let parents = node.parents().iter();
    parents.filter_map(|parent| places.get(parent).copied())
}

/// Nodes that wait for each other, in a circle that ends where it begins.
fn circle(nodes: &[Node], places: &Places<'_>) -> Option<Vec<String>> {
    let mut waiting: Vec<bool> = vec![true; nodes.len()];
    let mut moved = true;
    while std::mem::take(&mut moved) {
        for (place, node) in nodes.iter().enumerate() {
            // Whoever waits for itself has been told already.
            let blocked = before(node, places).any(|parent| parent != place && waiting[parent]);
            if waiting[place] && !blocked {
                waiting[place] = false;
                moved = true;
            }
        }
    }
    // From a node that waits, step to a parent that waits, until one comes again.
    let mut path = vec![waiting.iter().position(|waits| *waits)?];
    loop {
        let last = *path.last()?;
        let next =
            before(&nodes[last], places).find(|parent| *parent != last && waiting[*parent])?;
        if let Some(start) = path.iter().position(|place| *place == next) {
            let mut circle: Vec<_> = path[start..]
                .iter()
                .rev()
                .map(|p| nodes[*p].id.to_string())
                .collect();
            circle.push(circle[0].clone());
            return Some(circle);
        }
        path.push(next);
    }
}

/// A node reads only what is upstream of it: otherwise it might wait for what waits for it.
fn upstream(nodes: &[Node], places: &Places<'_>, mistakes: &mut Mistakes) {
    for (place, node) in nodes.iter().enumerate() {
        let mut above = BTreeSet::new();
        let mut open: Vec<_> = before(node, places).collect();
        while let Some(next) = open.pop() {
            if next != place && above.insert(next) {
                open.extend(before(&nodes[next], places));
            }
        }
        for source in node.sources() {
            if let Some(found) = places.get(source)
                && *found != place
                && !above.contains(found)
            {
                mistakes.add(
                    at(node),
                    format!("reads `{source}` without depending on it: add it to `depends_on`"),
                );
            }
        }
    }
}
