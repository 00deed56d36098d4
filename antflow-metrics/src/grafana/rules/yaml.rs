//! As much of YAML as rule files need.
//!
//! Expressions and texts are block scalars, in which nothing has to be quoted.

use crate::grafana::files::ORIGIN;

/// The width to which comments and texts are folded.
const WIDTH: usize = 110;

/// A rule file under way.
#[derive(Debug)]
pub(super) struct Yaml {
    text: String,
}

impl Yaml {
    /// A file that begins with this comment.
    pub(super) fn new(about: &str) -> Self {
        let mut yaml = Self {
            text: String::new(),
        };
        yaml.comment(0, about);
        yaml.comment(0, ORIGIN);
        yaml.line(0, "groups:");
        yaml
    }

    /// A group of rules.
    pub(super) fn group(&mut self, name: &str) {
        self.line(2, &format!("- name: {name}"));
        self.line(4, "rules:");
    }

    /// The first line of a rule.
    pub(super) fn rule(&mut self, kind: &str, name: &str, about: &str) {
        self.text.push('\n');
        self.comment(6, about);
        self.line(6, &format!("- {kind}: {name}"));
    }

    /// A field whose value is one word.
    pub(super) fn word(&mut self, indent: usize, key: &str, word: &str) {
        self.line(indent, &format!("{key}: {word}"));
    }

    /// A field that has fields.
    pub(super) fn map(&mut self, indent: usize, key: &str) {
        self.line(indent, &format!("{key}:"));
    }

    /// A field whose lines stay as they are.
    pub(super) fn lines(&mut self, indent: usize, key: &str, text: &str) {
        self.line(indent, &format!("{key}: |-"));
        for line in text.lines() {
            self.line(indent + 2, line);
        }
    }

    /// A field whose words may be put on other lines.
    pub(super) fn prose(&mut self, indent: usize, key: &str, text: &str) {
        self.line(indent, &format!("{key}: >-"));
        for line in folded(text, WIDTH - indent) {
            self.line(indent + 2, &line);
        }
    }

    /// The whole file.
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn comment(&mut self, indent: usize, text: &str) {
        for line in folded(text, WIDTH - indent) {
            self.line(indent, &format!("# {line}"));
        }
    }

    fn line(&mut self, indent: usize, line: &str) {
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// The words of a text, in lines of at most this width where words are short enough. What is between braces, as
/// in `{{ $value }}`, is one word.
fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut is_inside = false;
    for word in text.split_whitespace() {
        let room = |line: &&mut String| is_inside || line.len() + 1 + word.len() <= width;
        match lines.last_mut().filter(room) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
        if let Some(place) = word.rfind(['{', '}']) {
            is_inside = word[place..].starts_with('{');
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_folded_between_words() {
        assert_eq!(folded("one two  three", 7), ["one two", "three"]);
        assert_eq!(folded("unfoldable", 3), ["unfoldable"]);
        assert_eq!(
            folded("of {{ $labels.job }} and", 6),
            ["of {{ $labels.job }}", "and"]
        );
    }
}
