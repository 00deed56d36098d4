use std::any::type_name;
use std::fmt::{self, Write as _};

use crate::stage::Signature;

/// What a pipeline with a name is made of, known when it is compiled: `Ingest::GRAPH` of `pipeline! { pub Ingest: .. }`.
///
/// ```
/// use antflow::{Graph, pipeline, stage};
///
/// #[stage(workers = 4)]
/// async fn parse(text: String) -> Result<u32, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// #[stage]
/// async fn double(number: u32) -> u32 {
///     number * 2
/// }
///
/// pipeline! {
///     /// Reads numbers.
///     pub Numbers: String => u32 = parse >> double.queue(100);
/// }
///
/// const GRAPH: Graph = Numbers::GRAPH;
/// let [parse, double] = GRAPH.stages() else { panic!("there are two") };
/// assert_eq!(parse.name(), "Parse");
/// assert_eq!(parse.settings().collect::<Vec<_>>(), [("workers", "4")]);
/// assert_eq!(double.settings().collect::<Vec<_>>(), [("queue", "100")]);
/// assert_eq!((double.input(), double.output()), ("u32".to_owned(), "u32".to_owned()));
/// assert_eq!(GRAPH.edges(), [(0, 1)]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Graph {
    name: &'static str,
    stages: &'static [GraphStage],
    edges: &'static [(usize, usize)],
}

/// A stage in a [`Graph`].
#[derive(Clone, Copy)]
pub struct GraphStage {
    name: &'static str,
    tasks: &'static [&'static str],
    /// Keys and values as they were written: of the stage, and of its use in the pipeline.
    settings: [&'static [Setting]; 2],
    input: fn() -> &'static str,
    output: fn() -> &'static str,
}

/// A key and its value, as they were written.
pub type Setting = (&'static str, &'static str);

