use std::fmt;

/// Everything that is wrong with a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphError {
    mistakes: Vec<Mistake>,
}

/// One thing that is wrong with a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// Where it is: `nodes[2].io.start_when`, or ``node `parse` ``.
    pub at: String,
    /// What is wrong, and what to do.
    pub what: String,
}

impl GraphError {
    /// All mistakes, in the order of the graph.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for GraphError {}

/// Where mistakes are collected while a graph is read and checked.
#[derive(Debug, Default)]
pub(in crate::cluster) struct Mistakes(Vec<Mistake>);

impl Mistakes {
    pub(in crate::cluster) fn add(&mut self, at: impl Into<String>, what: impl Into<String>) {
        self.0.push(Mistake {
            at: at.into(),
            what: what.into(),
        });
    }

    pub(in crate::cluster) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(in crate::cluster) fn into_list(self) -> Vec<Mistake> {
        self.0
    }

    /// What was made, if nothing was wrong.
    pub(in crate::cluster) fn or<T>(self, made: T) -> Result<T, GraphError> {
        if self.0.is_empty() {
            Ok(made)
        } else {
            Err(GraphError { mistakes: self.0 })
        }
    }
}
