//! What the census keeps of a syntax tree.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The facts of one file, in the order of the text.
///
/// A syntax tree cannot leave its thread and is many times larger than its text,
/// so the tree is read once and only these facts travel on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// Where the file lies.
    pub path: PathBuf,
    /// The crate it belongs to.
    pub crate_name: String,
    /// How many lines of text it has, blank lines and comments included.
    pub lines: usize,
    /// Every function with a body, methods and nested functions included.
    pub functions: Vec<Function>,
    /// Where the file leaves the safe language.
    pub unsafe_uses: UnsafeUses,
    /// Every item that says `pub`, and every exported macro.
    pub public_items: Vec<PublicItem>,
}

/// A function that has a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// The name alone, without module or type.
    pub name: String,
    /// The line of the `fn` keyword, from 1.
    pub first_line: usize,
    /// The line of the closing brace, from 1.
    pub last_line: usize,
    /// Is it an `unsafe fn`?
    pub is_unsafe: bool,
}

impl Function {
    /// How many lines it takes, both ends included.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.last_line.saturating_sub(self.first_line) + 1
    }
}

/// How often a file uses `unsafe`, by kind.
///
/// The tokens inside macro calls are not looked at: before expansion nobody can
/// say what they mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnsafeUses {
    /// `unsafe { .. }` and `unsafe extern { .. }`.
    pub blocks: usize,
    /// `unsafe fn`, with or without a body.
    pub functions: usize,
    /// `unsafe impl`.
    pub impls: usize,
    /// `unsafe trait`.
    pub traits: usize,
}

impl UnsafeUses {
    /// All of them together.
    #[must_use]
    pub fn total(&self) -> usize {
        self.blocks + self.functions + self.impls + self.traits
    }
}

/// An item that other crates may see.
///
/// Counted is what says `pub` itself: functions, methods, types, traits,
/// constants, statics and inline modules, and macros with `#[macro_export]`. Not
/// counted are fields and variants, re-exports, items hidden from the
/// documentation, and `mod name;`, whose documentation lies in another file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicItem {
    /// The name alone, without module or type.
    pub name: String,
    /// The line of the name, from 1.
    pub line: usize,
    /// Does it have a documentation comment or a `#[doc = ..]` attribute?
    pub is_documented: bool,
}