impl Graph {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        name: &'static str,
        stages: &'static [GraphStage],
        edges: &'static [(usize, usize)],
    ) -> Self {
        Self {
            name,
            stages,
            edges,
        }
    }

    /// The name of the pipeline.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The stages, from the first to the last.
    #[must_use]
    pub const fn stages(&self) -> &'static [GraphStage] {
        self.stages
    }

    /// Which stage hands its items to which, by their places among [`stages`](Self::stages).
    #[must_use]
    pub const fn edges(&self) -> &'static [(usize, usize)] {
        self.edges
    }

    /// A flowchart in the language of [Mermaid](https://mermaid.js.org), which many pages of text show as a picture.
    ///
    /// ```
    /// # use antflow::{pipeline, stage};
    /// # #[stage]
    /// # async fn parse(text: String) -> Result<u32, std::num::ParseIntError> {
    /// #     text.parse()
    /// # }
    /// # #[stage]
    /// # async fn double(number: u32) -> u32 {
    /// #     number * 2
    /// # }
    /// # pipeline! { pub Numbers: String => u32 = parse >> double; }
    /// let picture = "\
    /// flowchart LR
    ///     in([\"String\"]) --> s0[\"Parse\"]
    ///     s0 -->|\"u32\"| s1[\"Double\"]
    ///     s1 --> out([\"u32\"])
    /// ";
    /// assert_eq!(Numbers::GRAPH.to_mermaid(), picture);
    /// ```
    ///
    /// Forks and routes are edges. What stands between two stages, such as a filter, has no node; an edge shows what comes
    /// through it.
    ///
    /// ```
    /// # use antflow::{ItemError, pipeline, stage};
    /// # #[stage]
    /// # async fn parse(text: String) -> Result<u32, std::num::ParseIntError> {
    /// #     text.parse()
    /// # }
    /// # #[stage]
    /// # async fn double(number: u32) -> u32 {
    /// #     number * 2
    /// # }
    /// # #[stage]
    /// # async fn show(number: u32) -> String {
    /// #     number.to_string()
    /// # }
    /// # type Parts = (Result<u32, ItemError>, Result<Option<String>, ItemError>);
    /// pipeline! { pub Numbers: String => Parts = parse >> (double & double.named("Again") >> filter(|n| *n > 5) >> show); }
    ///
    /// let picture = "\
    /// flowchart LR
    ///     in([\"String\"]) --> s0[\"Parse\"]
    ///     s0 -->|\"u32\"| s1[\"Double\"]
    ///     s0 -->|\"u32\"| s2[\"Again\"]
    ///     s2 -->|\"u32\"| s3[\"Show\"]
    ///     s1 --> out([\"u32\"])
    ///     s3 --> out1([\"String\"])
    /// ";
    /// assert_eq!(Numbers::GRAPH.to_mermaid(), picture);
    /// ```
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("flowchart LR\n");
        let node = |index: usize| {
            let label = escaped(&self.stages[index].label(), mermaid);
            format!("s{index}[\"{label}\"]")
        };
        let mut seen = vec![false; self.stages.len()];
        let mut once = |index: usize| {
            let first = !std::mem::replace(&mut seen[index], true);
            if first {
                node(index)
            } else {
                format!("s{index}")
            }
        };
        let mut line = |from: String, label: Option<String>, to: String| {
            let label = label.map_or_else(String::new, |label| format!("|\"{label}\"|"));
            writeln!(text, "    {from} -->{label} {to}").expect("a string takes what is written");
        };
        for first in self.ends(|edge| edge.1) {
            let ty = escaped(&self.stages[first].input(), mermaid);
            line(format!("in([\"{ty}\"])"), None, once(first));
        }
        for &(from, to) in self.edges {
            let ty = escaped(&self.stages[to].input(), mermaid);
            line(once(from), Some(ty), once(to));
        }
        for (last, node, ty) in self.outputs() {
            let ty = escaped(&ty, mermaid);
            line(once(last), None, format!("{node}([\"{ty}\"])"));
        }
        text
    }

    /// A digraph in the language of [Graphviz](https://graphviz.org), for its program `dot`.
    ///
    /// ```
    /// # use antflow::{pipeline, stage};
    /// # #[stage]
    /// # async fn parse(text: String) -> Result<u32, std::num::ParseIntError> {
    /// #     text.parse()
    /// # }
    /// # pipeline! { pub Numbers: String => u32 = parse; }
    /// let picture = r#"digraph "Numbers" {
    ///     rankdir=LR;
    ///     node [shape=box];
    ///     in [shape=plaintext, label="String"];
    ///     out [shape=plaintext, label="u32"];
    ///     s0 [label="Parse"];
    ///     in -> s0;
    ///     s0 -> out;
    /// }
    /// "#;
    /// assert_eq!(Numbers::GRAPH.to_dot(), picture);
    /// ```
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut lines = vec!["rankdir=LR;".to_owned(), "node [shape=box];".to_owned()];
        let (firsts, outputs) = (self.ends(|edge| edge.1), self.outputs());
        let quoted = |text: &str| format!("\"{}\"", escaped(text, dot));
        let end = |name: &str, ty: &str| format!("{name} [shape=plaintext, label={}];", quoted(ty));
        lines.extend(
            firsts
                .first()
                .map(|&stage| end("in", &self.stages[stage].input())),
        );
        for (index, (_, node, ty)) in outputs.iter().enumerate() {
            if outputs[..index]
                .iter()
                .all(|(_, earlier, _)| earlier != node)
            {
                lines.push(end(node, ty));
            }
        }
        for (index, stage) in self.stages.iter().enumerate() {
            lines.push(format!("s{index} [label={}];", quoted(&stage.label())));
        }
        lines.extend(firsts.iter().map(|stage| format!("in -> s{stage};")));
        for (from, to) in self.edges {
            let ty = quoted(&self.stages[*to].input());
            lines.push(format!("s{from} -> s{to} [label={ty}];"));
        }
        let out = outputs.iter();
        lines.extend(out.map(|(stage, node, _)| format!("s{stage} -> {node};")));
        let name = quoted(self.name);
        format!("digraph {name} {{\n    {}\n}}\n", lines.join("\n    "))
    }

    /// The last stages, each with the node of what it gives, and with its type. Those of one type have one node.
    fn outputs(&self) -> Vec<(usize, String, String)> {
        let lasts = self.ends(|edge| edge.0).into_iter();
        let lasts: Vec<_> = lasts
            .map(|last| (last, self.stages[last].output()))
            .collect();
        let mut types: Vec<&String> = Vec::new();
        let outputs = lasts.iter().map(|(last, ty)| {
            let place = types.iter().position(|known| *known == ty);
            let place = place.unwrap_or_else(|| {
                types.push(ty);
                types.len() - 1
            });
            let node = match place {
                0 => "out".to_owned(),
                place => format!("out{place}"),
            };
            (*last, node, ty.clone())
        });
        outputs.collect()
    }

    /// The stages that stand at this end of no edge.
    fn ends(&self, end: impl Fn(&(usize, usize)) -> usize) -> Vec<usize> {
        let is_free = |stage: &usize| self.edges.iter().all(|edge| end(edge) != *stage);
        (0..self.stages.len()).filter(is_free).collect()
    }
}

