//! What may stand where in a pipeline.

use super::step::{Chain, Fork, Kind, Step};
use crate::errors::Errors;

/// What a chain is a part of.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// Of nothing: it is the pipeline.
    Pipeline,
    /// Of `(a & b)`.
    Fork,
    /// Of `{ Html => a }`.
    Route,
}

/// How many branches a fork has at most: tuples end there.
pub(super) const MOST_BRANCHES: usize = 8;

/// Reports the first thing that stands where it cannot, in the chain and in each of its branches.
pub(super) fn check(chain: &Chain, place: Place, errors: &mut Errors) {
    let found = beginning(chain, place)
        .or_else(|| between(chain))
        .or_else(|| end(chain))
        .or_else(|| in_route(chain, place));
    if let Some((step, message)) = found {
        errors.at_span(step.span(), message);
    }
    for step in &chain.0 {
        let place = match step {
            Step::Route(_) => Place::Route,
            _ => Place::Fork,
        };
        for branch in step.branches() {
            check(branch, place, errors);
        }
    }
}

type Found<'a> = Option<(&'a Step, String)>;

fn beginning(chain: &Chain, place: Place) -> Found<'_> {
    let first = chain.0.first()?;
    let whole = match place {
        Place::Pipeline => "pipeline",
        Place::Fork | Place::Route => "branch",
    };
    let is_stage = matches!(first, Step::Stage(_));
    (!is_stage).then(|| {
        let noun = first.noun();
        let message = format!("a {whole} begins with a stage: put one in front of {noun}");
        let message = message.replace("of branches", "of the branches");
        (first, message)
    })
}

fn between(chain: &Chain) -> Found<'_> {
    let pairs = chain.0.windows(2);
    let mut found = pairs.filter_map(|pair| match pair {
        [_, Step::Stage(_)] => match &pair[0] {
            Step::Fork(fork) => apart(fork),
            _ => None,
        },
        [Step::Fork(_) | Step::Route(_), next] => {
            let noun = next.noun();
            let message = format!(
                "branches come together in a stage: put one in front of {}",
                noun.replace("branches", "these branches")
            );
            Some((next, message))
        }
        [step @ Step::Batch(_), _] => Some((step, followed(step))),
        _ => None,
    });
    found.next()
}

/// A fork that a stage follows, where a branch has ends of its own.
fn apart(fork: &Fork) -> Found<'_> {
    let mut ends = fork.branches.iter().filter_map(|branch| branch.0.last());
    let apart = ends.find(|end| matches!(end, Step::Fork(_)))?;
    let message = "these branches have to come together before the ones around them do: let a stage follow them";
    Some((apart, message.to_owned()))
}

fn end(chain: &Chain) -> Found<'_> {
    let last = chain.0.last()?;
    let is_end = match last {
        Step::Stage(_) | Step::Fork(_) | Step::Route(_) => true,
        Step::Word(word) => word.kind == Kind::Broadcast,
        Step::Batch(_) => false,
    };
    (!is_end).then(|| (last, followed(last)))
}

fn followed(step: &Step) -> String {
    match step {
        Step::Batch(_) => {
            "`batch` is followed by the stage that takes the batches, each as a `Vec`".to_owned()
        }
        _ => format!("a stage is missing behind {}", step.noun()),
    }
}

/// What was routed stays whole, so that each branch gives one value for one.
fn in_route(chain: &Chain, place: Place) -> Found<'_> {
    if place != Place::Route {
        return None;
    }
    let mut steps = chain.0.iter().filter_map(|step| {
        let does = match step {
            Step::Stage(_) | Step::Batch(_) | Step::Route(_) => return None,
            Step::Word(word) if word.kind == Kind::Filter => "lets items go",
            Step::Word(_) => "makes several of one item",
            Step::Fork(_) => "make several of one item",
        };
        let noun = step.noun();
        let message = format!(
            "{noun} {does}, and a branch of a route gives one for one: put it in front of the route or behind it"
        );
        Some((step, message.replace("put it", if matches!(step, Step::Fork(_)) { "put them" } else { "put it" })))
    });
    steps.next()
}
