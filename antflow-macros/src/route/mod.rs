//! `#[derive(Route)]`: an enum whose variants go different ways.

mod expand;
mod parse;

#[cfg(test)]
mod tests;

pub(crate) use self::expand::expand;
