//! `#[task]`: on an async function that a stage lists.

mod args;
mod expand;

#[cfg(test)]
mod tests;

pub(crate) use self::expand::expand;