impl GraphStage {
    /// A stage that was written with a macro.
    pub(crate) const fn of<S: Signature>(
        name: &'static str,
        tasks: &'static [&'static str],
        settings: &'static [Setting],
    ) -> Self {
        Self {
            name,
            tasks,
            settings: [settings, &[]],
            input: type_name::<S::Input>,
            output: type_name::<S::Output>,
        }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn used_with(mut self, settings: &'static [Setting]) -> Self {
        self.settings[1] = settings;
        self
    }

    /// The name of the stage.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The names of its tasks, in the order in which they run.
    #[must_use]
    pub const fn tasks(&self) -> &'static [&'static str] {
        self.tasks
    }

    /// What was set, as it was written: keys of `#[stage]`, and methods in the pipeline in their place.
    pub fn settings(&self) -> impl Iterator<Item = Setting> + use<> {
        let [own, used] = self.settings;
        let holds = move |setting: &&Setting| used.iter().all(|(key, _)| *key != setting.0);
        own.iter().filter(holds).chain(used).copied()
    }

    /// The type that it takes, without the paths of modules.
    #[must_use]
    pub fn input(&self) -> String {
        short((self.input)())
    }

    /// The type that it gives, without the paths of modules.
    #[must_use]
    pub fn output(&self) -> String {
        short((self.output)())
    }

    /// The name, and the tasks of a list.
    fn label(&self) -> String {
        match self.tasks {
            [] | [_] => self.name.to_owned(),
            tasks => format!("{}: {}", self.name, tasks.join(", ")),
        }
    }
}

impl fmt::Debug for GraphStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphStage")
            .field("name", &self.name)
            .field("tasks", &self.tasks)
            .field("settings", &self.settings().collect::<Vec<_>>())
            .field("input", &self.input())
            .field("output", &self.output())
            .finish()
    }
}

/// The name of a type without the paths in it: `Vec<String>` for `alloc::vec::Vec<alloc::string::String>`.
fn short(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while !rest.is_empty() {
        let word = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        match rest[word..].strip_prefix("::") {
            Some(behind) if word > 0 => rest = behind,
            _ => {
                let next = rest[word..].chars().next().map_or(0, char::len_utf8);
                text.push_str(&rest[..word + next]);
                rest = &rest[word + next..];
            }
        }
    }
    text
}

fn escaped(text: &str, escape: fn(char) -> Option<&'static str>) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        match escape(c) {
            Some(instead) => escaped.push_str(instead),
            None => escaped.push(c),
        }
        escaped
    })
}

/// What Mermaid, which takes labels for HTML, would read as something else.
fn mermaid(c: char) -> Option<&'static str> {
    match c {
        '"' => Some("#quot;"),
        '#' => Some("#35;"),
        '&' => Some("#amp;"),
        '<' => Some("#lt;"),
        '>' => Some("#gt;"),
        '`' => Some("#96;"),
        '\n' | '\r' => Some(" "),
        _ => None,
    }
}

fn dot(c: char) -> Option<&'static str> {
    match c {
        '"' => Some("\\\""),
        '\\' => Some("\\\\"),
        '\n' | '\r' => Some(" "),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_named_without_its_paths() {
        assert_eq!(short("u32"), "u32");
        assert_eq!(short("&str"), "&str");
        assert_eq!(short("()"), "()");
        assert_eq!(
            short("alloc::vec::Vec<alloc::string::String>"),
            "Vec<String>"
        );
        assert_eq!(
            short("(a::Page, core::option::Option<&b::c::Url>, [u8; 4])"),
            "(Page, Option<&Url>, [u8; 4])"
        );
        assert_eq!(
            short("alloc::boxed::Box<dyn core::fmt::Display + core::marker::Send>"),
            "Box<dyn Display + Send>"
        );
    }
}
