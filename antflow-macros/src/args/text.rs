use syn::{Expr, Lit, LitStr};

use super::{Args, Value, literal, nearest, ungrouped};
use crate::errors::Errors;

impl Args {
    /// A name: a string that is not empty.
    pub(crate) fn name(&self, errors: &mut Errors) -> Option<LitStr> {
        let value = self.value("name", errors)?;
        match literal(value) {
            Some(Lit::Str(text)) if !text.value().trim().is_empty() => return Some(text.clone()),
            Some(Lit::Str(text)) => errors.at(text, "`name` must not be empty"),
            _ => errors.at(value, "`name` takes a string, as in `name = \"Fetch\"`"),
        }
        None
    }

    /// One of the strings that a key knows.
    pub(crate) fn choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&'static str, T)],
        errors: &mut Errors,
    ) -> Option<T> {
        let value = self.value(name, errors)?;
        let known: Vec<_> = choices.iter().map(|(text, _)| *text).collect();
        let expected = known
            .iter()
            .map(|text| format!("\"{text}\""))
            .collect::<Vec<_>>()
            .join(" or ");
        let Some(Lit::Str(text)) = literal(value) else {
            errors.at(value, format!("`{name}` takes {expected}"));
            return None;
        };
        let text = text.value();
        let found = choices.iter().find(|(choice, _)| *choice == text);
        if found.is_none() {
            let hint = nearest(&text, &known).filter(|_| known.len() > 1);
            let hint = hint.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
            errors.at(
                value,
                format!("`{name}` takes {expected}, not \"{text}\"{hint}"),
            );
        }
        found.map(|(_, choice)| *choice)
    }

    /// A switch: `ordered`, `ordered = true` or `ordered = false`.
    pub(crate) fn flag(&self, name: &str, errors: &mut Errors) -> bool {
        if let Some(Value::Given(value)) = self.entry(name).map(|entry| &entry.value)
            && switch(value).is_none()
        {
            errors.at(
                value,
                format!("`{name}` stands alone, or takes `true` or `false`"),
            );
        }
        self.is_on(name)
    }

    /// Whether a key is given, and is not the switch `= false`.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        match self.entry(name).map(|entry| &entry.value) {
            None => false,
            Some(Value::Given(value)) => switch(value).unwrap_or(true),
            Some(Value::None | Value::Broken) => true,
        }
    }
}

fn switch(value: &Expr) -> Option<bool> {
    match literal(ungrouped(value)) {
        Some(Lit::Bool(on)) => Some(on.value),
        _ => None,
    }
}
