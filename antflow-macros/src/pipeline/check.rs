use proc_macro2::{Span, TokenStream};
use quote::ToTokens as _;
use syn::{BinOp, Expr, ExprCall, ExprMethodCall, Ident};

use super::operand::Operand;
use super::parse::{Arm, Part, Separator, Split, Unread, wired_with};
use super::rules::{self, MOST_BRANCHES, Place};
use super::step::{Batch, Chain, Fork, Kind, Route, Step, Word};
use crate::args::{Zero, check_count, check_time, ungrouped, written};
use crate::errors::Errors;

/// Methods whose number must be at least one.
const COUNTS: &[&str] = &["workers", "queue", "attempts", "concurrency"];

/// The steps of a pipeline, and what is wrong with them. `end` is where they should be.
pub(super) fn chain(tokens: TokenStream, end: Span, errors: &mut Errors) -> Chain {
    if tokens.is_empty() {
        let message = "a pipeline has at least one stage, as in `pipeline!(fetch >> save)`";
        errors.at_span(end, message);
        return Chain::default();
    }
    let mut found = Errors::default();
    let mut chain = read(tokens, &mut found);
    let mut index = 0;
    chain.each_stage(&mut |stage| {
        stage.index = index;
        index += 1;
    });
    if found.is_empty() {
        rules::check(&chain, Place::Pipeline, &mut found);
    }
    errors.append(found);
    chain
}

/// Reads what stands between `>>`, which is something.
fn read(tokens: TokenStream, errors: &mut Errors) -> Chain {
    let split = Split::of(tokens, Separator::Arrow);
    if let Some((arrow, side)) = split.missing() {
        let arrow: TokenStream = arrow.iter().cloned().collect();
        errors.at(arrow, format!("a stage is missing {side} this `>>`"));
    }
    let mut chain = Chain::default();
    let last = split.parts.len() - 1;
    for (index, part) in split.parts.iter().enumerate() {
        if part.is_empty() {
            continue;
        }
        match Part::read(part, index == last) {
            Ok(part) => step(part, &mut chain, errors),
            Err(Unread { error, rest }) => {
                errors.push(error);
                if let Some(rest) = rest {
                    // What else is wrong is said when this is mended.
                    operand(&rest, &mut chain, &mut Errors::default());
                }
            }
        }
    }
    chain
}

fn step(part: Part, chain: &mut Chain, errors: &mut Errors) {
    match part {
        Part::Chain(tokens) => chain.0.extend(read(tokens, errors).0),
        Part::Expr(expr) => operand(&expr, chain, errors),
        Part::Fork(split, group) => {
            let fork = fork(split, group.span(), errors);
            chain.0.push(Step::Fork(fork));
        }
        Part::Route(split, group) => {
            let route = route(&split, group.span(), errors);
            chain.0.push(Step::Route(route));
        }
    }
}

fn fork(split: Split, whole: Span, errors: &mut Errors) -> Fork {
    let wrong = split.separators.iter().find_map(|separator| {
        let text: String = separator.iter().map(ToString::to_string).collect();
        (text != "&").then_some((separator, text))
    });
    if let Some((separator, text)) = wrong {
        let separator: TokenStream = separator.iter().cloned().collect();
        errors.at(
            separator,
            format!("branches are joined by `&`, not by `{text}`"),
        );
    } else if let Some((and, side)) = split.missing() {
        let and: TokenStream = and.iter().cloned().collect();
        errors.at(and, format!("a branch is missing {side} this `&`"));
    } else if let Some(more) = split.separators.get(MOST_BRANCHES - 1) {
        let more: TokenStream = more.iter().cloned().collect();
        let message = format!(
            "there are at most {MOST_BRANCHES} branches: divide one of them into branches of its own"
        );
        errors.at(more, message);
    }
    let span = split.separators.first().and_then(|first| first.first());
    let parts = split.parts.into_iter().filter(|part| !part.is_empty());
    Fork {
        span: span.map_or(whole, proc_macro2::TokenTree::span),
        branches: parts
            .map(|part| read(part.into_iter().collect(), errors))
            .collect(),
    }
}

