use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use antflow::RunId;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Keeps all spans and events, in the order in which they came. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spans(Arc<Mutex<Vec<Entry>>>);

/// A span or an event.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    pub(crate) level: Level,
    pub(crate) fields: Fields,
    /// Where the parent is among all.
    parent: Option<usize>,
    /// By how many it is entered now.
    pub(crate) entered: usize,
    pub(crate) is_closed: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(BTreeMap<&'static str, String>);

/// The span of a run with all that is in it.
#[derive(Debug)]
pub(crate) struct Tree(Vec<Node>);

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) entry: Entry,
    /// Where the parent is in the tree; none for the run.
    pub(crate) parent: Option<usize>,
    depth: usize,
}

/// Where the entry of a span is.
struct Place(usize);

impl Spans {
    /// Those of the whole process.
    pub(crate) fn global() -> Self {
        static SPANS: OnceLock<Spans> = OnceLock::new();
        let spans = SPANS.get_or_init(|| {
            let spans = Self::default();
            let subscriber = tracing_subscriber::registry().with(spans.clone());
            tracing::subscriber::set_global_default(subscriber).unwrap();
            spans
        });
        spans.clone()
    }

    pub(crate) fn all(&self) -> Vec<Entry> {
        self.get().clone()
    }

    pub(crate) fn parent(&self, entry: &Entry) -> Option<Entry> {
        entry.parent.map(|parent| self.get()[parent].clone())
    }

    /// The spans and events of a run; none if it was not traced.
    pub(crate) fn of(&self, run: RunId) -> Tree {
        let entries = self.get();
        let run = run.to_string();
        let mut places = BTreeMap::new();
        let mut nodes: Vec<Node> = Vec::new();
        for (place, entry) in entries.iter().enumerate() {
            let is_root = entry.name == "antflow.run" && entry["run"] == run;
            let parent = entry.parent.and_then(|parent| places.get(&parent)).copied();
            if is_root || parent.is_some() {
                places.insert(place, nodes.len());
                nodes.push(Node {
                    entry: entry.clone(),
                    parent,
                    depth: parent.map_or(0, |parent: usize| nodes[parent].depth + 1),
                });
            }
        }
        Tree(nodes)
    }

    fn get(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, metadata: &'static tracing::Metadata<'static>, parent: Option<usize>) -> usize {
        let mut entries = self.get();
        entries.push(Entry {
            name: metadata.name(),
            target: metadata.target(),
            level: *metadata.level(),
            fields: Fields::default(),
            parent,
            entered: 0,
            is_closed: false,
        });
        entries.len() - 1
    }
}

impl Entry {
    /// Whether it is in no span.
    pub(crate) fn is_alone(&self) -> bool {
        self.parent.is_none()
    }
}

impl Tree {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn run(&self) -> &Entry {
        &self.0.first().expect("the run was traced").entry
    }

    /// The spans of this name.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &Node> {
        self.0.iter().filter(move |node| node.entry.name == name)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Node> {
        self.0.iter()
    }

    pub(crate) fn stages(&self) -> impl Iterator<Item = &Node> {
        self.named("antflow.stage")
    }

    pub(crate) fn tasks(&self) -> impl Iterator<Item = &Node> {
        self.named("antflow.task")
    }

    pub(crate) fn parent(&self, node: &Node) -> &Node {
        &self.0[node.parent.expect("it is in the run")]
    }

    /// Everything in the run, each below its parent: spans as they are asserted, events by what they say.
    pub(crate) fn lines(&self) -> String {
        assert!(self.all_closed(), "{self:?}");
        let mut lines = String::new();
        for (index, _) in self
            .0
            .iter()
            .enumerate()
            .filter(|(_, node)| node.depth == 1)
        {
            self.write(index, &mut lines);
        }
        lines
    }

    pub(crate) fn all_closed(&self) -> bool {
        let is_closed = |node: &Node| node.entry.is_closed && node.entry.entered == 0;
        self.0.iter().all(is_closed)
    }

    fn write(&self, index: usize, lines: &mut String) {
        let Node { entry, depth, .. } = &self.0[index];
        let words = match entry.name {
            "antflow.stage" => ["stage", "item_id", "attempt", "outcome"].as_slice(),
            "antflow.task" => &["task", "attempt", "outcome"],
            _ => &["message"],
        };
        let words: Vec<_> = words.iter().map(|word| &entry[*word]).collect();
        let error = entry.fields.0.get("error");
        let error = error.map_or_else(String::new, |error| format!(": {error}"));
        let indent = "  ".repeat(depth - 1);
        writeln!(lines, "{indent}{}{error}", words.join(" ")).unwrap();
        for (child, node) in self.0.iter().enumerate() {
            if node.parent == Some(index) {
                self.write(child, lines);
            }
        }
    }
}

impl std::ops::Index<&str> for Entry {
    type Output = str;

    /// What the field says; empty where it was not recorded.
    fn index(&self, field: &str) -> &str {
        self.fields.0.get(field).map_or("", String::as_str)
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        let span = cx.span(id).unwrap();
        let parent = span.parent().map(|parent| place(&parent));
        let at = self.add(attributes.metadata(), parent);
        attributes.record(&mut self.get()[at].fields);
        span.extensions_mut().insert(Place(at));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, cx: Context<'_, S>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        let at = place(&cx.span(id).unwrap());
        self.get()[at].fields.0.append(&mut fields.0);
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let parent = cx.event_span(event).map(|parent| place(&parent));
        let at = self.add(event.metadata(), parent);
        let mut fields = Fields::default();
        event.record(&mut fields);
        let entry = &mut self.get()[at];
        entry.fields = fields;
        entry.is_closed = true;
    }

    fn on_enter(&self, id: &Id, cx: Context<'_, S>) {
        let at = place(&cx.span(id).unwrap());
        self.get()[at].entered += 1;
    }

    fn on_exit(&self, id: &Id, cx: Context<'_, S>) {
        let at = place(&cx.span(id).unwrap());
        self.get()[at].entered -= 1;
    }

    fn on_close(&self, id: Id, cx: Context<'_, S>) {
        let at = place(&cx.span(&id).unwrap());
        self.get()[at].is_closed = true;
    }
}

fn place<'a, S: LookupSpan<'a>>(span: &tracing_subscriber::registry::SpanRef<'a, S>) -> usize {
    span.extensions().get::<Place>().unwrap().0
}
