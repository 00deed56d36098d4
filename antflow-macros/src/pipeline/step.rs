use proc_macro2::{Ident, Span, TokenStream};
use syn::Expr;

use super::operand::Operand;

/// What a pipeline or a branch is made of, from left to right.
#[derive(Default)]
pub(super) struct Chain(pub(super) Vec<Step>);

/// What stands between two `>>`.
pub(super) enum Step {
    /// `fetch.workers(4)`
    Stage(Box<Operand>),
    /// `filter(is_new)`, `flat_map(links)`, `broadcast(mirrors)`
    Word(Word),
    /// `batch(100, "1s")`
    Batch(Batch),
    /// `(html & text)`
    Fork(Fork),
    /// `{ Html => html, Pdf => pdf }`
    Route(Route),
}

/// A word that takes one value.
pub(super) struct Word {
    pub(super) name: Ident,
    pub(super) kind: Kind,
    pub(super) value: Expr,
}

/// What a word does.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Filter,
    FlatMap,
    Broadcast,
}

pub(super) struct Batch {
    pub(super) name: Ident,
    pub(super) size: TokenStream,
    pub(super) max_wait: TokenStream,
    /// As it was written.
    pub(super) text: String,
}

pub(super) struct Fork {
    /// Of its first `&`.
    pub(super) span: Span,
    pub(super) branches: Vec<Chain>,
}

pub(super) struct Route {
    /// Of its braces.
    pub(super) span: Span,
    pub(super) arms: Vec<(Ident, Chain)>,
}

impl Chain {
    /// The stages in the order in which they are written.
    pub(super) fn stages(&self) -> Vec<&Operand> {
        let mut stages = Vec::new();
        self.collect(&mut stages);
        stages
    }

    fn collect<'a>(&'a self, stages: &mut Vec<&'a Operand>) {
        for step in &self.0 {
            match step {
                Step::Stage(operand) => stages.push(operand),
                Step::Word(_) | Step::Batch(_) => {}
                Step::Fork(_) | Step::Route(_) => {
                    for branch in step.branches() {
                        branch.collect(stages);
                    }
                }
            }
        }
    }

    /// As [`stages`](Self::stages), to change them.
    pub(super) fn each_stage(&mut self, change: &mut impl FnMut(&mut Operand)) {
        for step in &mut self.0 {
            match step {
                Step::Stage(operand) => change(operand),
                Step::Word(_) | Step::Batch(_) => {}
                Step::Fork(fork) => {
                    for branch in &mut fork.branches {
                        branch.each_stage(change);
                    }
                }
                Step::Route(route) => {
                    for (_, branch) in &mut route.arms {
                        branch.each_stage(change);
                    }
                }
            }
        }
    }

    /// Whether there are stages alone, one behind the other.
    pub(super) fn is_line(&self) -> bool {
        self.0.iter().all(|step| matches!(step, Step::Stage(_)))
    }
}

impl Step {
    /// The branches of a fork or a route.
    pub(super) fn branches(&self) -> Vec<&Chain> {
        match self {
            Self::Fork(fork) => fork.branches.iter().collect(),
            Self::Route(route) => route.arms.iter().map(|(_, branch)| branch).collect(),
            Self::Stage(_) | Self::Word(_) | Self::Batch(_) => Vec::new(),
        }
    }

    /// Where messages about it point.
    pub(super) fn span(&self) -> Span {
        match self {
            Self::Stage(operand) => operand.span,
            Self::Word(word) => word.name.span(),
            Self::Batch(batch) => batch.name.span(),
            Self::Fork(fork) => fork.span,
            Self::Route(route) => route.span,
        }
    }

    /// What it is called in messages.
    pub(super) fn noun(&self) -> String {
        match self {
            Self::Stage(_) => "a stage".to_owned(),
            Self::Word(word) => format!("`{}`", word.name),
            Self::Batch(batch) => format!("`{}`", batch.name),
            Self::Fork(_) | Self::Route(_) => "branches".to_owned(),
        }
    }
}
