use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Makes a name that is text: cheap to clone, compared as text, and written as text.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                *self.0 == **other
            }
        }
    };
}

/// Makes a name that can also be drawn: unique, and in the order in which it was drawn.
macro_rules! drawn {
    ($name:ident, $prefix:literal) => {
        impl $name {
            /// A new one that nobody else has. Those of one process sort in the order in which they were drawn.
            #[must_use]
            pub fn random() -> Self {
                Self(format!(concat!($prefix, "{}"), uuid::Uuid::now_v7().simple()).into())
            }
        }
    };
}

name! {
    /// The id of a run: of one execution of one graph. The guide calls it `task_id`.
    ///
    /// Whoever submits may choose it, which makes submitting again harmless.
    RunKey
}
drawn!(RunKey, "run-");

name! {
    /// The id of a node, unique in its graph.
    NodeId
}

name! {
    /// What a worker can do, and what a node asks for: the guide's task type.
    Role
}

name! {
    /// The id of a worker. A worker that starts again under the same id continues what it had begun.
    WorkerKey
}
drawn!(WorkerKey, "worker-");

name! {
    /// The id of one holding of a lease. Each claim and each resumption draws a new one.
    LeaseId
}
drawn!(LeaseId, "lease-");

name! {
    /// The id of a batch, unique in its node, and the same in each attempt: its effect is committed once.
    ///
    /// It is the idempotency key for effects outside the store.
    BatchUid
}

name! {
    /// What went wrong, as a word for machines: `bad_input`, `lease_expired`.
    ReasonCode
}

name! {
    /// The id by which receivers know a message that they have seen.
    DedupId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_text() {
        let id = NodeId::from("fetch");
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"fetch\"");
        assert_eq!(serde_json::from_str::<NodeId>("\"fetch\"").unwrap(), id);
        assert_eq!(id, "fetch");
    }

    #[test]
    fn drawn_names_differ_and_sort_as_drawn() {
        let drawn: Vec<_> = (0..100).map(|_| RunKey::random()).collect();
        assert!(drawn.is_sorted());
        assert_ne!(drawn[0], drawn[1]);
        assert!(drawn[0].as_str().starts_with("run-"));
    }
}
