//! `pipeline!`: stages joined by `>>`.

mod check;
mod declare;
mod expand;
mod graph;
mod operand;
mod parse;

#[cfg(test)]
mod tests;

pub(crate) use self::expand::expand;
