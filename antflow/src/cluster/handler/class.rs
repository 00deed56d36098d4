use crate::cluster::ReasonCode;

/// What kind of failure an error is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorClass {
    /// What went wrong, as a word for machines. The graph's `permanent_on` may name it.
    pub code: ReasonCode,
    /// Is there no point in trying again?
    pub permanent: bool,
}

impl ErrorClass {
    /// A failure after which another attempt may do better.
    #[must_use]
    pub fn transient(code: impl Into<ReasonCode>) -> Self {
        Self {
            code: code.into(),
            permanent: false,
        }
    }

    /// A failure after which no attempt can do better.
    #[must_use]
    pub fn permanent(code: impl Into<ReasonCode>) -> Self {
        Self {
            code: code.into(),
            permanent: true,
        }
    }
}
