//! A census of Rust source code: what is in every `.rs` file below a directory.
//!
//! The work comes in four steps, each a plain blocking function with a typed
//! error, and each usable and tested on its own:
//!
//! | step | from | to | costs |
//! |---|---|---|---|
//! | [`walk()`] | a root directory | paths, lazily | little input and output |
//! | [`read()`] | [`PathBuf`](std::path::PathBuf) | [`Source`] | input and output |
//! | [`parse()`] | [`Source`] | [`Outline`] | nearly all of the processor time |
//! | [`measure()`] | [`Outline`] | [`Measures`] | nothing to speak of |
//!
//! [`Store`] keeps one row for each file in SQLite, and [`Report`] tells a person
//! or a program what was found. A file that cannot be read or parsed is a value of
//! the step's error type, never the end of the census.
//!
//! Memory does not grow with the number of files: every step hands its result on
//! and forgets it, the store holds one batch at most, and the totals are queries.
//! Only the list of failures grows.
//!
//! # Examples
//!
//! ```
//! use antflow_examples::census::{Store, measure, parse, read, walk};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let root = std::path::Path::new("src");
//! let mut store = Store::temporary()?;
//! for path in walk(root) {
//!     let source = read(root, path?)?;
//!     let outline = parse(&source)?;
//!     store.insert(measure(&outline))?;
//! }
//! let stored = store.finish()?;
//! assert!(stored > 0);
//! # Ok(())
//! # }
//! ```

mod crate_name;
mod measure;
mod outline;
mod parse;
mod ranking;
mod read;
mod report;
mod store;
mod table;
mod visit;
mod walk;

pub use crate_name::crate_name;
pub use measure::{LongestFunction, Measures, measure};
pub use outline::{Function, Outline, PublicItem, UnsafeUses};
pub use parse::{MAX_NESTING, PARSE_STACK, ParseError, parse};
pub use ranking::{CrateSummary, Ranking};
pub use read::{ReadError, Source, read};
pub use report::{Failure, Report, with_causes};
pub use store::{BATCH, Store, StoreError};
pub use walk::{Walk, WalkError, default_root, walk};
