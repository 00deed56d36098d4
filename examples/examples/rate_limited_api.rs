//! How is an API called that allows so many requests and fails at times?

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use antflow::{BoxError, State, pipeline, stage, task};
use axum::http::{StatusCode, Uri};
use hyper_util::client::legacy::{Client, Error, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error("the API answers {0}")]
    Status(StatusCode),
    #[error(transparent)]
    Http(#[from] Error),
}

#[derive(Clone)]
struct Api {
    client: Client<HttpConnector, String>,
    url: Uri,
}

#[task]
async fn prepare(city: &'static str) -> String {
    city.to_lowercase()
}

/// No more than two calls at once, and one in 10 ms after the first five, whatever the number of workers.
#[task(concurrency = 2, rate = "5/50ms", retry_if = is_temporary)]
async fn call(city: String, State(api): State<Api>) -> Result<String, CallError> {
    match api.client.get(api.url).await?.status() {
        StatusCode::OK => Ok(city),
        status => Err(CallError::Status(status)),
    }
}

fn is_temporary(error: &CallError) -> bool {
    matches!(error, CallError::Status(status)
        if *status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error())
}

/// Nine requests fail in all, so ten attempts are enough whoever it hits.
#[stage(
    workers = 8,
    retry = "per_task",
    attempts = 10,
    wait = "5ms",
    backoff = "exponential",
    max_wait = "20ms",
    jitter
)]
struct Locate(prepare, call);

/// What the server has seen.
#[derive(Default)]
struct Seen {
    requests: AtomicU32,
    now: AtomicU32,
    most: AtomicU32,
}

/// Every fifth request is too much, and every seventh goes wrong.
async fn answer(seen: axum::extract::State<Arc<Seen>>) -> StatusCode {
    let request = seen.requests.fetch_add(1, Relaxed) + 1;
    let now = seen.now.fetch_add(1, Relaxed) + 1;
    seen.most.fetch_max(now, Relaxed);
    tokio::time::sleep(Duration::from_millis(20)).await;
    seen.now.fetch_sub(1, Relaxed);
    match request {
        n if n % 5 == 0 => StatusCode::TOO_MANY_REQUESTS,
        n if n % 7 == 0 => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::OK,
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let seen = Arc::new(Seen::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?).parse()?;
    let routes = axum::Router::new()
        .fallback(answer)
        .with_state(Arc::clone(&seen));
    tokio::spawn(axum::serve(listener, routes).into_future());

    let client = Client::builder(TokioExecutor::new()).build_http();
    let started = Instant::now();
    let locate = pipeline!(Locate).with_state(Api { client, url });
    let results = locate.run(["Oslo"; 20]).await?;

    let located = results.iter().filter(|result| result.is_success()).count();
    let requests = seen.requests.load(Relaxed);
    println!(
        "{located} cities, {requests} requests, {} at once at most",
        seen.most.load(Relaxed)
    );
    // Retries count, too.
    let least = Duration::from_millis(10) * (requests - 5);
    println!("the rate was kept: {}", started.elapsed() >= least);
    Ok(())
}
