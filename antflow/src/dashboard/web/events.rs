//! Updates as Server-Sent Events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::unfold;
use tokio_util::sync::CancellationToken;

use super::live::Live;

/// So long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(1);

pub(super) fn routes(live: Arc<Live>, closing: CancellationToken) -> Router {
    Router::new()
        .route("/api/events", get(events))
        .with_state((live, closing))
}

async fn events(
    State((live, closing)): State<(Arc<Live>, CancellationToken)>,
) -> impl IntoResponse {
    let updates = updates(live).take_until(closing.cancelled_owned());
    // Comments in between let both sides notice that the other is gone.
    Sse::new(updates).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

/// The update of now, and one in each interval until the run has ended. Then nothing comes any more, but the stream goes
/// on: a browser would ask again if it ended.
///
/// The next update is made when the connection can take it, so that nothing piles up for one that cannot.
fn updates(live: Arc<Live>) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold((live, None), async |(live, last)| {
        if let Some(last) = last {
            live.after(last).await;
        }
        let look = live.look().await;
        let event = Event::default()
            .event("update")
            .retry(RETRY)
            .data(&look.json);
        Some((Ok(event), (live, Some(look.mark))))
    })
}
