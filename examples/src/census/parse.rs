//! Parsing a file into its outline: the step that takes the time.

use std::path::PathBuf;
use std::str::FromStr;

use proc_macro2::{Span, TokenStream, TokenTree, extra};
use thiserror::Error;

use super::{Outline, Source, UnsafeUses, visit};

/// The stack that a thread needs for [`parse()`], in bytes.
///
/// The parser calls itself for each level of nesting in the text, and in a debug
/// build a level takes up to 40 KiB. This much is enough for [`MAX_NESTING`] levels
/// and leaves room. A thread takes memory only for the part that it uses.
pub const PARSE_STACK: usize = 32 * 1024 * 1024;

/// The deepest nesting of brackets that [`parse()`] accepts.
pub const MAX_NESTING: usize = 256;

/// The lexer itself does not say what is wrong.
const NO_TOKEN: &str = "no token of Rust, or a bracket without its partner";

/// Parses the text of `source` and keeps the facts of the census.
///
/// This is pure computing: inside an async program it belongs on a thread that
/// may block. It keeps nothing behind in the thread, however many files it sees.
///
/// # Stack
///
/// Parsing is recursive, and a stack overflow ends the whole process. Call this on
/// a thread with a stack of [`PARSE_STACK`] bytes, which thread pools take as an
/// option. Text whose brackets are nested deeper than [`MAX_NESTING`] is refused
/// before it is parsed. Nesting without brackets, as in `&&&u8`, is not limited:
/// hundreds of levels fit, and no file written by hand has them.
///
/// # Errors
///
/// [`ParseError::Syntax`] if the text is not Rust as the parser knows it, and
/// [`ParseError::TooDeep`] if it is nested too deeply.
pub fn parse(source: &Source) -> Result<Outline, ParseError> {
    let _spans = ForgetSpans;
    let text = without_shebang(&source.text);
    let tokens = TokenStream::from_str(text)
        .map_err(|error| syntax_error(source, error.span(), NO_TOKEN))?;
    if let Some(line) = too_deep(&tokens) {
        let path = source.path.clone();
        return Err(ParseError::TooDeep {
            path,
            line,
            limit: MAX_NESTING,
        });
    }
    let file: syn::File = syn::parse2(tokens)
        .map_err(|error| syntax_error(source, error.span(), &error.to_string()))?;

    let mut outline = Outline {
        path: source.path.clone(),
        crate_name: source.crate_name.clone(),
        lines: source.text.lines().count(),
        functions: Vec::new(),
        unsafe_uses: UnsafeUses::default(),
        public_items: Vec::new(),
    };
    visit::collect(&file, &mut outline);
    Ok(outline)
}

/// Why a [`Source`] has no outline.
///
/// The messages leave the path out, as whoever reports them names it anyway.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The text is not Rust as the parser knows it.
    #[error("syntax error at line {line}, column {column}: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line of the error, from 1.
        line: usize,
        /// The column of the error in characters, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// The brackets are nested so deeply that parsing could overflow the stack.
    #[error("nested deeper than {limit} brackets at line {line}; split the expression")]
    TooDeep {
        /// The file.
        path: PathBuf,
        /// The line of the bracket that goes too deep, from 1.
        line: usize,
        /// The deepest nesting that is accepted.
        limit: usize,
    },
}

impl ParseError {
    /// The file that could not be parsed.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        match self {
            Self::Syntax { path, .. } | Self::TooDeep { path, .. } => path,
        }
    }
}

/// Line numbers live in a table of the thread that holds the text of every file it
/// has seen. Emptied after each file, it holds one.
struct ForgetSpans;

impl Drop for ForgetSpans {
    fn drop(&mut self) {
        extra::invalidate_current_thread_spans();
    }
}

/// Cuts off a first line like `#!/usr/bin/env run`, but not `#![attribute]`.
///
/// The line break stays, so that the lines keep their numbers.
fn without_shebang(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.strip_prefix("#!") {
        Some(rest) if !rest.trim_start().starts_with('[') => {
            text.find('\n').map_or("", |end| &text[end..])
        }
        _ => text,
    }
}

/// The line at which the brackets go deeper than allowed, if they do.
fn too_deep(tokens: &TokenStream) -> Option<usize> {
    let mut open = vec![tokens.clone().into_iter()];
    while let Some(innermost) = open.last_mut() {
        match innermost.next() {
            Some(TokenTree::Group(group)) => {
                if open.len() > MAX_NESTING {
                    return Some(group.span_open().start().line);
                }
                open.push(group.stream().into_iter());
            }
            Some(_) => {}
            None => drop(open.pop()),
        }
    }
    None
}