fn route(split: &Split, span: Span, errors: &mut Errors) -> Route {
    let mut arms: Vec<(Ident, Chain)> = Vec::new();
    let last = split.parts.len() - 1;
    for (index, part) in split.parts.iter().enumerate() {
        if part.is_empty() {
            if index != last {
                errors.at(
                    split.separators[index].first(),
                    "a branch is missing before this `,`, as in `Html => parse`",
                );
            } else if index == 0 {
                errors.at_span(
                    span,
                    "a route has a branch for every variant, as in `{ Html => html, Pdf => pdf }`",
                );
            }
            continue;
        }
        match Arm::read(part) {
            Ok(arm) => {
                if arms.iter().any(|(earlier, _)| *earlier == arm.variant) {
                    let message = format!("`{}` has two branches: remove one", arm.variant);
                    errors.at(&arm.variant, message);
                }
                let chain = if arm.chain.is_empty() {
                    errors.at(arm.arrow, "a stage is missing after this `=>`");
                    Chain::default()
                } else {
                    read(arm.chain, errors)
                };
                arms.push((arm.variant, chain));
            }
            Err(error) => errors.push(error),
        }
    }
    Route { span, arms }
}

fn operand(expr: &Expr, chain: &mut Chain, errors: &mut Errors) {
    let step = match expr {
        Expr::Group(group) => return operand(&group.expr, chain, errors),
        Expr::Binary(binary) => {
            errors.at(binary.op, joined_with(&binary.op));
            return;
        }
        Expr::Paren(paren) if is_chain(&paren.expr) => {
            errors.at(
                expr,
                "parentheses around stages mean nothing here: leave them out",
            );
            return;
        }
        Expr::Path(path) if !path.path.is_ident("self") => Operand::stage(path, expr),
        Expr::MethodCall(_) | Expr::Field(_) => {
            let Some(operand) = method_call(expr, errors) else {
                return;
            };
            operand
        }
        Expr::Call(call) => match called(call, errors) {
            Called::Step(step) => {
                chain.0.push(*step);
                return;
            }
            Called::Mistake => return,
            Called::Value => Operand::value(expr),
        },
        _ => match mistake(expr) {
            None => Operand::value(expr),
            Some(message) => {
                errors.at(expr, message);
                return;
            }
        },
    };
    chain.0.push(Step::Stage(Box::new(step)));
}

/// What to say of an operator that is none of a pipeline.
fn joined_with(operator: &BinOp) -> String {
    match operator {
        BinOp::BitAnd(_) => {
            "branches stand in parentheses, as in `fetch >> (html & text)`".to_owned()
        }
        _ => wired_with(&operator.to_token_stream().to_string()),
    }
}

/// A stage with settings; the name of a last one may be unfinished, as an editor hands it in while it is written.
fn method_call(whole: &Expr, errors: &mut Errors) -> Option<Operand> {
    let mut receiver = ungrouped(whole);
    loop {
        receiver = ungrouped(match receiver {
            Expr::MethodCall(call) => {
                check_override(call, errors);
                &call.receiver
            }
            Expr::Field(field) => &field.base,
            _ => break,
        });
    }
    match receiver {
        Expr::Path(path) if !path.path.is_ident("self") => Some(Operand::stage(path, whole)),
        Expr::Call(call) => match word_of(call) {
            Some(word) => {
                errors.at(word, format!("`{word}` is no stage, and has no settings"));
                None
            }
            None => Some(Operand::value(whole)),
        },
        _ => Some(Operand::value(whole)),
    }
}

fn check_override(call: &ExprMethodCall, errors: &mut Errors) {
    let name = call.method.to_string();
    if COUNTS.contains(&&*name)
        && call.args.len() == 1
        && let Some(argument) = call.args.first()
        && let Err(error) = check_count(&name, argument)
    {
        errors.push(error);
    }
}

/// What a call between two `>>` is.
enum Called {
    Step(Box<Step>),
    Value,
    Mistake,
}

/// The words of `pipeline!`, which need no import.
const WORDS: &[&str] = &["filter", "flat_map", "broadcast", "batch"];

