//! From the facts of a file to the numbers of its row.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Outline;

/// One row of the census: the numbers of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measures {
    /// Where the file lies.
    pub path: PathBuf,
    /// The crate it belongs to.
    pub crate_name: String,
    /// Lines of text.
    pub lines: usize,
    /// Functions with a body.
    pub functions: usize,
    /// Uses of `unsafe`, of every kind.
    pub unsafe_uses: usize,
    /// Public items.
    pub public_items: usize,
    /// Public items that are documented.
    pub documented: usize,
    /// The longest function, if there is any.
    pub longest_function: Option<LongestFunction>,
}

/// The name and the length of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongestFunction {
    /// The name alone, without module or type.
    pub name: String,
    /// How many lines it takes.
    pub lines: usize,
}

/// Counts what `outline` lists.
///
/// Of several functions of the greatest length, the first one is kept.
#[must_use]
pub fn measure(outline: &Outline) -> Measures {
    // `max_by_key` gives the last of equals, hence from the back.
    let longest = outline.functions.iter().rev().max_by_key(|it| it.lines());
    Measures {
        path: outline.path.clone(),
        crate_name: outline.crate_name.clone(),
        lines: outline.lines,
        functions: outline.functions.len(),
        unsafe_uses: outline.unsafe_uses.total(),
        public_items: outline.public_items.len(),
        documented: outline
            .public_items
            .iter()
            .filter(|it| it.is_documented)
            .count(),
        longest_function: longest.map(|function| LongestFunction {
            name: function.name.clone(),
            lines: function.lines(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Function, PublicItem, UnsafeUses};
    use super::*;

    fn function(name: &str, first_line: usize, last_line: usize) -> Function {
        Function {
            name: name.to_owned(),
            first_line,
            last_line,
            is_unsafe: false,
        }
    }

    fn public(name: &str, is_documented: bool) -> PublicItem {
        PublicItem {
            name: name.to_owned(),
            line: 1,
            is_documented,
        }
    }

    fn outline() -> Outline {
        Outline {
            path: PathBuf::from("src/lib.rs"),
            crate_name: "one".to_owned(),
            lines: 40,
            functions: Vec::new(),
            unsafe_uses: UnsafeUses::default(),
            public_items: Vec::new(),
        }
    }

    #[test]
    fn everything_listed_is_counted() {
        let measures = measure(&Outline {
            functions: vec![
                function("a", 1, 3),
                function("b", 5, 20),
                function("c", 22, 37),
            ],
            unsafe_uses: UnsafeUses {
                blocks: 4,
                functions: 3,
                impls: 2,
                traits: 1,
            },
            public_items: vec![public("a", true), public("b", false), public("C", true)],
            ..outline()
        });
        assert_eq!(measures.lines, 40);
        assert_eq!(measures.functions, 3);
        assert_eq!(measures.unsafe_uses, 10);
        assert_eq!(measures.public_items, 3);
        assert_eq!(measures.documented, 2);
        let longest = measures.longest_function.unwrap();
        assert_eq!((longest.name.as_str(), longest.lines), ("b", 16));
    }

    #[test]
    fn a_file_without_functions_has_no_longest_one() {
        let measures = measure(&outline());
        assert_eq!(measures.functions, 0);
        assert_eq!(measures.longest_function, None);
    }
}
