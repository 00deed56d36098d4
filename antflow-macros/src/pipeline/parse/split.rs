use proc_macro2::{Spacing, TokenStream, TokenTree};

/// What stands between parts.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::pipeline) enum Separator {
    /// `>>` between stages
    Arrow,
    /// `&` between branches, or what is taken for it: `&&`, `|`, `||`
    Branch,
    /// `,` between the branches of a route
    Comma,
}

/// Tokens, divided where a separator stands outside of generic parameters.
pub(in crate::pipeline) struct Split {
    /// One more than there are separators.
    pub(in crate::pipeline) parts: Vec<Vec<TokenTree>>,
    pub(in crate::pipeline) separators: Vec<Vec<TokenTree>>,
}

impl Split {
    pub(in crate::pipeline) fn of(tokens: TokenStream, separator: Separator) -> Self {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut split = Self {
            parts: vec![Vec::new()],
            separators: Vec::new(),
        };
        let (mut depth, mut index) = (0_usize, 0);
        while index < tokens.len() {
            let length = if depth == 0 {
                separator.length(&tokens[index..])
            } else {
                0
            };
            let last = split.parts.len() - 1;
            if length > 0 {
                split
                    .separators
                    .push(tokens[index..index + length].to_vec());
                split.parts.push(Vec::new());
                index += length;
                continue;
            }
            depth = depth_behind(&tokens[index], &split.parts[last], depth);
            split.parts[last].push(tokens[index].clone());
            index += 1;
        }
        split
    }

    /// The parts that are not empty, if there is a separator that lacks one, which is given with where it lacks it.
    pub(in crate::pipeline) fn missing(&self) -> Option<(&[TokenTree], &'static str)> {
        let first = self.parts.first()?;
        let separator = self.separators.first()?;
        if first.is_empty() {
            return Some((separator, "before"));
        }
        let behind = self.separators.iter().zip(&self.parts[1..]);
        let mut missing = behind.filter(|(_, part)| part.is_empty());
        missing.next().map(|(separator, _)| (&**separator, "after"))
    }
}

impl Separator {
    /// How many tokens at the beginning of these are a separator.
    fn length(self, tokens: &[TokenTree]) -> usize {
        let first = &tokens[0];
        let second = tokens.get(1);
        let doubled = |char: char| {
            let is_second = second.is_some_and(|second| is_punct(second, char));
            is_punct(first, char) && is_joint(first) && is_second
        };
        match self {
            Self::Arrow => {
                let assigns = tokens.get(2).is_some_and(|third| is_punct(third, '='));
                let assigns = assigns && second.is_some_and(is_joint);
                2 * usize::from(doubled('>') && !assigns)
            }
            Self::Branch if doubled('&') || doubled('|') => 2,
            Self::Branch => usize::from(is_punct(first, '&') || is_punct(first, '|')),
            Self::Comma => usize::from(is_punct(first, ',')),
        }
    }
}

/// How deep in generic parameters what follows `token` is, which stands behind `part`.
fn depth_behind(token: &TokenTree, part: &[TokenTree], depth: usize) -> usize {
    let previous = part.last();
    let is_previous = |char: char| previous.is_some_and(|previous| is_punct(previous, char));
    let opens = depth > 0 || previous.is_none() || is_previous(':');
    if is_punct(token, '<') && opens {
        return depth + 1;
    }
    let is_arrow = is_previous('-') && previous.is_some_and(is_joint);
    if is_punct(token, '>') && !is_arrow {
        return depth.saturating_sub(1);
    }
    depth
}

fn is_joint(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint)
}

pub(in crate::pipeline) fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn generic_parameters_are_not_divided() {
        let parts = |tokens, separator| Split::of(tokens, separator).parts.len();
        let chain = quote!(a::<Vec<Vec<u8>>> >> <B as C<D>>::e >> f::<fn(u8) -> Vec<u8>>.g(h >> i));
        assert_eq!(parts(chain, Separator::Arrow), 3);
        let branches = quote!(a::<&str> >> b & c::<Vec<&str>>);
        assert_eq!(parts(branches, Separator::Branch), 2);
        assert_eq!(
            parts(quote!(A => b::<C, D>, E => f(g, h)), Separator::Comma),
            2
        );
        assert_eq!(parts(quote!(a >>= b), Separator::Arrow), 1);
    }
}