fn word_of(call: &ExprCall) -> Option<&Ident> {
    let Expr::Path(path) = ungrouped(&call.func) else {
        return None;
    };
    let word = path.path.get_ident()?;
    WORDS.iter().any(|known| word == known).then_some(word)
}

fn called(call: &ExprCall, errors: &mut Errors) -> Called {
    let Some(name) = word_of(call) else {
        return value(call, errors);
    };
    let kind = match &*name.to_string() {
        "filter" => Kind::Filter,
        "flat_map" => Kind::FlatMap,
        "broadcast" => Kind::Broadcast,
        _ => return batch(name, call, errors),
    };
    let mut arguments = call.args.iter();
    match (arguments.next(), arguments.next()) {
        (Some(value), None) => Called::Step(Box::new(Step::Word(Word {
            name: name.clone(),
            kind,
            value: value.clone(),
        }))),
        _ => {
            let takes = match kind {
                Kind::Filter => "one function, as in `filter(is_new)`",
                Kind::FlatMap => "one function, as in `flat_map(links)`",
                Kind::Broadcast => "the stages as one value, as in `broadcast(mirrors)`",
            };
            errors.at(name, format!("`{name}` takes {takes}"));
            Called::Mistake
        }
    }
}

fn batch(name: &Ident, call: &ExprCall, errors: &mut Errors) -> Called {
    let mut arguments = call.args.iter();
    let (Some(size), Some(max_wait), None) = (arguments.next(), arguments.next(), arguments.next())
    else {
        let message = "`batch` takes how many items, and how long it waits for them, as in `batch(100, \"1s\")`";
        errors.at(name, message);
        return Called::Mistake;
    };
    let is_right = check_count("size", size).map_err(|error| errors.push(error));
    let time = check_time("max_wait", ungrouped(max_wait), Zero::Refused, errors);
    match (is_right, time) {
        (Ok(()), Some(time)) => Called::Step(Box::new(Step::Batch(Batch {
            name: name.clone(),
            size: size.to_token_stream(),
            max_wait: time.into_tokens(),
            text: written(call),
        }))),
        _ => Called::Mistake,
    }
}

/// Any other call, whose value is taken for a stage unless it is seen to be none.
fn value(call: &ExprCall, errors: &mut Errors) -> Called {
    if call.args.iter().any(|arg| matches!(arg, Expr::Assign(_))) {
        errors.at(
            call,
            "settings for one use are methods, as in `fetch.workers(4)`",
        );
        return Called::Mistake;
    }
    match ungrouped(&call.func) {
        Expr::Path(path) if call.args.is_empty() => {
            let name = written(path);
            errors.at(
                call,
                format!("a stage is named without calling it: write `{name}`, or `({name}())` if that gives a stage"),
            );
            Called::Mistake
        }
        _ => Called::Value,
    }
}

/// What to say about an expression that is never a stage.
fn mistake(expr: &Expr) -> Option<&'static str> {
    match expr {
        Expr::Closure(_) => Some(
            "a closure is no stage: write a `#[stage]` function, or wrap it as `(from_fn(\"Name\", closure))`",
        ),
        Expr::Assign(_) | Expr::Range(_) => Some("expected stages joined by `>>`"),
        Expr::Tuple(tuple) if tuple.elems.len() > 1 => {
            Some("branches are joined by `&`, as in `(html & text)`")
        }
        Expr::Lit(_) | Expr::Array(_) | Expr::Tuple(_) | Expr::Infer(_) => {
            Some("expected the name of a stage")
        }
        Expr::Reference(_) | Expr::Unary(_) => {
            Some("expected the name of a stage, without an operator in front")
        }
        Expr::Let(_) => Some("`pipeline!` gives a value: write `let name = pipeline!(..);`"),
        Expr::Await(_) | Expr::Try(_) => {
            Some("expected the name of a stage: the pipeline calls it, and hands errors on")
        }
        Expr::Cast(_) => {
            Some("a stage cannot be cast: put a stage that converts the items in between")
        }
        _ => None,
    }
}

fn is_chain(expr: &Expr) -> bool {
    matches!(ungrouped(expr), Expr::Binary(binary) if matches!(binary.op, BinOp::Shr(_)))
}
