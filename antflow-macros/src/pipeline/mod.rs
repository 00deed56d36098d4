//! `pipeline!`: stages joined by `>>`, and what stands between them.

mod check;
mod declare;
mod expand;
mod graph;
mod operand;
mod parse;
mod rules;
mod step;
mod types;

#[cfg(test)]
mod tests;

pub(crate) use self::expand::expand;
