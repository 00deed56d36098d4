//! `pipeline!`: stages joined by `>>`.

mod check;
mod declare;
mod expand;
mod operand;
mod parse;

#[cfg(test)]
mod tests;

pub(crate) use self::expand::expand;
