//! The input of input nodes, from files with a value on each line.
//!
//! Each line is an artifact whose id is the number of the line: appending it again does nothing. Files are read as they
//! are sent, so memory does not grow with them, and once before that, so that nothing starts on a wrong one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use antflow::cluster::graph::Graph;
use antflow::cluster::store::{NewArtifact, Payload};
use antflow::cluster::{Cluster, RunKey};
use serde::Serialize;
use serde_json::Map;

use super::Mistakes;
use crate::failure::Failure;

/// So many artifacts are appended at once,
const CHUNK: usize = 500;
/// or fewer, if they have more bytes.
const CHUNK_BYTES: usize = 1024 * 1024;

/// So many mistakes in one file are told.
const TOLD: usize = 10;

/// Which node gets which file.
#[derive(Debug, Clone)]
pub(super) struct Input {
    node: String,
    file: PathBuf,
}

/// What was sent to a node.
#[derive(Debug, Default, Serialize)]
pub(super) struct Sent {
    new: u64,
    /// What was there from an earlier time.
    duplicates: u64,
}

impl FromStr for Input {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((node, file)) if !node.is_empty() && !file.is_empty() => Ok(Self {
                node: node.to_owned(),
                file: file.into(),
            }),
            _ => Err("expected `NODE=FILE.jsonl`".to_owned()),
        }
    }
}

/// Looks whether all nodes take input, and all lines of all files are JSON.
pub(super) fn check(graph: Option<&Graph>, inputs: &[Input], mistakes: &mut Mistakes) {
    let mut seen = BTreeSet::new();
    for input in inputs {
        let at = format!("--input {}", input.node);
        if !seen.insert(&input.node) {
            mistakes.add(&at, "given twice: put both files into one");
        }
        match graph.map(|graph| graph.node(&input.node)) {
            Some(None) => mistakes.add(&at, "the graph has no such node"),
            Some(Some(node)) if !node.is_input() => {
                mistakes.add(
                    &at,
                    format!(
                        "its `type` is `{}`: only nodes of the type `input` take input",
                        node.role
                    ),
                );
            }
            Some(Some(_)) | None => {}
        }
        check_file(&at, &input.file, mistakes);
    }
}

fn check_file(at: &str, path: &Path, mistakes: &mut Mistakes) {
    let name = path.display();
    let lines = match Lines::open(path) {
        Ok(lines) => lines,
        Err(error) => return mistakes.add(at, format!("`{name}` cannot be read: {error}")),
    };
    let mut told = 0;
    for line in lines {
        let what = match line {
            Ok((number, text)) => match Payload::from_text(text) {
                Ok(_) => continue,
                Err(error) => format!("`{name}`, line {number}, is no JSON: {error}"),
            },
            Err(error) => return mistakes.add(at, format!("`{name}` cannot be read: {error}")),
        };
        told += 1;
        if told > TOLD {
            return mistakes.add(at, format!("`{name}` has more lines that are no JSON"));
        }
        mistakes.add(at, what);
    }
}

/// Sends all files, and closes their nodes.
pub(super) async fn send(
    cluster: &Cluster,
    run: &RunKey,
    inputs: &[Input],
) -> Result<BTreeMap<String, Sent>, Failure> {
    let mut all = BTreeMap::new();
    for input in inputs {
        let sent = send_file(cluster, run, input).await?;
        cluster.close_input(run, input.node.as_str()).await?;
        all.insert(input.node.clone(), sent);
    }
    Ok(all)
}

async fn send_file(cluster: &Cluster, run: &RunKey, input: &Input) -> Result<Sent, Failure> {
    let name = input.file.display();
    let unreadable =
        |error: io::Error| Failure::Failed(format!("`{name}` cannot be read: {error}"));
    let mut lines = Lines::open(&input.file).map_err(unreadable)?;
    let mut sent = Sent {
        duplicates: compare(cluster, run, input, &mut lines).await?,
        ..Sent::default()
    };
    loop {
        let mut chunk = Vec::new();
        let mut bytes = 0;
        while chunk.len() < CHUNK && bytes < CHUNK_BYTES {
            let Some(line) = lines.next() else {
                break;
            };
            let (number, text) = line.map_err(unreadable)?;
            bytes += text.len();
            chunk.push(artifact(&name, number, text)?);
        }
        if chunk.is_empty() {
            return Ok(sent);
        }
        let appended = cluster
            .append_input(run, input.node.as_str(), chunk)
            .await?;
        sent.new += appended.new;
        sent.duplicates += appended.duplicates;
    }
}

fn artifact(
    name: &impl std::fmt::Display,
    number: u64,
    text: String,
) -> Result<NewArtifact, Failure> {
    let payload = Payload::from_text(text).map_err(|error| {
        Failure::Failed(format!(
            "`{name}` has changed: line {number} is no JSON any more: {error}"
        ))
    })?;
    Ok(NewArtifact {
        uid: uid(number).into(),
        payload,
        meta: Map::new(),
    })
}

/// The id of a line's artifact.
fn uid(number: u64) -> String {
    format!("line-{number}")
}

/// Passes over the lines that are there already, and gives how many they are. They have to be the same.
async fn compare(
    cluster: &Cluster,
    run: &RunKey,
    input: &Input,
    lines: &mut Lines,
) -> Result<u64, Failure> {
    let (node, name) = (&input.node, input.file.display());
    let mut there = 0;
    loop {
        let page = cluster.artifacts(run, node.as_str(), there).await?;
        for artifact in &page.artifacts {
            let seq = artifact.seq;
            let other = |what: &str| {
                Failure::Failed(format!(
                    "artifact {seq} of input node `{node}` is another one than `{name}` {what}"
                ))
            };
            let line = lines
                .next()
                .ok_or_else(|| other("has, which ends before"))?;
            let (number, text) =
                line.map_err(|error| Failure::Failed(format!("`{name}` cannot be read: {error}")))?;
            if artifact.uid.as_str() != uid(number) || artifact.payload.as_str() != text {
                return Err(other(&format!(
                    "has in line {number}: submit another run for another file"
                )));
            }
            there = seq;
        }
        if page.is_end || page.artifacts.is_empty() {
            return Ok(there);
        }
    }
}

/// The lines of a file that are not empty, with their numbers from 1 on.
struct Lines {
    from: BufReader<File>,
    number: u64,
}

impl Lines {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // What can be read only once cannot be checked before it is sent.
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        Ok(Self {
            from: BufReader::new(file),
            number: 0,
        })
    }
}

impl Iterator for Lines {
    type Item = io::Result<(u64, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut line = String::new();
            match self.from.read_line(&mut line) {
                Ok(0) => return None,
                Ok(_) => self.number += 1,
                Err(error) => return Some(Err(error)),
            }
            let text = line.trim();
            if !text.is_empty() {
                return Some(Ok((self.number, text.to_owned())));
            }
        }
    }
}