fn syntax_error(source: &Source, span: Span, message: &str) -> ParseError {
    let start = span.start();
    ParseError::Syntax {
        path: source.path.clone(),
        line: start.line.max(1),
        column: start.column + 1,
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source {
            path: PathBuf::from("src/lib.rs"),
            crate_name: "one".to_owned(),
            text: text.to_owned(),
        }
    }

    fn outline(text: &str) -> Outline {
        parse(&source(text)).unwrap()
    }

    fn names(outline: &Outline) -> Vec<&str> {
        outline
            .public_items
            .iter()
            .map(|it| it.name.as_str())
            .collect()
    }

    #[test]
    fn functions_come_with_their_lines() {
        let text = "\nfn one() {}\n\nimpl A {\n    unsafe fn two(&self) {\n        fn three() {}\n    }\n}\n\
                    trait B {\n    fn no_body();\n    fn four() {}\n}\n";
        let outline = outline(text);
        let found: Vec<_> = outline
            .functions
            .iter()
            .map(|it| (it.name.as_str(), it.first_line, it.lines(), it.is_unsafe))
            .collect();
        assert_eq!(
            found,
            [
                ("one", 2, 1, false),
                ("two", 5, 3, true),
                ("three", 6, 1, false),
                ("four", 11, 1, false)
            ]
        );
        assert_eq!(outline.lines, 12);
    }

    #[test]
    fn every_kind_of_unsafe_is_counted() {
        let text = "unsafe trait T { unsafe fn a(); }\nunsafe impl T for u8 { unsafe fn a() {} }\n\
                    unsafe extern \"C\" { unsafe fn b(); safe fn c(); }\n\
                    fn d() { unsafe { b() }; let _ = || unsafe { b() }; println!(\"{}\", unsafe { 1 }); }\n";
        let expected = UnsafeUses {
            blocks: 3,
            functions: 3,
            impls: 1,
            traits: 1,
        };
        assert_eq!(outline(text).unsafe_uses, expected);
    }

    #[test]
    fn public_items_say_whether_they_are_documented() {
        let text = "/// Docs.\npub fn a() {}\npub(crate) fn no() {}\n#[doc = \"x\"] pub struct B { pub no: u8 }\n\
                    pub mod c { //! Docs.\n}\npub mod elsewhere;\npub use no::no;\n\
                    #[doc(hidden)] pub const NO: u8 = 1;\nimpl B { #[doc(inline)] pub fn d() {} }\n\
                    #[macro_export] macro_rules! e { () => {} }\nmacro_rules! no { () => {} }\n";
        let outline = outline(text);
        assert_eq!(names(&outline), ["a", "B", "c", "d", "e"]);
        let documented: Vec<_> = outline
            .public_items
            .iter()
            .map(|it| it.is_documented)
            .collect();
        assert_eq!(documented, [true, true, true, false, false]);
        assert_eq!(outline.public_items[0].line, 2);
    }

    #[test]
    fn a_syntax_error_names_line_and_column() {
        let error = parse(&source("fn a() {}\nfn b( {}\n")).unwrap_err();
        assert!(
            matches!(
                error,
                ParseError::Syntax {
                    line: 2,
                    column: 5,
                    ..
                }
            ),
            "{error:?}"
        );
        let error = parse(&source("fn a() {}\n  struct;\n")).unwrap_err();
        assert!(
            matches!(
                error,
                ParseError::Syntax {
                    line: 2,
                    column: 9,
                    ..
                }
            ),
            "{error:?}"
        );
        assert!(
            error
                .to_string()
                .starts_with("syntax error at line 2, column 9: "),
            "{error}"
        );
    }

    #[test]
    fn a_shebang_is_skipped_and_an_attribute_is_not() {
        assert_eq!(
            outline("#!/usr/bin/env run\nfn a() {}\n").functions[0].first_line,
            2
        );
        assert_eq!(
            outline("\u{feff}#![allow(dead_code)]\nfn a() {}").functions[0].first_line,
            2
        );
        assert!(outline("#!/usr/bin/env run").functions.is_empty());
    }

    #[test]
    fn nesting_up_to_the_limit_fits_the_stack() {
        let nested = |levels: usize| {
            let text = format!(
                "const A: u8 = {}1{};",
                "(".repeat(levels),
                ")".repeat(levels)
            );
            let parsing = move || parse(&source(&text)).map(|it| it.functions.len());
            let thread = std::thread::Builder::new().stack_size(PARSE_STACK);
            thread.spawn(parsing).unwrap().join().unwrap()
        };
        assert_eq!(nested(MAX_NESTING), Ok(0));
        assert!(matches!(
            nested(MAX_NESTING + 1),
            Err(ParseError::TooDeep { line: 1, .. })
        ));
    }
}
