//! Updates as Server-Sent Events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::unfold;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::api::refuse;
use super::live::Live;

/// So long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(1);

/// So many streams there are at a time. One whose browser takes nothing keeps an update in memory, and its place.
const STREAMS: usize = 64;

#[derive(Clone)]
struct Streams {
    live: Arc<Live>,
    places: Arc<Semaphore>,
    closing: CancellationToken,
}

pub(super) fn routes(live: Arc<Live>, closing: CancellationToken) -> Router {
    let places = Arc::new(Semaphore::new(STREAMS));
    Router::new()
        .route("/api/events", get(events))
        .with_state(Streams {
            live,
            places,
            closing,
        })
}

async fn events(State(streams): State<Streams>) -> Response {
    let Ok(place) = streams.places.try_acquire_owned() else {
        return refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many are watching: close a page, and try again",
        );
    };
    let updates = updates(streams.live).take_until(streams.closing.cancelled_owned());
    let updates = updates.inspect(move |_| {
        let _until_the_stream_is_dropped = &place;
    });
    // Comments in between let both sides notice that the other is gone.
    let events = Sse::new(updates).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)));
    events.into_response()
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
