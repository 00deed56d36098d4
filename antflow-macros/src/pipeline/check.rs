use quote::ToTokens as _;
use syn::{BinOp, Expr, ExprMethodCall};

use super::operand::Operand;
use super::parse::wired_with;
use crate::args::{check_count, ungrouped};
use crate::errors::Errors;

/// Methods whose number must be at least one.
const COUNTS: &[&str] = &["workers", "queue", "attempts", "concurrency"];

/// The stages of a chain from left to right, and what is wrong with them.
pub(super) fn operands(chain: &Expr, errors: &mut Errors) -> Vec<Operand> {
    let mut operands = Vec::new();
    collect(chain, &mut operands, errors);
    operands
}

fn collect(expr: &Expr, operands: &mut Vec<Operand>, errors: &mut Errors) {
    match expr {
        Expr::Group(group) => collect(&group.expr, operands, errors),
        Expr::Binary(binary) if matches!(binary.op, BinOp::Shr(_)) => {
            collect(&binary.left, operands, errors);
            collect(&binary.right, operands, errors);
        }
        Expr::Binary(binary) => {
            errors.at(
                binary.op,
                wired_with(&binary.op.to_token_stream().to_string()),
            );
        }
        Expr::Paren(paren) if is_chain(&paren.expr) => {
            errors.at(
                expr,
                "parentheses around stages mean nothing here: leave them out",
            );
        }
        Expr::Path(path) if !path.path.is_ident("self") => {
            operands.push(Operand::stage(path, expr));
        }
        Expr::MethodCall(_) | Expr::Field(_) => method_call(expr, operands, errors),
        _ => match mistake(expr) {
            None => operands.push(Operand::value(expr)),
            Some(message) => errors.at(expr, message),
        },
    }
}

/// A stage with settings; the name of a last one may be unfinished, as an editor hands it in while it is written.
fn method_call(whole: &Expr, operands: &mut Vec<Operand>, errors: &mut Errors) {
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
        Expr::Path(path) if !path.path.is_ident("self") => {
            operands.push(Operand::stage(path, whole));
        }
        _ => operands.push(Operand::value(whole)),
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

/// What to say about an expression that is never a stage.
fn mistake(expr: &Expr) -> Option<&'static str> {
    match expr {
        Expr::Closure(_) => Some(
            "a closure is no stage: write a `#[stage]` function, or wrap it as `(from_fn(\"Name\", closure))`",
        ),
        Expr::Assign(_) | Expr::Range(_) => Some("expected stages joined by `>>`"),
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
        Expr::Call(call) if call.args.iter().any(|arg| matches!(arg, Expr::Assign(_))) => {
            Some("settings for one use are methods, as in `fetch.workers(4)`")
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
