use std::collections::BTreeSet;

use crate::cluster::Role;

/// What a graph may name: roles, input adapters and coordinator functions.
///
/// What is not given is not checked: [`Catalog::any`] lets every name pass. The adapters of antflow itself are always
/// known.
///
/// ```
/// use antflow::cluster::graph::{Catalog, Graph};
///
/// let catalog = Catalog::any().with_roles(["fetcher", "parser"]);
/// let graph = r#"{ "nodes": [{ "node_id": "fetch", "type": "fetchr" }] }"#;
/// let error = Graph::from_json(graph, &catalog).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "node `fetch`: no worker has the role `fetchr`, did you mean `fetcher`"
/// );
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Catalog {
    roles: Option<BTreeSet<Role>>,
    adapters: Option<BTreeSet<String>>,
    functions: Option<BTreeSet<String>>,
    strict: bool,
}

impl Catalog {
    /// Lets every name pass.
    pub fn any() -> Self {
        Self::default()
    }

    /// Names the roles that there are.
    pub fn with_roles(mut self, roles: impl IntoIterator<Item = impl Into<Role>>) -> Self {
        self.roles = Some(roles.into_iter().map(Into::into).collect());
        self
    }

    /// Names the input adapters that there are beside those of antflow.
    pub fn with_adapters(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.adapters = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Names the coordinator functions that there are.
    pub fn with_functions(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.functions = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Asks that arguments are written out which otherwise have a default: `meta_list_key` of rechunk.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    pub(super) fn roles(&self) -> Option<&BTreeSet<Role>> {
        self.roles.as_ref()
    }

    pub(super) fn adapters(&self) -> Option<&BTreeSet<String>> {
        self.adapters.as_ref()
    }

    pub(super) fn functions(&self) -> Option<&BTreeSet<String>> {
        self.functions.as_ref()
    }

    pub(super) fn is_strict(&self) -> bool {
        self.strict
    }
}
