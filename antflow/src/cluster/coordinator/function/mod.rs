//! What coordinators run themselves: nodes of the role `coordinator_fn`, by the function that `io.fn` names.
//!
//! The module of coordinators has the table of functions and of the codes of their failures.

mod aggregate;
pub(super) mod attempt;
mod call;
pub(super) mod control;
pub(super) mod lead;
mod merge;
mod vars;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

pub use call::FunctionCall;

use crate::Cancelled;
use crate::cluster::ReasonCode;
use crate::cluster::protocol::Failure;
use crate::cluster::store::{Finish, Payload, StoreError};

/// What a function gives.
pub(super) type FunctionFuture =
    Pin<Box<dyn Future<Output = Result<Finish, FunctionError>> + Send>>;

/// A function, as it is called.
pub(super) type FunctionFn = Arc<dyn Fn(FunctionCall) -> FunctionFuture + Send + Sync>;

/// Functions by their names.
pub(super) type Functions = BTreeMap<String, FunctionFn>;

/// Why a coordinator function did not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FunctionError {
    /// It failed.
    #[error("{code}: {text}")]
    Failed {
        /// What went wrong, as a word for machines.
        code: ReasonCode,
        /// Is there no point in trying again?
        permanent: bool,
        /// What went wrong, as text for people.
        text: String,
    },
    /// The store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It gave up, because its run is being ended.
    #[error("it was given up")]
    Cancelled(#[from] Cancelled),
}

impl FunctionError {
    /// A failure after which another attempt may do better.
    #[must_use]
    pub fn transient(code: impl Into<ReasonCode>, text: impl Into<String>) -> Self {
        Self::Failed {
            code: code.into(),
            permanent: false,
            text: text.into(),
        }
    }

    /// A failure after which no attempt can do better.
    #[must_use]
    pub fn permanent(code: impl Into<ReasonCode>, text: impl Into<String>) -> Self {
        Self::Failed {
            code: code.into(),
            permanent: true,
            text: text.into(),
        }
    }

    fn bad_input(text: impl Into<String>) -> Self {
        Self::permanent("bad_input", text)
    }

    /// What the store is told of it.
    fn into_failure(self) -> Failure {
        match self {
            Self::Failed {
                code,
                permanent,
                text,
            } => Failure {
                permanent,
                ..Failure::transient(code, text)
            },
            Self::Store(error) if error.is_transient() => {
                Failure::transient("store_unavailable", error.to_string())
            }
            Self::Store(error @ StoreError::NotFound { .. }) => {
                Failure::permanent("bad_input", error.to_string())
            }
            Self::Store(error) => Failure::permanent("bad_output", error.to_string()),
            Self::Cancelled(error) => Failure::transient("cancelled", error.to_string()),
        }
    }
}

/// The functions that every coordinator has.
pub(super) fn built_in() -> Functions {
    let mut functions = Functions::new();
    let mut add = |name: &str, function: FunctionFn| {
        functions.insert(name.to_owned(), function);
    };
    add("noop", of(|_| async { Ok(ok(serde_json::json!({}))) }));
    add("merge.generic", of(merge::merge));
    add("metrics.aggregate", of(aggregate::aggregate));
    add("vars.set", of(|call| async move { vars::set(&call) }));
    add("vars.merge", of(|call| async move { vars::merge(&call) }));
    add("vars.incr", of(|call| async move { vars::incr(&call) }));
    add("vars.unset", of(|call| async move { vars::unset(&call) }));
    functions
}

/// Makes a function of a closure.
pub(super) fn of<F>(function: impl Fn(FunctionCall) -> F + Send + Sync + 'static) -> FunctionFn
where
    F: Future<Output = Result<Finish, FunctionError>> + Send + 'static,
{
    Arc::new(move |call| Box::pin(function(call)))
}

/// An end with this as its result, beside `ok`.
fn ok(mut result: serde_json::Value) -> Finish {
    if let Some(object) = result.as_object_mut() {
        object.insert("ok".to_owned(), true.into());
    }
    Finish {
        result: Some(Payload::from(&result)),
        ..Finish::default()
    }
}
