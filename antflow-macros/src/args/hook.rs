use syn::{Expr, ExprPath, Lit};

use super::{Args, literal};
use crate::errors::Errors;

impl Args {
    /// The path of a function.
    pub(crate) fn function(&self, name: &str, errors: &mut Errors) -> Option<ExprPath> {
        let value = self.value(name, errors)?;
        match value {
            Expr::Path(path) => return Some(path.clone()),
            Expr::Closure(_) => errors.at(
                value,
                format!("`{name}` takes the path of a function, not a closure: give the closure's code a name"),
            ),
            _ => match literal(value) {
                Some(Lit::Str(text)) => errors.at(
                    value,
                    format!("`{name}` takes the path of a function without quotes: `{name} = {}`", text.value()),
                ),
                _ => errors.at(value, format!("`{name}` takes the path of a function")),
            },
        }
        None
    }
}
