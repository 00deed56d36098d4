//! `antflow limits`.

use std::collections::BTreeMap;
use std::str::FromStr;

use antflow::cluster::Role;
use antflow::cluster::graph::COORDINATOR_FN;
use antflow::cluster::store::Limits;
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::words::plain;

/// What may be written behind `limits`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many nodes may be worked on at once over all roles, coordinator functions apart; `none` for no limit.
    #[arg(long, value_name = "N")]
    global: Option<Limit>,
    /// How many nodes of a role may be worked on at once; `ROLE=none` for no limit. May be given several times.
    #[arg(long, value_name = "ROLE=N", value_parser = of_role)]
    role: Vec<(Role, Limit)>,
}

/// A number, or none.
#[derive(Debug, Clone, Copy)]
struct Limit(Option<u32>);

/// What is shown.
#[derive(Serialize)]
struct Shown {
    limits: Limits,
    /// How many nodes are worked on, by role.
    held: BTreeMap<Role, u32>,
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let limit = text
            .parse()
            .map_err(|_| format!("expected a whole number from 0 to {}, or `none`", u32::MAX))?;
        Ok(Self(Some(limit)))
    }
}

fn of_role(text: &str) -> Result<(Role, Limit), String> {
    match text.rsplit_once('=') {
        Some((role, limit)) if !role.is_empty() => Ok((role.into(), limit.parse()?)),
        _ => Err("expected `ROLE=N`, or `ROLE=none`".to_owned()),
    }
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<(), Failure> {
    let cluster = context.cluster().await?;
    let mut limits = cluster.limits().await?;
    if args.global.is_some() || !args.role.is_empty() {
        if let Some(Limit(limit)) = args.global {
            limits.global = limit;
        }
        for (role, Limit(limit)) in args.role {
            match limit {
                Some(limit) => drop(limits.roles.insert(role, limit)),
                None => drop(limits.roles.remove(&role)),
            }
        }
        cluster.set_limits(limits.clone()).await?;
    }
    let mut held = BTreeMap::new();
    for active in cluster.active_runs().await? {
        *held.entry(active.role).or_insert(0) += 1;
    }
    show(context, Shown { limits, held })
}

fn show(context: &mut Context, shown: Shown) -> Result<(), Failure> {
    if context.out.json {
        return context.out.document(&shown);
    }
    let Shown { limits, held } = shown;
    let text =
        |limit: Option<u32>| limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
    let functions = held.get(COORDINATOR_FN).copied().unwrap_or_default();
    let all = held.values().sum::<u32>() - functions;
    let mut rows = vec![["all roles".to_owned(), text(limits.global), all.to_string()]];
    let mut roles: BTreeMap<_, _> = held
        .iter()
        .map(|(role, held)| (role, (None, *held)))
        .collect();
    for (role, limit) in &limits.roles {
        roles.entry(role).or_insert((None, 0)).0 = Some(*limit);
    }
    for (role, (limit, held)) in roles {
        rows.push([plain(role.as_str()), text(limit), held.to_string()]);
    }
    context
        .out
        .table(["ROLE", "LIMIT", "WORKED ON"], &[1, 2], rows)
}
