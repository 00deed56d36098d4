//! `#[stage]`: on an async function, or on a struct that lists tasks.

mod args;
mod expand;
mod hooks;
mod impls;
mod list;
mod valid;

#[cfg(test)]
mod tests;

pub(crate) use self::args::KEYS;
pub(crate) use self::expand::expand;
pub(crate) use self::impls::settings;
