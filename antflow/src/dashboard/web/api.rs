//! What can be asked, beside the stream of events.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use tokio::task::spawn_blocking;

use super::live::Live;
use super::update::{Errors, LONG, write};
use super::workers::{Choice, Page};
use crate::event::StatusEvent;
use crate::item::ItemId;
use crate::stats::RunId;
use crate::tracker::StatusTracker;

/// So many events of an item are given, the last ones.
const EVENTS: usize = 1000;

type Items = (Option<StatusTracker>, RunId);

pub(super) fn routes(live: &Arc<Live>, tracker: Option<StatusTracker>) -> Router {
    let run = live.run().id();
    let items = Router::new()
        .route("/api/items/{id}", get(item))
        .with_state((tracker, run));
    Router::new()
        .route("/api/snapshot", get(snapshot))
        .route("/api/workers", get(workers))
        .route("/api/errors", get(errors))
        .with_state(Arc::clone(live))
        .merge(items)
}

async fn snapshot(State(live): State<Arc<Live>>) -> Response {
    json(live.look().await.json.clone())
}

async fn workers(State(live): State<Arc<Live>>, Query(choice): Query<Choice>) -> Response {
    let look = live.look().await;
    json(write(&Page::new(&look.snapshot, &choice)))
}

async fn errors(State(live): State<Arc<Live>>) -> Response {
    json(write(&Errors::new(&live.run().error_summary(), LONG)))
}

#[derive(Serialize)]
struct History {
    /// How many events of them are left out, the oldest.
    omitted: usize,
    events: Vec<StatusEvent>,
}

async fn item(State((tracker, run)): State<Items>, Path(id): Path<String>) -> Response {
    let Some(tracker) = tracker else {
        return refuse(
            StatusCode::NOT_FOUND,
            "items are not tracked: give the dashboard the tracker of the run",
        );
    };
    let asked = id.clone();
    let history = spawn_blocking(move || history(&tracker, run, &asked)).await;
    match history {
        Ok(Some(history)) => json(history),
        Ok(None) => refuse(
            StatusCode::NOT_FOUND,
            &format!("no item `{id}` is known: it was not fed, or is not kept any more"),
        ),
        Err(_) => refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the history could not be read",
        ),
    }
}

/// What the items of this id went through in the run, as JSON. In an address, a number looks as a text of digits does.
fn history(tracker: &StatusTracker, run: RunId, id: &str) -> Option<String> {
    let number = id.parse::<u64>().ok().map(ItemId::from);
    let ids = number.into_iter().chain([ItemId::from(id)]);
    let mut events: Vec<_> = ids
        .flat_map(|id| tracker.history(id))
        .filter(|event| event.run == run)
        .collect();
    let omitted = events.len().saturating_sub(EVENTS);
    events.drain(..omitted);
    (!events.is_empty()).then(|| write(&History { omitted, events }))
}

fn json(text: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

#[derive(Serialize)]
struct Refusal<'a> {
    error: &'a str,
}

pub(super) fn refuse(status: StatusCode, error: &str) -> Response {
    (status, json(write(&Refusal { error }))).into_response()
}
