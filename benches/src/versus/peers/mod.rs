//! The same stages without antflow.

pub(crate) mod actors;
pub(crate) mod channels;
pub(crate) mod experts;
pub(crate) mod jobs;
pub(crate) mod slots;
pub(crate) mod streams;
pub(crate) mod tasks;
pub(crate) mod threads;
