//! Steering: only where it was switched on, and with the token.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;

use super::api::refuse;
use super::guard::brings;
use crate::pipeline::{RunControl, StageHandle};
use crate::stats::RunView;

/// What is asked for is no longer than this.
const BODY: usize = 4096;

/// A run that may be steered, and by whom.
#[derive(Debug)]
pub(super) struct Steering {
    run: RunView,
    control: RunControl,
    token: String,
}

/// What may stand in the body, as JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    /// All stages if left out.
    stage: Option<String>,
    workers: Option<usize>,
}

impl Steering {
    pub(super) fn new(run: RunView, control: RunControl, token: String) -> Self {
        Self {
            run,
            control,
            token,
        }
    }

    fn act(&self, action: &str, wish: Wish) -> Result<(), Refused> {
        match (action, wish.stage, wish.workers) {
            ("pause", None, None) => self.control.pause(),
            ("resume", None, None) => self.control.resume(),
            ("shutdown", None, None) => self.control.shutdown(),
            ("pause", Some(name), None) => self.stage(&name)?.pause(),
            ("resume", Some(name), None) => self.stage(&name)?.resume(),
            ("resize", Some(name), Some(workers)) => {
                let resized = self.stage(&name)?.resize(workers);
                return resized.map_err(|error| Refused::bad(error.to_string()));
            }
            ("resize", ..) => return Err(Refused::bad("resize wants a `stage` and its `workers`")),
            ("pause" | "resume", ..) => {
                return Err(Refused::bad("a `stage` can be named, nothing else"));
            }
            ("shutdown", ..) => return Err(Refused::bad("shutdown ends all stages: name none")),
            _ => {
                return Err(Refused::unknown(
                    "a run can be told to `pause`, `resume`, `resize` or `shutdown`",
                ));
            }
        }
        Ok(())
    }

    fn stage(&self, name: &str) -> Result<StageHandle, Refused> {
        let stage = self.control.stage_named(name);
        stage.map_err(|error| Refused::unknown(error.to_string()))
    }
}

/// What is wrong with a wish.
struct Refused(StatusCode, String);

impl Refused {
    fn bad(error: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, error.into())
    }

    fn unknown(error: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, error.into())
    }
}

pub(super) fn routes(steering: Steering) -> Router {
    Router::new()
        .route("/api/control/{action}", post(steer))
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(Arc::new(steering))
}

async fn steer(
    State(steering): State<Arc<Steering>>,
    Path(action): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !brings(&headers, &steering.token) {
        let refusal = refuse(
            StatusCode::UNAUTHORIZED,
            "the token is missing or wrong: send it as `Authorization: Bearer <token>`",
        );
        return ([(WWW_AUTHENTICATE, "Bearer")], refusal).into_response();
    }
    if steering.run.has_ended() {
        return refuse(StatusCode::CONFLICT, "the run has ended");
    }
    let wish = match &*body {
        [] => Ok(Wish::default()),
        body => serde_json::from_slice(body),
    };
    match wish {
        Ok(wish) => match steering.act(&action, wish) {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(Refused(status, error)) => refuse(status, &error),
        },
        Err(error) => refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}
